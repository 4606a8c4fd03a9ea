"""The loop of one dialogue, turn by turn."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from random import Random
from typing import Final

from schemas.feedback import BargeInKind
from schemas.turn import Answer, Channel, PlaybackKind, ResponseStatus, StoppedBy
from streams.simulator.assistant import Assistant, Control
from streams.simulator.closed_loop import Advisor, Asked
from streams.simulator.customer import Customer
from streams.simulator.dialogue_players import Player
from streams.simulator.dialogue_truth import TruthOfTurns
from streams.simulator.dialogue_turn import Sender, Turn
from streams.simulator.events import DialogueEvents
from streams.simulator.false_wake import BackgroundSpeech, background_speech
from streams.simulator.fleet import LONGEST_DIALOGUE_S, Start, Unit, User, time_of
from streams.simulator.goals import Goal
from streams.simulator.incidents import Component
from streams.simulator.meaning import Call, Meaning, Move
from streams.simulator.pack import Pack
from streams.simulator.people import Person, Rewording
from streams.simulator.pipeline import NO_FAULTS, Faults, Heard, Pipeline
from streams.simulator.reactions import Reaction, Situation, Step, react
from streams.simulator.simulation import Simulation
from streams.simulator.wire import Wire
from streams.simulator.wording import Phrase, Side, Style

_MOST_TURNS: Final = 24
_NO_NEW_TURN_AFTER_MS: Final = int((LONGEST_DIALOGUE_S - 150) * 1000)
_GOES_ON_WITHIN_MS: Final = 15_000
_STOPS_WITHIN_MS: Final = 100_000
_SAME_DIALOGUE_MS: Final = 30_000
_QUESTION: Final = "Did I get that right?"
_FALSE_WAKE_AFTER_MS: Final = (60_000, 100_000)
_STYLES: Final = {
    Rewording.LEXICAL: Style.LEXICAL,
    Rewording.PHONETIC: Style.PHONETIC,
    Rewording.SIMPLIFY: Style.SIMPLIFY,
    Rewording.EXPAND: Style.EXPAND,
}
_ASIDE: Final = frozenset({BargeInKind.BACKCHANNEL, BargeInKind.OTHER_DIRECTED})
_WITH_NEXT_WORDS: Final = frozenset({BargeInKind.CORRECTION, BargeInKind.CONTINUATION})


@dataclass(frozen=True, slots=True)
class Parts:
    """What all dialogues of a simulation share."""

    simulation: Simulation
    pack: Pack
    pipeline: Pipeline
    background: BackgroundSpeech
    wire: Wire
    advisor: Advisor | None


class DialogueLoop:
    """One dialogue of one user with one device."""

    def __init__(
        self,
        parts: Parts,
        start: Start,
        user: User,
        unit: Unit,
        person: Person,
        rng: Random,
        parcels: list[tuple[int, str, bytes, bytes]],
        truth: list[bytes] | None,
    ) -> None:
        pack, simulation = parts.pack, parts.simulation
        self._parts = parts
        self._pack = pack
        self._start = start
        self._unit = unit
        self._person = person
        self._rng = rng
        self._parcels = parcels
        self._user = user
        self._spoken = pack.channel is Channel.VOICE
        clock = parts.wire.clock(unit.id)
        context = {"local_time": f"{time_of(start.at_ms):%H:%M}", "place": unit.place}
        if unit.type == "car":
            context = {"activity": "driving", **context}
        self._events = DialogueEvents(simulation.seed_name, start.dialogue, user.id, unit)
        self._sender = Sender(self._events, clock, pack.channel, context, parcels, rng)
        self._player = Player(self._events, clock, rng)
        goals = pack.sample_goals(rng)
        own = self._own_meanings(goals)
        self._habits = frozenset(own.values())
        self._customer = Customer(pack, goals, rng, habits=own or None)
        self._assistant = Assistant(pack, rng, result_of=self._result_of)
        self._heard: Heard | None = None
        self._right_result = True
        self._turns = 0
        self._domain = next(iter(pack.domains))
        self._truth = TruthOfTurns(truth, parts.pipeline, self._events.dialogue_id, user.id, unit.id)

    def run(self) -> int:
        """Make the dialogue; returns how many turns it has."""
        customer, pack, person, rng = self._customer, self._pack, self._person, self._rng
        move = customer.next(None)
        now, latest = self._start.at_ms, self._start.at_ms + _NO_NEW_TURN_AFTER_MS
        text, addition, tries = "", "", 0
        style: Style | None = Style.PLAIN
        while move is not None:
            if style is not None:  # else the same words again
                text = pack.say(move, Side.CUSTOMER, rng, style, text if tries else "")
            turn = self._take(text + addition, move, now)
            answer = turn.answer
            assert answer is not None
            plays = self._plays(turn)
            right = self._right_result and customer.satisfied_with(answer)
            reaction = react(
                person,
                Situation(
                    right=right,
                    answer_ms=turn.response_ends_ms - turn.response_began_ms,
                    asked=turn.status is ResponseStatus.ASKED,
                    tries=tries,
                    plays=plays is PlaybackKind.MEDIA,
                    misses_habit=not right and self._habit(move.meaning) is not None,
                    spoken=self._spoken,
                    more=customer.goal is not customer.goals[-1],
                ),
                rng,
            )
            before, addition = turn.turn_id, ""
            following: Move | None
            if reaction.step is Step.GO_ON:
                style, tries = Style.PLAIN, 0
                following = customer.next(answer)
            elif reaction.step is Step.AGAIN:
                style, tries = Style.CORRECTION if reaction.corrects else _STYLES.get(reaction.rewording), tries + 1
                following = customer.repair(answer, style or Style.PLAIN)
                addition = self._statement(move.meaning) if reaction.states_preference else ""
            else:
                style, tries = Style.PLAIN, 0
                following = customer.give_up()
            if self._turns >= _MOST_TURNS or turn.response_ends_ms > latest:
                following = None
            if following is None and reaction.barge_in is not None and reaction.barge_in.kind in _WITH_NEXT_WORDS:
                reaction.barge_in = None
            _settle_playing(reaction, more=following is not None)
            now = self._react(turn, move, reaction, plays)
            if following is not None and reaction.step is Step.AGAIN:
                self._truth.again(before, reaction, bool(addition), self._habit(move.meaning), move.meaning)
            move = following
        self._truth.close(customer.reached)
        self._player.end(now)
        for report in self._player.reports:
            self._sender.send(*report)
        for _ in range(self._parts.background.wakes(rng) if self._spoken else 0):
            now = self._false_wake(now)
        del self._assistant  # it holds on to this loop: without the cycle, no collector has to run
        return self._turns

    def _take(self, text: str, move: Move, now_ms: int) -> Turn:
        """The person says `text`; it is heard, understood and answered."""
        parts, rng, person = self._parts, self._rng, self._person
        meaning = move.meaning
        if meaning is not None and not meaning.domain:  # a farewell is about nothing; interpreters tell it as before
            meaning = Meaning(self._domain, meaning.intent, meaning.slots)
            move = replace(move, meaning=meaning)
        elif meaning is not None:
            self._domain = meaning.domain
        turn_id = self._events.turn_id(self._turns)
        faults = self._faults(meaning) if self._unit.broken and meaning is not None else NO_FAULTS
        heard = parts.pipeline.hear(
            text, meaning, rng, move.acts, spoken=self._spoken, clarity=person.clarity, faults=faults
        )
        tempo = person.tempo
        spoken_ms = tempo.speech_ms(text, rng)
        turn = Turn(self._turns, turn_id, heard, (now_ms, now_ms + spoken_ms))
        self._turns += 1
        self._heard, self._right_result = heard, True
        assistant = self._assistant
        grasp = heard.grasp
        understood = grasp.meaning
        if parts.advisor is not None:
            understood = self._advised(parts.advisor, turn, understood, move)
        if understood is not meaning and understood != meaning:
            turn.right = assistant.what_if(understood) == assistant.what_if(meaning)
        if self._truth.wanted:
            self._truth.heard(turn, move, self._goal_number(), assistant, self._habit(meaning))
        answer = assistant.respond(understood, grasp.acts)
        if not self._right_result:
            turn.right = False
        answer_text = self._pack.say(answer, Side.ASSISTANT, rng)
        began_ms = turn.speech_ended_ms + tempo.latency_ms(rng)
        length_ms = tempo.answer_ms(answer_text) if self._spoken else 0
        turn.say(answer, answer_text, self._pack.status(answer), began_ms, length_ms)
        self._truth.answered(turn, right_result=self._right_result)
        return turn

    def _react(self, turn: Turn, move: Move, reaction: Reaction, plays: PlaybackKind | None) -> int:
        """Send the turn as the person's reaction leaves it, and what comes of it; returns when the next one begins."""
        state = "playing" if self._player.plays else "idle" if turn.number == 0 else "in-dialogue"
        person, rng = self._person, self._rng
        barge_in = reaction.barge_in
        speaks_ms = turn.response_ends_ms + reaction.pause_ms
        if barge_in is not None:
            speaks_ms = turn.response_began_ms + barge_in.offset_ms
            turn.cut(speaks_ms + barge_in.stop_latency_ms)
        event_id = self._sender.turn(turn, state)
        self._truth.sent(turn, event_id, satisfied=reaction.satisfied, gave_up=reaction.step is Step.GIVE_UP)
        ends_ms = turn.response_ends_ms
        if plays is not None and turn.answer is not None and turn.answer.call is not None:
            domain = self._pack.apis[turn.answer.call.api].domain
            self._player.answered(turn.turn_id, domain, plays, ends_ms, reaction)
            if reaction.stopped_after_ms is not None:
                by_voice = reaction.stopped_by is StoppedBy.VOICE
                after_ms = ends_ms + reaction.stopped_after_ms
                speaks_ms = after_ms if by_voice else max(speaks_ms, after_ms + reaction.pause_ms)
        if reaction.answer is not None:
            asked_ms = ends_ms + 1_000 + person.tempo.reaction_ms(rng)
            self._tell(turn, asked_ms, reaction.answer, reaction)
            speaks_ms = max(speaks_ms, asked_ms) if barge_in is None else speaks_ms
        if barge_in is not None:
            self._truth.barged_in(turn.turn_id, barge_in)
            if barge_in.kind in _ASIDE:
                speaks_ms = self._aside(speaks_ms, barge_in.kind) + reaction.pause_ms
            elif barge_in.kind is BargeInKind.STOP:
                speaks_ms = self._say_stop(speaks_ms, move) + reaction.pause_ms
        elif reaction.stopped_by is StoppedBy.VOICE:
            speaks_ms = self._say_stop(speaks_ms, move) + reaction.pause_ms
        return speaks_ms

    def _say_stop(self, at_ms: int, move: Move) -> int:
        """A turn that only stops; returns when its answer is over."""
        domain = move.meaning.domain if move.meaning is not None else ""
        stop = Move((), Meaning(domain, Control.STOP))
        turn = self._take(self._pack.phrase(Phrase.STOP, self._rng), stop, at_ms)
        self._player.stop(turn.speech_ended_ms, StoppedBy.VOICE)
        event_id = self._sender.turn(turn, "in-dialogue")
        self._truth.sent(turn, event_id, satisfied=turn.right)
        return turn.response_ends_ms

    def _aside(self, at_ms: int, kind: BargeInKind) -> int:
        """Words that take no turn and that the device sends as one; returns when they are over."""
        rng, pipeline = self._rng, self._parts.pipeline
        if kind is BargeInKind.OTHER_DIRECTED:
            heard = pipeline.overheard(background_speech(rng), rng)
        else:
            text = self._pack.phrase(Phrase.BACKCHANNEL, rng)
            heard = pipeline.hear(text, None, rng, clarity=self._person.clarity)
        ended_ms = at_ms + self._person.tempo.speech_ms(heard.said, rng)
        turn = Turn(self._turns, self._events.turn_id(self._turns), heard, (at_ms, ended_ms))
        self._turns += 1
        event_id = self._sender.turn(turn, "in-dialogue")
        self._truth.aside(turn, event_id, meant=kind is BargeInKind.BACKCHANNEL)
        return ended_ms

    def _false_wake(self, now_ms: int) -> int:
        """Background speech wakes the device some time after the dialogue: one of its own, of one turn."""
        rng, parts = self._rng, self._parts
        least, most = _FALSE_WAKE_AFTER_MS
        at_ms = now_ms + least + int(rng.random() * (most - least))
        if at_ms > self._start.at_ms + LONGEST_DIALOGUE_S * 1000 - 40_000:
            return now_ms
        heard = parts.background.overhear(rng)
        events = DialogueEvents(parts.simulation.seed_name, -1 - self._start.dialogue, self._user.id, self._unit)
        clock = parts.wire.clock(self._unit.id)
        context = {"local_time": f"{time_of(at_ms):%H:%M}", "place": self._unit.place}
        sender = Sender(events, clock, Channel.VOICE, context, self._parcels, rng)
        turn = Turn(0, events.turn_id(0), heard, (at_ms, at_ms + self._person.tempo.speech_ms(heard.said, rng)))
        assistant = Assistant(self._pack, rng)
        answer = assistant.respond(heard.grasp.meaning, heard.grasp.acts)
        text = self._pack.say(answer, Side.ASSISTANT, rng)
        tempo = self._person.tempo
        turn.say(
            answer, text, self._pack.status(answer), turn.speech_ended_ms + tempo.latency_ms(rng), tempo.answer_ms(text)
        )
        event_id = sender.turn(turn, "idle")
        self._turns += 1
        self._truth.false_wake(turn, event_id, events.dialogue_id)
        return at_ms

    def _tell(self, turn: Turn, at_ms: int, answer: Answer, reaction: Reaction) -> None:
        stamp = self._parts.wire.clock(self._unit.id).microphone(at_ms)
        event_id, value = self._events.explicit(
            turn.turn_id, stamp, _QUESTION, answer, reaction.rating, round(reaction.propensity, 4)
        )
        self._sender.send(at_ms, event_id, value)

    def _plays(self, turn: Turn) -> PlaybackKind | None:
        answer = turn.answer
        if answer is None or answer.call is None or turn.status is not ResponseStatus.ANSWERED:
            return None
        api = self._pack.apis.get(answer.call.api)
        return api.playback if api is not None else None

    def _result_of(self, call: Call, right: str | None) -> str | None:
        heard = self._heard
        if heard is None or right is None:
            return right
        result = self._parts.pipeline.result(heard, right, partial(self._pack.other_result, call))
        self._right_result = result == right
        return result

    def _faults(self, meaning: Meaning) -> Faults:
        """What of the planted incidents strikes a turn in this domain."""
        faults = dict.fromkeys(Component, 0.0)
        for incident in self._unit.broken:
            if incident.domain in (None, meaning.domain):
                faults[incident.component] = incident.severity
        return Faults(
            faults[Component.ASR], faults[Component.NLU], faults[Component.ENTITY], faults[Component.DIALOGUE]
        )

    def _advised(self, advisor: Advisor, turn: Turn, understood: Meaning | None, move: Move) -> Meaning | None:
        """What is understood after the advisor was asked for a rewrite and for what the person prefers."""
        unit = self._unit
        asked = Asked(self._user.id, unit.id, unit.type, self._events.dialogue_id, turn.turn_id, turn.speech_ended_ms)
        rewriting = advisor.rewrite(turn.heard.understanding.asr_text, asked)
        if rewriting is not None:
            turn.rewriting = rewriting
            if rewriting.text.lower() == turn.heard.said.lower():
                understood = move.meaning
        if understood is None:
            return None
        slots = tuple(
            slot
            if (preferred := advisor.preference(understood.domain, slot.slot, slot.value, asked)) is None
            else type(slot)(slot.slot, slot.value, preferred)
            for slot in understood.slots
        )
        return understood if slots == understood.slots else Meaning(understood.domain, understood.intent, slots)

    def _goal_number(self) -> int | None:
        goal = self._customer.goal
        return None if goal is None else self._customer.goals.index(goal)

    def _own_meanings(self, goals: Sequence[Goal]) -> dict[str, str]:
        """The ambiguous names among the goals by which this person means something of their own."""
        pack = self._pack
        own: dict[str, str] = {}
        for goal in goals:
            for slot, entity in goal.arguments:
                if not pack.spoken(slot, entity).ambiguous:
                    continue
                name = pack.entries[entity].name
                catalogue = pack.catalogue_of[slot]
                candidates = [(entry.entity, catalogue.popularity[entry.entity]) for entry in catalogue.named(name)]
                meant = self._person.meant(slot, name.lower(), candidates)
                if meant is not None and meant != candidates[0][0]:
                    own[name] = meant
        return own

    def _habit(self, meaning: Meaning | None) -> tuple[str, str, str] | None:
        """(slot, name, entity) where what was meant rests on a name that this person uses in an own way."""
        if not self._habits or meaning is None:
            return None
        for slot in meaning.slots:
            if slot.entity in self._habits:
                return slot.slot, slot.value, slot.entity
        return None

    def _statement(self, meaning: Meaning | None) -> str:
        """The person says what they mean by a name."""
        habit = self._habit(meaning)
        return "" if habit is None else f" by {habit[1].lower()} i mean {self._pack.label(habit[2]).lower()}"


def _settle_playing(reaction: Reaction, *, more: bool) -> None:
    """Media are stopped early, or by the way after the dialogue, or play on: nobody waits for minutes to go on."""
    after_ms = reaction.stopped_after_ms
    if after_ms is None:
        return
    if reaction.barge_in is not None or after_ms > (_GOES_ON_WITHIN_MS if more else _STOPS_WITHIN_MS):
        reaction.stopped_after_ms = reaction.stopped_by = None
    elif after_ms > _SAME_DIALOGUE_MS:
        reaction.stopped_by = StoppedBy.BUTTON

"""The turns of one dialogue, one at a time: what is said, how it is understood, what is answered, when it is heard."""

from dataclasses import dataclass
from functools import partial
from random import Random
from typing import Final

from schemas.feedback import BargeInKind
from schemas.turn import Answer, Channel, PlaybackKind, ResponseStatus, StoppedBy
from streams.simulator.assistant import Assistant, Control
from streams.simulator.closed_loop import Advisor, Asked, Listener, ReadBack
from streams.simulator.customer import Customer
from streams.simulator.dialogue_habits import Habits
from streams.simulator.dialogue_players import Player
from streams.simulator.dialogue_read_back import MOST_TRIES, Reply, again, reply_to
from streams.simulator.dialogue_rewritten import is_farther, meaning_of
from streams.simulator.dialogue_routine import goals_of
from streams.simulator.dialogue_slips import slipped
from streams.simulator.dialogue_teaching import Past, Teaching
from streams.simulator.dialogue_truth import TruthOfTurns
from streams.simulator.dialogue_turn import Sender, Turn
from streams.simulator.events import DialogueEvents
from streams.simulator.false_wake import BackgroundSpeech
from streams.simulator.fleet import LONGEST_DIALOGUE_S, Start, Unit, User, clock_of
from streams.simulator.incidents import Component
from streams.simulator.meaning import Call, Meaning, Move
from streams.simulator.pack import Pack
from streams.simulator.people import Person
from streams.simulator.pipeline import NO_FAULTS, Faults, Heard, Pipeline
from streams.simulator.preferences import Kind, Preference
from streams.simulator.reactions import Reaction
from streams.simulator.simulation import Simulation
from streams.simulator.wire import Wire
from streams.simulator.wording import Phrase, Side
from streams.simulator.wording_acts import INFORM

_QUESTION: Final = "Did I get that right?"
_YES: Final = "yes please"
_FALSE_WAKE_AFTER_MS: Final = (60_000, 100_000)


@dataclass(frozen=True, slots=True)
class Parts:
    """What all dialogues of a simulation share."""

    simulation: Simulation
    pack: Pack
    pipeline: Pipeline
    background: BackgroundSpeech
    wire: Wire
    advisor: Advisor | None
    listener: Listener | None = None


class DialogueTurns:
    """One dialogue of one user with one device."""

    def __init__(
        self,
        parts: Parts,
        start: Start,
        user: User,
        unit: Unit,
        person: Person,
        past: Past,
        rng: Random,
        parcels: list[tuple[int, str, bytes, bytes]],
        truth: list[bytes] | None,
    ) -> None:
        pack, simulation, profile = parts.pack, parts.simulation, parts.pipeline.profile
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
        context = _context(unit, start.at_ms)
        self._events = DialogueEvents(simulation.seed_name, start.dialogue, user.id, unit)
        self._sender = Sender(self._events, clock, pack.channel, context, parcels, rng)
        self._player = Player(self._events, clock, rng)
        self._teaching = teaching = Teaching(
            pack, profile.people, profile.teaching, past, start.at_ms, rng, advised=parts.advisor is not None
        )
        goals = goals_of(pack, simulation.seed_name, user.number, simulation.routine, rng)
        goal = teaching.goal()
        if goal is not None:
            goals.insert(0, goal)
        self._habits = Habits(pack, person, goals)
        relied_on = self._relied_on = teaching.relied_on
        self._customer = Customer(
            pack,
            goals,
            rng,
            habits=self._habits.own or None,
            own_names={relied_on.names: relied_on.words} if relied_on is not None and relied_on.names else None,
            takes_for_known=relied_on.slot if relied_on is not None and relied_on.kind is Kind.TASTE else None,
        )
        self._assistant = Assistant(pack, rng, result_of=self._result_of, known=teaching.known)
        self._heard: Heard | None = None
        self._right_result = True
        self._turns = 0
        self._said_last = ""
        self._read_back: ReadBack | None = None
        self._asked: Asked | None = None
        self._domain = next(iter(pack.domains))
        self._truth = TruthOfTurns(truth, parts.pipeline, pack, self._events.dialogue_id, user.id, unit.id)

    def _take(self, text: str, move: Move, now_ms: int, *, teaches: bool = False, states: bool = False) -> Turn:
        """The person says `text`; it is heard, understood and answered. `teaches`: it belongs to no intent; `states`:
        it states a preference besides."""
        parts, rng, person = self._parts, self._rng, self._person
        meaning = move.meaning
        if meaning is not None and not meaning.domain:  # a farewell is about nothing; interpreters tell it as before
            meaning = Meaning(self._domain, meaning.intent, meaning.slots)
            move = move._replace(meaning=meaning)
        elif meaning is not None:
            self._domain = meaning.domain
        turn_id = self._events.turn_id(self._turns)
        faults = self._faults(meaning) if self._unit.broken and meaning is not None else NO_FAULTS
        slip = slipped(self._pack, move, text, rng) if self._spoken and rng.random() < person.slip else None
        if slip is not None:
            text = slip.text
            self._truth.slips(slip)
        heard = parts.pipeline.hear(
            text,
            meaning,
            rng,
            move.acts,
            spoken=self._spoken,
            clarity=person.clarity,
            faults=faults,
            slip=slip.said_first if slip is not None else None,
            unknown=self._teaching.unknown_name(move) if self._relied_on is not None else None,
        )
        if teaches and heard.grasp.meaning is meaning:
            heard = parts.pipeline.unparsed(heard, rng)
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
            if turn.rewriting is not None:
                turn.right_before = assistant.what_if(grasp.meaning) == assistant.what_if(meaning)
        if understood is not meaning and understood != meaning:
            turn.right = assistant.what_if(understood) == assistant.what_if(meaning)
        if self._truth.wanted:
            self._truth.heard(turn, move, self._goal_number(), assistant, self._habits.of(meaning))
        answer = assistant.respond(understood, grasp.acts)
        if not self._right_result:
            turn.right = False
        answer_text = self._pack.say(answer, Side.ASSISTANT, rng)
        if parts.listener is not None and self._asked is not None and (teaches or states):
            back = self._read_back = parts.listener.read_back(
                heard.understanding.asr_text, self._said_last, self._asked
            )
            if back is not None:
                answer_text = back.text if teaches else f"{answer_text} {back.text}"
        self._said_last = answer_text
        began_ms = turn.speech_ended_ms + tempo.latency_ms(rng)
        length_ms = tempo.answer_ms(answer_text) if self._spoken else 0
        turn.say(answer, answer_text, self._pack.status(answer), began_ms, length_ms)
        if self._truth.wanted:
            obedience = self._teaching.obedience(move, answer)
            self._truth.answered(turn, right_result=self._right_result, obedience=obedience)
        return turn

    def _states(self, preference: Preference, at_ms: int) -> int:
        """The person states a preference in a turn of its own, and puts right what is read back of it; returns when the
        last answer is over."""
        ends_ms = self._says_so(preference, preference.statement, at_ms)
        return ends_ms if self._parts.listener is None else self._puts_right(self._parts.listener, preference, ends_ms)

    def _puts_right(self, listener: Listener, preference: Preference, now_ms: int) -> int:
        rng, pause_ms = self._rng, self._person.tempo.pause_ms
        for tries in range(MOST_TRIES):
            self._from_here("read back", self._teaching.moment, preference.number, tries)
            back, stated = self._read_back, self._asked
            reply = reply_to(preference, back, rng)
            if reply is Reply.CONTENT:
                break
            now_ms += pause_ms(rng)
            if reply is Reply.CONFIRMS:
                now_ms = self._tells(_YES, Move((), Meaning(self._domain, Control.AFFIRM)), now_ms)
                if self._heard is not None and stated is not None and self._asked is not None:
                    listener.answer(self._heard.understanding.asr_text, stated, self._asked)
                break
            preference, text = again(self._pack.preferences, preference, reply, rng)
            now_ms = self._says_so(preference, text, now_ms)
        return now_ms

    def _says_so(self, preference: Preference, text: str, at_ms: int) -> int:
        meaning = Meaning(preference.domain, Control.TEACH)
        move = Move(((INFORM, preference.attribute, preference.words),), meaning)
        self._assistant.keeps = self._teaching.keeps(preference)
        self._truth.states(preference)
        ends_ms = self._tells(text, move, at_ms)
        self._teaching.state(preference, at_ms, heard=self._heard is not None and self._heard.understood)
        return ends_ms

    def _remarks(self, text: str, at_ms: int) -> int:
        """Small talk that sounds like a preference; returns when its answer is over."""
        return self._tells(text, Move((), Meaning(self._domain, Control.REMARK)), at_ms)

    def _tells(self, text: str, move: Move, at_ms: int) -> int:
        turn = self._take(text, move, at_ms, teaches=True)
        event_id = self._sender.turn(turn, "idle" if turn.number == 0 else "in-dialogue")
        self._person.remember(turn.right)
        self._truth.sent(turn, event_id, satisfied=turn.right, trust=self._person.trust)
        return turn.response_ends_ms

    def _say_stop(self, at_ms: int, move: Move) -> int:
        """A turn that only stops; returns when its answer is over."""
        domain = move.meaning.domain if move.meaning is not None else ""
        stop = Move((), Meaning(domain, Control.STOP))
        turn = self._take(self._pack.phrase(Phrase.STOP, self._rng), stop, at_ms)
        self._player.stop(turn.speech_ended_ms, StoppedBy.VOICE)
        event_id = self._sender.turn(turn, "in-dialogue")
        self._truth.sent(turn, event_id, satisfied=turn.right, trust=self._person.trust)
        return turn.response_ends_ms

    def _aside(self, at_ms: int, kind: BargeInKind) -> int:
        """Words that take no turn and that the device sends as one; returns when they are over."""
        rng, pipeline = self._rng, self._parts.pipeline
        if kind is BargeInKind.OTHER_DIRECTED:
            heard = self._parts.background.overhear_aside(rng)
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
        context = f'"local_time":"{clock_of(at_ms)}","place":"{self._unit.place}"'
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
        unit, heard = self._unit, turn.heard.understanding
        asked = Asked(
            self._user.id,
            unit.id,
            unit.type,
            self._events.dialogue_id,
            turn.turn_id,
            turn.speech_ended_ms,
            heard,
            self._device_state(turn),
            clock_of(self._start.at_ms),
            unit.place,
            _activity(unit),
        )
        self._asked = asked
        self._teaching.asks(advisor, asked)
        rewriting = advisor.rewrite(heard.asr_text, asked)
        if rewriting is not None:
            turn.rewriting = rewriting
            if rewriting.understood is not None:
                understood = meaning_of(rewriting.understood, self._pack)
                turn.heard = turn.heard._replace(
                    understanding=heard._replace(meaning=understood, nlu_n_best=(), entity_scores=())
                )
            elif rewriting.text.lower() == turn.heard.said.lower():
                understood = move.meaning
            elif is_farther(rewriting.text, heard.asr_text, turn.heard.said):
                understood = None
        if understood is None:
            return None
        slots = tuple(
            slot
            if (preferred := advisor.preference(understood.domain, slot.slot, slot.value, asked)) is None
            else type(slot)(slot.slot, slot.value, preferred)
            for slot in understood.slots
        )
        return understood if slots == understood.slots else Meaning(understood.domain, understood.intent, slots)

    def _device_state(self, turn: Turn) -> str:
        return "playing" if self._player.plays else "idle" if turn.number == 0 else "in-dialogue"

    def _from_here(self, *what: object) -> None:
        """With an advisor: what comes now is chance of its own, whatever an answer before it changed."""
        if self._parts.advisor is not None:
            name = "/".join(map(str, (self._parts.simulation.seed_name, "dialogue", self._start.dialogue, *what)))
            self._rng.seed(name)

    def _goal_number(self) -> int | None:
        goal = self._customer.goal
        return None if goal is None else self._customer.goals.index(goal)


def _context(unit: Unit, at_ms: int) -> str:
    """What the device knows, as members of a JSON object."""
    activity = _activity(unit)
    doing = "" if activity is None else f'"activity":"{activity}",'
    return f'{doing}"local_time":"{clock_of(at_ms)}","place":"{unit.place}"'


def _activity(unit: Unit) -> str | None:
    return "driving" if unit.type == "car" else None

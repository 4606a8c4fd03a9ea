"""The loop of one dialogue, turn by turn."""

from collections import Counter
from typing import Final

from schemas.feedback import BargeInKind
from schemas.turn import PlaybackKind, ResponseStatus, StoppedBy
from streams.simulator.closed_loop import ReadBack
from streams.simulator.dialogue_read_back import Reply, reply_to
from streams.simulator.dialogue_teaching import Moment
from streams.simulator.dialogue_turn import Turn
from streams.simulator.dialogue_turns import DialogueTurns
from streams.simulator.fleet import LONGEST_DIALOGUE_S
from streams.simulator.meaning import Move
from streams.simulator.people import Rewording
from streams.simulator.preferences import Kind, Preference
from streams.simulator.reactions import Reaction, Situation, Step, react
from streams.simulator.wording import Side, Style

_MOST_TURNS: Final = 24
_NO_NEW_TURN_AFTER_MS: Final = int((LONGEST_DIALOGUE_S - 150) * 1000)
_GOES_ON_WITHIN_MS: Final = 15_000
_STOPS_WITHIN_MS: Final = 100_000
_SAME_DIALOGUE_MS: Final = 30_000
_STYLES: Final = {
    Rewording.LEXICAL: Style.LEXICAL,
    Rewording.PHONETIC: Style.PHONETIC,
    Rewording.SIMPLIFY: Style.SIMPLIFY,
    Rewording.EXPAND: Style.EXPAND,
}
_ASIDE: Final = frozenset({BargeInKind.BACKCHANNEL, BargeInKind.OTHER_DIRECTED})
_WITH_NEXT_WORDS: Final = frozenset({BargeInKind.CORRECTION, BargeInKind.CONTINUATION})


class DialogueLoop(DialogueTurns):
    """One dialogue, from the first words to the last."""

    _states_beside = False
    _read_beside: ReadBack | None = None

    def run(self) -> int:
        """Make the dialogue; returns how many turns it has."""
        customer, pack, person, rng = self._customer, self._pack, self._person, self._rng
        relied_on = self._relied_on
        now, latest = self._start.at_ms, self._start.at_ms + _NO_NEW_TURN_AFTER_MS
        text, tries = "", 0
        now = self._talk_first(now)
        move = customer.next(None)
        addition = self._beside(now, move)
        style: Style | None = Style.PLAIN
        situation = Situation(right=True, answer_ms=0, spoken=self._spoken)
        asked, media = ResponseStatus.ASKED, PlaybackKind.MEDIA  # slow to reach through their classes
        steps: Counter[int | None] = Counter()
        while move is not None:
            goal = self._goal_number()
            self._from_here("turn", goal, steps[goal], tries)
            if style is not None:  # else the same words again
                text = pack.say(move, Side.CUSTOMER, rng, style, text if tries else "")
            turn = self._take(text + addition, move, now, states=self._states_beside and bool(addition))
            answer = turn.answer
            assert answer is not None
            if addition and self._states_beside:
                self._read_beside = self._read_back
            plays = self._plays(turn)
            if relied_on is not None and relied_on.kind is Kind.TASTE and relied_on.polarity < 0:
                customer.goes_along(answer, relied_on.slot or "", relied_on.value)
            right = self._right_result and customer.satisfied_with(answer)
            wish = customer.wish
            situation.right = right
            situation.answer_ms = turn.response_ends_ms - turn.response_began_ms
            situation.asked = turn.status is asked
            situation.tries = tries
            situation.plays = plays is media
            situation.misses_habit = not right and self._habits.of(move.meaning) is not None
            situation.more = customer.goal is not customer.goals[-1]
            reaction = react(person, situation, rng)
            before, addition = turn.turn_id, ""
            following: Move | None
            if reaction.step is not Step.AGAIN:
                steps[goal] += 1
            self._from_here("then", goal, steps[goal], 0 if reaction.step is not Step.AGAIN else tries + 1)
            if reaction.step is Step.GO_ON:
                style, tries = Style.PLAIN, 0
                following = customer.next(answer)
            elif reaction.step is Step.AGAIN:
                style, tries = Style.CORRECTION if reaction.corrects else _STYLES.get(reaction.rewording), tries + 1
                following = customer.repair(answer, style or Style.PLAIN)
                addition = self._habits.statement(move.meaning) if reaction.states_preference else ""
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
                habit = self._habits.of(move.meaning) if addition else None
                self._truth.again(
                    before, "correction" if reaction.corrects else reaction.rewording, habit, move.meaning
                )
            elif following is not None and customer.wish is wish:
                self._truth.goes_on(turn, following)
            move = following
        self._from_here("end")
        if now < latest:
            now = self._talk_last(now)
        self._truth.close(customer.reached)
        self._player.end(now)
        for report in self._player.reports:
            self._sender.send(*report)
        for _ in range(self._parts.background.wakes(rng) if self._spoken else 0):
            now = self._false_wake(now)
        del self._assistant  # it holds on to this loop: without the cycle, no collector has to run
        return self._turns

    def _talk_first(self, now_ms: int) -> int:
        """What the person says before they want anything; returns when they go on."""
        stating = self._teaching.stating
        if stating is not None and self._teaching.moment is Moment.FIRST:
            return self._states(stating, now_ms) + self._person.tempo.pause_ms(self._rng)
        return now_ms

    def _beside(self, now_ms: int, move: Move | None) -> str:
        """What goes along with the first request: when or for whom it is, and what the person states by the way."""
        teaching = self._teaching
        relied_on, stating = teaching.relied_on, teaching.stating
        addition = relied_on.tail if relied_on is not None and relied_on.kind is Kind.TASTE else ""
        if stating is not None and teaching.moment is Moment.BESIDE and move is not None:
            teaching.state(stating, now_ms, heard=True)
            self._truth.states(stating)
            self._states_beside = True
            addition = f"{addition} and {stating.statement}"
        return addition

    def _talk_last(self, now_ms: int) -> int:
        """What the person says when they want nothing more; returns when that is over."""
        rng, stating = self._rng, self._teaching.stating
        if stating is not None and self._teaching.moment is Moment.LAST:
            return self._states(stating, now_ms)
        if stating is not None and self._states_beside and self._parts.listener is not None:
            return self._says_again(stating, now_ms)
        if rng.random() < self._parts.pipeline.profile.people.remarking:
            remark = self._pack.preferences.remark(rng)
            return now_ms if remark is None else self._remarks(remark, now_ms)
        return now_ms

    def _says_again(self, stating: Preference, now_ms: int) -> int:
        """What was said by the way and was not taken up as it was meant is said once more, for itself."""
        if reply_to(stating, self._read_beside, self._rng) in (Reply.CONTENT, Reply.CONFIRMS):
            return now_ms
        return self._states(stating, now_ms)

    def _react(self, turn: Turn, move: Move, reaction: Reaction, plays: PlaybackKind | None) -> int:
        """Send the turn as the person's reaction leaves it, and what comes of it; returns when the next one begins."""
        state = self._device_state(turn)
        person, rng = self._person, self._rng
        barge_in = reaction.barge_in
        speaks_ms = turn.response_ends_ms + reaction.pause_ms
        if barge_in is not None:
            speaks_ms = turn.response_began_ms + barge_in.offset_ms
            turn.cut(speaks_ms + barge_in.stop_latency_ms)
        event_id = self._sender.turn(turn, state)
        self._truth.sent(
            turn, event_id, satisfied=reaction.satisfied, gave_up=reaction.step is Step.GIVE_UP, trust=person.trust
        )
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


def _settle_playing(reaction: Reaction, *, more: bool) -> None:
    """Media are stopped early, or by the way after the dialogue, or play on: nobody waits for minutes to go on."""
    after_ms = reaction.stopped_after_ms
    if after_ms is None:
        return
    if reaction.barge_in is not None or after_ms > (_GOES_ON_WITHIN_MS if more else _STOPS_WITHIN_MS):
        reaction.stopped_after_ms = reaction.stopped_by = None
    elif after_ms > _SAME_DIALOGUE_MS:
        reaction.stopped_by = StoppedBy.BUTTON

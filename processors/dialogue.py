"""What people's behaviour tells of one partition's dialogues: turn events in, feedback and dialogues out."""

from collections.abc import Iterable
from typing import Final

from processors.assembly import Arrived, Assembly, Checkpoint, DialogueLimits, Received
from processors.choices import KnownChoices
from processors.clock_skew import ClockSkews
from processors.exchange import Exchange
from processors.heard_segment import HeardSegment
from processors.hearing import CorrectionCase, Hearing
from processors.lessons import Lessons
from processors.moments import AskedBefore, Sensed, moment_of, offered, sense
from processors.obeyed import KnownPreferences, judge
from processors.result import Emit, Result
from processors.retry import RetryCase
from processors.shown import Shown
from processors.signals import RULES, WINDOW_TURNS, questions_of
from processors.teachable import StatementCase, question_of
from processors.telling import feedback_json
from schemas.choices import Choices
from schemas.clock_skew import ClockSkew
from schemas.dialogue import ClosedBy, Dialogue
from schemas.feedback import FeedbackEvent
from schemas.preference import Preference
from schemas.teachable_moment import MomentKind
from schemas.turn import ResponseStatus, Turn

_ANSWERED: Final = ResponseStatus.ANSWERED


class DialogueProcessor(Assembly[HeardSegment, Emit]):
    """Assembles the dialogues of one partition and says what people's behaviour tells of them."""

    def __init__(
        self,
        limits: DialogueLimits | None = None,
        checkpoint: Checkpoint | None = None,
        hearing: Hearing = RULES,
        skews: ClockSkews | None = None,
        lessons: Lessons | None = None,
        asked: AskedBefore | None = None,
        preferences: KnownPreferences | None = None,
        choices: KnownChoices | None = None,
    ) -> None:
        """`lessons`: hears what people teach; None: nothing is learned and nobody is asked. `asked`: who was asked
        before. `preferences`, `choices`: what people taught and chose before."""
        super().__init__(limits, checkpoint)
        self._hearing = hearing
        self._skews = skews or ClockSkews()
        self._lessons = lessons
        self._asked = asked or AskedBefore()
        self._preferences = preferences if preferences is not None else KnownPreferences()
        self._shown = Shown(lessons.consent_version if lessons is not None else "", choices)
        self._asks_models = hearing.has_models or lessons is not None

    def process(self, batch: Iterable[Received]) -> list[Result]:
        """What the records, in the order of their offsets, say. Cutting them into other batches gives the same."""
        return super().process(self._asked_ahead(batch) if self._asks_models else batch)

    def _asked_ahead(self, batch: Iterable[Received]) -> list[Received]:
        """The batch, after models were asked about all of it at once.

        Turns mostly come in their order, so what a turn follows is what came before it. Where that is not so, the
        models are asked again when the turn finds its place.
        """
        received: list[Received] = []
        following: dict[str, list[Exchange]] = {}
        retries: list[RetryCase] = []
        corrections: list[CorrectionCase] = []
        statements: list[StatementCase] = []
        lessons = self._lessons
        for offset, appended_ms, event in batch:
            arrived = Exchange.of(event) if isinstance(event, Turn) else event
            received.append((offset, appended_ms, arrived))
            if not isinstance(arrived, Exchange):
                continue
            known = following.get(arrived.dialogue_id)
            if known is None:
                segment = self._segments.get(arrived.dialogue_id)
                known = following[arrived.dialogue_id] = list(segment.exchanges[-WINDOW_TURNS:]) if segment else []
            known.append(arrived)
            if self._hearing.has_models:
                pairs, correction = questions_of(known[-WINDOW_TURNS - 1 :], min(len(known) - 1, WINDOW_TURNS))
                retries += pairs
                if correction is not None:
                    corrections.append(correction)
            if lessons is not None and (statement := lessons.case_of(known, len(known) - 1)) is not None:
                statements.append(statement)
        self._hearing.prepare(retries, corrections)
        if lessons is not None:
            lessons.prepare(statements)
        return received

    def _begin(self, event: Arrived, offset: int, watermark_before: float) -> HeardSegment:
        return HeardSegment(event, offset, watermark_before, self._watermark, self._hearing)

    def _exchange_of(self, turn: Turn) -> Exchange:
        return Exchange.of(turn)

    def _look_at(self, exchange: Exchange) -> None:
        if not self._asks_models:
            exchange.forget_hints()
        skew = self._skews.correct(exchange)
        if skew is not None:
            self._out.append(Emit(skew.device_id, ClockSkew.topic_suffix, skew.to_bytes()))

    def _add(self, segment: HeardSegment, event: Arrived, appended_ms: int) -> bool:
        added = segment.add(event)
        if added is None:
            return False
        feedback, verdict_changed = added
        for signal in feedback:
            self._out.append(Emit(segment.user_id, FeedbackEvent.topic_suffix, feedback_json(signal)))
        if verdict_changed:
            self._tell(segment, None)
        if self._lessons is not None:
            self._learn(self._lessons, segment, event, heard_more=bool(feedback))
        return True

    def _learn(self, lessons: Lessons, segment: HeardSegment, event: Arrived, *, heard_more: bool) -> None:
        """Tell what the turn teaches, and ask where asking would teach."""
        if isinstance(event, Exchange):
            taught = segment.taught if segment.taught is not None else {}
            told = lessons.hear(segment.exchanges, event, taught, segment.known)
            if told:
                segment.taught = taught
                self._out += told
                heard_more = True
            if lessons.offers(event.request or "") and event.turn_id not in taught:
                self._ask(segment, offered(event))
            self._judge(lessons, segment, event, told)
            heard_more = heard_more or (bool(event.slots) and event.status is not _ANSWERED)
        if heard_more and not segment.asked and segment.exchanges:
            sensed = sense(segment.exchanges, list(segment.all_signals()), segment.taught)
            if sensed is not None and not lessons.sensitive(sensed.question):
                self._ask(segment, sensed)

    def _judge(self, lessons: Lessons, segment: HeardSegment, event: Exchange, told: list[Emit]) -> None:
        """Tell whether the turn's answer did as was taught before it; of all turns again when more was taught."""
        for preference in told:
            self._preferences.hear(preference)
        judged = segment.judged if segment.judged is not None else {}
        arrived = None if told else event
        self._out += judge(self._preferences, segment.exchanges, arrived, judged, segment.known, lessons.belonging)
        segment.judged = judged or segment.judged

    def _close(self, segment: HeardSegment, closed_by: ClosedBy, *, supposed: bool) -> None:
        self._tell(segment, closed_by)
        if self._lessons is not None and not supposed and not segment.shown and segment.exchanges:
            segment.shown = True
            self._infer(self._lessons, segment)

    def _infer(self, lessons: Lessons, segment: HeardSegment) -> None:
        """Ask about what the person keeps choosing, now that a dialogue is over."""
        choices, shown = self._shown.closed(
            segment.id, segment.exchanges, list(segment.all_signals()), lessons.sensitive
        )
        if choices is not None:
            self._out.append(Emit(choices.user_id, Choices.topic_suffix, choices.to_bytes()))
        if shown is None:
            return
        self._out.append(Emit(shown.key, Preference.topic_suffix, shown.to_bytes()))
        if not segment.asked:
            self._ask(
                segment,
                Sensed(MomentKind.UNCLEAR, segment.exchanges[-1], question_of(shown), shown.value, shown.event_id),
            )

    def _ask(self, segment: HeardSegment, sensed: Sensed) -> None:
        moment = moment_of(sensed, segment.id, self._asked)
        if moment is not None:
            segment.asked = True
            self._out.append(moment)

    def _tell(self, segment: HeardSegment, closed_by: ClosedBy | None) -> None:
        state = segment.state(closed_by)
        if state is not None:
            self._out.append(Emit(segment.user_id, Dialogue.topic_suffix, state))

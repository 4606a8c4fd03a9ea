"""What people's behaviour tells of one partition's dialogues: turn events in, feedback and dialogues out."""

from collections.abc import Iterable

from processors.assembly import Arrived, Assembly, Checkpoint, DialogueLimits, Received
from processors.clock_skew import ClockSkews
from processors.exchange import Exchange
from processors.heard_segment import HeardSegment
from processors.hearing import CorrectionCase, Hearing
from processors.result import Emit, Result
from processors.retry import RetryCase
from processors.signals import RULES, WINDOW_TURNS, questions_of
from processors.telling import feedback_json
from schemas.clock_skew import ClockSkew
from schemas.dialogue import ClosedBy, Dialogue
from schemas.feedback import FeedbackEvent
from schemas.turn import Turn


class DialogueProcessor(Assembly[HeardSegment, Emit]):
    """Assembles the dialogues of one partition and says what people's behaviour tells of them."""

    def __init__(
        self,
        limits: DialogueLimits | None = None,
        checkpoint: Checkpoint | None = None,
        hearing: Hearing = RULES,
        skews: ClockSkews | None = None,
    ) -> None:
        super().__init__(limits, checkpoint)
        self._hearing = hearing
        self._skews = skews or ClockSkews()

    def process(self, batch: Iterable[Received]) -> list[Result]:
        """What the records, in the order of their offsets, say. Cutting them into other batches gives the same."""
        return super().process(self._asked_ahead(batch) if self._hearing.has_models else batch)

    def _asked_ahead(self, batch: Iterable[Received]) -> list[Received]:
        """The batch, after models were asked about all of it at once.

        Turns mostly come in their order, so what a turn follows is what came before it. Where that is not so, the
        models are asked again when the turn finds its place.
        """
        received: list[Received] = []
        following: dict[str, list[Exchange]] = {}
        retries: list[RetryCase] = []
        corrections: list[CorrectionCase] = []
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
            pairs, correction = questions_of(known[-WINDOW_TURNS - 1 :], min(len(known) - 1, WINDOW_TURNS))
            retries += pairs
            if correction is not None:
                corrections.append(correction)
        self._hearing.prepare(retries, corrections)
        return received

    def _begin(self, event: Arrived, offset: int, watermark_before: float) -> HeardSegment:
        return HeardSegment(event, offset, watermark_before, self._watermark, self._hearing)

    def _exchange_of(self, turn: Turn) -> Exchange:
        return Exchange.of(turn)

    def _look_at(self, exchange: Exchange) -> None:
        if not self._hearing.has_models:
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
        return True

    def _close(self, segment: HeardSegment, closed_by: ClosedBy, *, supposed: bool) -> None:
        self._tell(segment, closed_by)

    def _tell(self, segment: HeardSegment, closed_by: ClosedBy | None) -> None:
        state = segment.state(closed_by)
        if state is not None:
            self._out.append(Emit(segment.user_id, Dialogue.topic_suffix, state))

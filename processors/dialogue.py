"""Turn events of one partition in, feedback and dialogues out: dedupe, event-time order, lateness, watermark, close.

The watermark is the highest event time (the end of an answer) seen, capped by the broker's clock so that one fast
device cannot close everybody's dialogue. A segment is closed when the watermark has passed its last arrival by the gap,
and forgotten one lateness later; until then a late turn still changes the answer. A segment that lasts too long is
closed by the limit; it stays until the next event of its dialogue begins another. Everything is a function of the
records in their order, so reading them again after a crash gives the same events with the same ids.
"""

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta

from processors.clock_skew import ClockSkews
from processors.exchange import Exchange
from processors.hearing import CorrectionCase, Hearing, RetryCase
from processors.result import Drop, Emit, Reject, Result
from processors.segment import Segment
from processors.signals import RULES, WINDOW_TURNS, questions_of
from processors.telling import feedback_json
from schemas.clock_skew import ClockSkew
from schemas.dead_letter import DeadLetterCause
from schemas.dialogue import ClosedBy, Dialogue
from schemas.feedback import FeedbackEvent
from schemas.turn import ExplicitFeedback, Playback, Turn

DUPLICATE = "duplicate"


Received = tuple[int, int, Exchange | Turn | Playback | ExplicitFeedback]
"""Offset, the broker's timestamp (ms since the epoch) and the valid event."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """From where to read, and what must be known there, to have the same state again.

    `offset`: the oldest record that an open segment needs. `watermark`: its value just before that record, seconds
    since the epoch. `emitted`: results of records below it have all been acknowledged and are not sent again. `starts`:
    offsets at which a segment begins because the one before had reached the limit.
    """

    offset: int
    watermark: float = 0.0
    emitted: int = 0
    starts: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class DialogueLimits:
    """How long a dialogue stays open. Gaps are silences on the watermark; the last event's own domain decides which.

    `limit` and `events`: a dialogue that lasts longer or has as many events is closed, and what follows is another.
    Without a bound, a device that never falls silent would cost more with each event.
    """

    gap: timedelta = timedelta(seconds=45)
    gap_by_domain: dict[str, timedelta] = field(default_factory=dict)
    lateness: timedelta = timedelta(seconds=60)
    limit: timedelta = timedelta(minutes=30)
    events: int = 200


class _Queue:
    """Segments of one gap, least recently touched first: those that are open and those that wait for late turns."""

    __slots__ = ("closed", "gap", "open")

    def __init__(self, gap: float) -> None:
        self.gap = gap
        self.open: OrderedDict[str, Segment] = OrderedDict()
        self.closed: OrderedDict[str, Segment] = OrderedDict()


class DialogueProcessor:
    """Assembles the dialogues of one partition and says what people's behaviour tells of them."""

    def __init__(
        self,
        limits: DialogueLimits | None = None,
        checkpoint: Checkpoint | None = None,
        hearing: Hearing = RULES,
        skews: ClockSkews | None = None,
    ) -> None:
        self._hearing = hearing
        self._skews = skews or ClockSkews()
        limits = limits or DialogueLimits()
        checkpoint = checkpoint or Checkpoint(0)
        self._gap = limits.gap.total_seconds()
        self._gaps: dict[str | None, float] = {
            domain: gap.total_seconds() for domain, gap in limits.gap_by_domain.items()
        }
        self._lateness = limits.lateness.total_seconds()
        self._limit = limits.limit.total_seconds()
        self._most_events = limits.events
        self._watermark = checkpoint.watermark
        self._silent_below = checkpoint.emitted
        self._starts = set(checkpoint.starts)
        self._next_offset = checkpoint.offset
        self._segments: OrderedDict[str, Segment] = OrderedDict()  # by the offset at which they opened
        self._follow_limit: dict[str, int] = {}  # open segments that began because the one before reached the limit
        self._queues: dict[float, _Queue] = {}
        self._within_limit: OrderedDict[str, Segment] = OrderedDict()  # the same, less those that reached the limit
        self._out: list[Result] = []

    @property
    def watermark(self) -> float:
        """Seconds since the epoch; 0 before the first event."""
        return self._watermark

    @property
    def open_segments(self) -> int:
        return len(self._segments)

    def process(self, batch: Iterable[Received]) -> list[Result]:
        """What the records, in the order of their offsets, say. Cutting them into other batches gives the same."""
        if self._hearing.has_models:
            batch = self._asked_ahead(batch)
        out = self._out = []
        silent_below = self._silent_below
        for offset, appended_ms, event in batch:
            kept = len(out)
            try:
                self._receive(offset, appended_ms, event)
            except Exception as exc:  # noqa: BLE001 - one poisonous event must not stop the partition: it is rejected
                out.append(Reject(offset, DeadLetterCause.PROCESSING_FAILED, f"{type(exc).__name__}: {exc}"))
            if offset < silent_below:
                del out[kept:]
        return out

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

    def skip(self, offset: int) -> None:
        """The record at `offset` was no event."""
        self._next_offset = max(self._next_offset, offset + 1)

    def advance_idle(self, idle: timedelta) -> list[Result]:
        """No record came for `idle`: tell the end of dialogues as if the watermark had moved on by it.

        State does not change, so the order of this and of later records does not matter. Nothing is told while records
        are read again after a start: what is known then is less than what was told before.
        """
        self._out = []
        if self._next_offset < self._silent_below:
            return self._out
        for queue in self._queues.values():
            for segment in queue.open.values():
                if segment.touched + queue.gap > self._watermark + idle.total_seconds():
                    break
                self._tell(segment, ClosedBy.GAP)
        return self._out

    def checkpoint(self) -> Checkpoint:
        """Where a restart has to begin once everything sent so far is acknowledged."""
        oldest = next(iter(self._segments.values()), None)
        emitted = max(self._next_offset, self._silent_below)
        if oldest is None:
            return Checkpoint(self._next_offset, self._watermark, emitted)
        return Checkpoint(oldest.first_offset, oldest.resume_watermark, emitted, tuple(self._follow_limit.values()))

    def _receive(self, offset: int, appended_ms: int, event: Exchange | Turn | Playback | ExplicitFeedback) -> None:
        self._next_offset = offset + 1
        before = self._watermark
        arrived = Exchange.of(event) if isinstance(event, Turn) else event
        at = min(_end(arrived), appended_ms / 1000)
        if at > before:
            self._watermark = at
            self._close_what_is_due()
        if isinstance(arrived, Exchange):
            if not self._hearing.has_models:
                arrived.forget_hints()
            skew = self._skews.correct(arrived)
            if skew is not None:
                self._out.append(Emit(skew.device_id, ClockSkew.topic_suffix, skew.to_bytes()))
        dialogue_id = event.dialogue_id
        segment = self._segments.get(dialogue_id)
        begins = segment is None
        if segment is not None and (offset in self._starts or (segment.over_limit and not segment.knows(arrived))):
            self._forget(segment)
            self._follow_limit[dialogue_id] = offset
            begins = True
        elif offset in self._starts:
            self._follow_limit[dialogue_id] = offset
        if segment is None or begins:
            segment = Segment(arrived, offset, before, self._watermark, self._hearing)
            self._segments[dialogue_id] = self._within_limit[dialogue_id] = segment
        self._touch(segment, arrived)
        added = segment.add(arrived)
        if added is None:
            self._out.append(Drop(offset, DUPLICATE))
            return
        feedback, verdict_changed = added
        for signal in feedback:
            self._out.append(Emit(segment.user_id, FeedbackEvent.topic_suffix, feedback_json(signal)))
        if verdict_changed:
            self._tell(segment, None)
        if segment.known >= self._most_events and not segment.over_limit:
            del self._within_limit[dialogue_id]
            self._reach_limit(segment)

    def _reach_limit(self, segment: Segment) -> None:
        """The segment has reached a limit: the next event of its dialogue begins another."""
        segment.over_limit = True
        self._tell(segment, ClosedBy.LIMIT)

    def _touch(self, segment: Segment, event: Exchange | Playback | ExplicitFeedback) -> None:
        # Of this event alone, not of those before: a start from a checkpoint may not have read them.
        gap = self._gaps.get(_domain(event), self._gap) if self._gaps else self._gap
        if segment.gap:
            queue = self._queues[segment.gap]
            if segment.gap == gap and segment.dialogue_id in queue.open:
                segment.touched = self._watermark
                queue.open.move_to_end(segment.dialogue_id)
                return
            if queue.open.pop(segment.dialogue_id, None) is None:
                queue.closed.pop(segment.dialogue_id, None)
        segment.gap = gap
        segment.touched = self._watermark
        queue = self._queues.get(gap) or self._queues.setdefault(gap, _Queue(gap))
        queue.open[segment.dialogue_id] = segment

    def _close_what_is_due(self) -> None:
        watermark = self._watermark
        for queue in self._queues.values():
            for segment in _due(queue.open, watermark - queue.gap):
                queue.closed[segment.dialogue_id] = segment
                segment.forget_words()
                self._tell(segment, ClosedBy.GAP)
            for segment in _due(queue.closed, watermark - queue.gap - self._lateness):
                self._forget(segment)
        while self._within_limit:
            dialogue_id, oldest = next(iter(self._within_limit.items()))
            if oldest.opened + self._limit > watermark:
                break
            del self._within_limit[dialogue_id]
            self._reach_limit(oldest)

    def _forget(self, segment: Segment) -> None:
        dialogue_id = segment.dialogue_id
        del self._segments[dialogue_id]
        self._within_limit.pop(dialogue_id, None)
        self._follow_limit.pop(dialogue_id, None)
        queue = self._queues[segment.gap]
        if queue.open.pop(dialogue_id, None) is None:
            queue.closed.pop(dialogue_id, None)

    def _tell(self, segment: Segment, closed_by: ClosedBy | None) -> None:
        state = segment.state(closed_by)
        if state is not None:
            self._out.append(Emit(segment.user_id, Dialogue.topic_suffix, state))


def _end(event: Exchange | Playback | ExplicitFeedback) -> float:
    """Seconds since the epoch at which what the event tells was over: a silence begins after the answer, not before."""
    if isinstance(event, Exchange):
        return event.response[1] if event.response is not None else event.at
    return event.occurred_at.timestamp()


def _domain(event: Exchange | Playback | ExplicitFeedback) -> str | None:
    if isinstance(event, Exchange):
        return event.facets.domain
    return event.domain if isinstance(event, Playback) else None


def _due(queue: OrderedDict[str, Segment], until: float) -> Iterable[Segment]:
    """Take from the queue what was last touched at `until` or before."""
    while queue:
        segment = next(iter(queue.values()))
        if segment.touched > until:
            return
        queue.popitem(last=False)
        yield segment

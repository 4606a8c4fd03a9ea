"""Turn events of one partition in, dialogues in event-time order out: dedupe, lateness, watermark, close.

The watermark is the highest event time (the end of an answer) seen, capped by the broker's clock so that one fast
device cannot close everybody's dialogue. A segment is closed when the watermark has passed its last arrival by the gap,
and forgotten one lateness later; until then a late turn still changes the answer. A segment that lasts too long is
closed by the limit; it stays until the next event of its dialogue begins another. Everything is a function of the
records in their order, so reading them again after a crash gives the same events with the same ids.
"""

from abc import ABC, abstractmethod
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Generic, TypeVar

from processors.exchange import Exchange
from processors.result import Drop, Reject
from processors.segment import Segment
from schemas.dead_letter import DeadLetterCause
from schemas.dialogue import ClosedBy
from schemas.turn import ExplicitFeedback, Playback, Turn

DUPLICATE = "duplicate"

Arrived = Exchange | Playback | ExplicitFeedback

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


S = TypeVar("S", bound=Segment)
T = TypeVar("T")


class _Queue(Generic[S]):
    """Segments of one gap, least recently touched first: those that are open and those that wait for late turns."""

    __slots__ = ("closed", "gap", "open")

    def __init__(self, gap: float) -> None:
        self.gap = gap
        self.open: OrderedDict[str, S] = OrderedDict()
        self.closed: OrderedDict[str, S] = OrderedDict()


class Assembly(ABC, Generic[S, T]):
    """Assembles the segments `S` of one partition. What is told of them, as a list of `T`, is its subclasses' part.

    A subclass appends to `_out` what it has to tell, as a function of the segments alone.
    """

    def __init__(self, limits: DialogueLimits | None = None, checkpoint: Checkpoint | None = None) -> None:
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
        self._segments: OrderedDict[str, S] = OrderedDict()  # by the offset at which they opened
        self._follow_limit: dict[str, int] = {}  # open segments that began because the one before reached the limit
        self._queues: dict[float, _Queue[S]] = {}
        self._within_limit: OrderedDict[str, S] = OrderedDict()  # the same, less those that reached the limit
        self._out: list[T | Reject | Drop] = []

    @abstractmethod
    def _begin(self, event: Arrived, offset: int, watermark_before: float) -> S:
        """A segment that begins with the event."""

    @abstractmethod
    def _exchange_of(self, turn: Turn) -> Exchange:
        """What of a turn is kept."""

    @abstractmethod
    def _look_at(self, exchange: Exchange) -> None:
        """A turn has arrived; its place is not known yet."""

    @abstractmethod
    def _add(self, segment: S, event: Arrived, appended_ms: int) -> bool:
        """Take the event into its segment and tell what follows from it; False for a duplicate."""

    @abstractmethod
    def _close(self, segment: S, closed_by: ClosedBy, *, supposed: bool) -> None:
        """Tell the end of a segment, unless it was told before and nothing is known since. `supposed`: no record has
        shown it yet, and none may ever; what is kept in the segment must not depend on it."""

    @property
    def watermark(self) -> float:
        """Seconds since the epoch; 0 before the first event."""
        return self._watermark

    @property
    def open_segments(self) -> int:
        return len(self._segments)

    def process(self, batch: Iterable[Received]) -> list[T | Reject | Drop]:
        """What the records, in the order of their offsets, say. Cutting them into other batches gives the same."""
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

    def skip(self, offset: int) -> None:
        """The record at `offset` was no event."""
        self._next_offset = max(self._next_offset, offset + 1)

    def advance_idle(self, idle: timedelta) -> list[T | Reject | Drop]:
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
                self._close(segment, ClosedBy.GAP, supposed=True)
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
        arrived = self._exchange_of(event) if isinstance(event, Turn) else event
        at = min(_end(arrived), appended_ms / 1000)
        if at > before:
            self._watermark = at
            self._close_what_is_due()
        if isinstance(arrived, Exchange):
            self._look_at(arrived)
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
            segment = self._begin(arrived, offset, before)
            self._segments[dialogue_id] = self._within_limit[dialogue_id] = segment
        self._touch(segment, arrived)
        if not self._add(segment, arrived, appended_ms):
            self._out.append(Drop(offset, DUPLICATE))
            return
        if segment.known >= self._most_events and not segment.over_limit:
            del self._within_limit[dialogue_id]
            self._reach_limit(segment)

    def _reach_limit(self, segment: S) -> None:
        """The segment has reached a limit: the next event of its dialogue begins another."""
        segment.over_limit = True
        self._close(segment, ClosedBy.LIMIT, supposed=False)

    def _touch(self, segment: S, event: Arrived) -> None:
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
                self._close(segment, ClosedBy.GAP, supposed=False)
            for segment in _due(queue.closed, watermark - queue.gap - self._lateness):
                self._forget(segment)
        while self._within_limit:
            dialogue_id, oldest = next(iter(self._within_limit.items()))
            if oldest.opened + self._limit > watermark:
                break
            del self._within_limit[dialogue_id]
            self._reach_limit(oldest)

    def _forget(self, segment: S) -> None:
        dialogue_id = segment.dialogue_id
        del self._segments[dialogue_id]
        self._within_limit.pop(dialogue_id, None)
        self._follow_limit.pop(dialogue_id, None)
        queue = self._queues[segment.gap]
        if queue.open.pop(dialogue_id, None) is None:
            queue.closed.pop(dialogue_id, None)


def _end(event: Arrived) -> float:
    """Seconds since the epoch at which what the event tells was over: a silence begins after the answer, not before."""
    if isinstance(event, Exchange):
        return event.response[1] if event.response is not None else event.at
    return event.occurred_at.timestamp()


def _domain(event: Arrived) -> str | None:
    if isinstance(event, Exchange):
        return event.facets.domain
    return event.domain if isinstance(event, Playback) else None


def _due(queue: OrderedDict[str, S], until: float) -> Iterable[S]:
    """Take from the queue what was last touched at `until` or before."""
    while queue:
        segment = next(iter(queue.values()))
        if segment.touched > until:
            return
        queue.popitem(last=False)
        yield segment

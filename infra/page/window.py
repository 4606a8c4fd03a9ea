"""The stretch of time that a page looks at, and how it follows data that is older than the clock."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

MINUTE_S = 60
_STEPS_S = (60, 300, 900, 3600, 6 * 3600, 24 * 3600)
_MOST_BUCKETS = 180


class Range(StrEnum):
    """What a person chose to look at."""

    QUARTER = "15m"
    HOUR = "1h"
    SIX_HOURS = "6h"
    DAY = "24h"
    ALL = "all"
    CUSTOM = "custom"

    @property
    def label(self) -> str:
        """In words, for a button."""
        return _LABELS[self]

    @property
    def length(self) -> timedelta | None:
        """How much time it spans; None when the data or the person decides."""
        return _LENGTHS.get(self)


_LABELS = {
    Range.QUARTER: "15 min",
    Range.HOUR: "1 h",
    Range.SIX_HOURS: "6 h",
    Range.DAY: "24 h",
    Range.ALL: "All",
    Range.CUSTOM: "Custom",
}
_LENGTHS = {
    Range.QUARTER: timedelta(minutes=15),
    Range.HOUR: timedelta(hours=1),
    Range.SIX_HOURS: timedelta(hours=6),
    Range.DAY: timedelta(hours=24),
}


@dataclass(frozen=True, slots=True)
class Extent:
    """The first and the last minute (epoch seconds) that hold a turn."""

    oldest: int
    newest: int


@dataclass(frozen=True, slots=True)
class TimeRange:
    """A chosen range; `start` and `end` are set for `Range.CUSTOM` only, `end` is exclusive."""

    kind: Range = Range.QUARTER
    start: datetime | None = None
    end: datetime | None = None


@dataclass(frozen=True, slots=True)
class Window:
    """A range in numbers: epoch seconds, `end` exclusive, cut into buckets of `step_s`.

    `moved_to_data`: nothing is as young as the range asks for, so it ends with the newest turn instead of now.
    """

    start: int
    end: int
    step_s: int
    moved_to_data: bool = False
    has_previous: bool = True

    @property
    def length_s(self) -> int:
        """How much time it spans."""
        return self.end - self.start

    @property
    def previous(self) -> "Window":
        """The equally long stretch right before it."""
        return Window(self.start - self.length_s, self.start, self.step_s, self.moved_to_data)

    @property
    def buckets(self) -> range:
        """The start of every bucket, epoch seconds."""
        return range(self.start - self.start % self.step_s, self.end, self.step_s)

    @property
    def step_label(self) -> str:
        """Such as `per minute` or `per 6 hours`."""
        if self.step_s < 3600:
            count, unit = self.step_s // MINUTE_S, "minute"
        elif self.step_s < 24 * 3600:
            count, unit = self.step_s // 3600, "hour"
        else:
            count, unit = self.step_s // (24 * 3600), "day"
        return f"per {unit}" if count == 1 else f"per {count} {unit}s"


def resolve(chosen: TimeRange, extent: Extent | None, now: datetime) -> Window:
    """The window for `chosen`, as seen at `now`, over data of `extent` (None: there is no data)."""
    now_end = _ceil(int(now.timestamp()) + 1)
    if chosen.kind is Range.CUSTOM and chosen.start is not None and chosen.end is not None:
        start, end = _floor(int(chosen.start.timestamp())), _ceil(int(chosen.end.timestamp()))
        end = max(end, start + MINUTE_S)
        return Window(start, end, _step(end - start))
    length = chosen.kind.length
    if length is None:
        if extent is None:
            return Window(now_end - 900, now_end, MINUTE_S, has_previous=False)
        start, end = _floor(extent.oldest), _floor(extent.newest) + MINUTE_S
        return Window(start, end, _step(end - start), has_previous=False)
    length_s = int(length.total_seconds())
    moved = extent is not None and extent.newest + MINUTE_S <= now_end - length_s
    end = _floor(extent.newest) + MINUTE_S if moved and extent is not None else now_end
    return Window(end - length_s, end, _step(length_s), moved_to_data=moved)


def utc(epoch_s: float) -> datetime:
    """Epoch seconds as an instant."""
    return datetime.fromtimestamp(epoch_s, UTC)


def _step(length_s: int) -> int:
    for step in _STEPS_S:
        if length_s <= step * _MOST_BUCKETS:
            return step
    day = _STEPS_S[-1]
    return day * -(-length_s // (day * _MOST_BUCKETS))


def _floor(epoch_s: int) -> int:
    return epoch_s - epoch_s % MINUTE_S


def _ceil(epoch_s: int) -> int:
    return -(-epoch_s // MINUTE_S) * MINUTE_S

"""Moving recorded events to now, so that no clock check finds them too old and the live page shows them."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import orjson

_TIMES: Final = frozenset({"occurred_at", "started_at", "ended_at"})
"""The fields of all events that hold a point in time."""


def shift_times(value: bytes | None, shift: timedelta) -> bytes | None:
    """The event with all its times moved by `shift`, nothing else changed; what is not a JSON object stays as it is."""
    if value is None or not shift:
        return value
    try:
        content = orjson.loads(value)
    except orjson.JSONDecodeError:
        return value
    if not isinstance(content, dict):
        return value
    _shift_in(content, shift)
    return orjson.dumps(content)


def _shift_in(content: dict[str, Any], shift: timedelta) -> None:
    for name, value in content.items():
        if name in _TIMES and isinstance(value, str):
            content[name] = _shifted(value, shift)
        elif isinstance(value, dict):
            _shift_in(value, shift)
        elif isinstance(value, list):
            for item in value:
                if isinstance(item, dict):
                    _shift_in(item, shift)


def _shifted(text: str, shift: timedelta) -> str:
    try:
        moved = datetime.fromisoformat(text) + shift
    except (ValueError, OverflowError):
        return text
    if moved.tzinfo is None:
        return moved.isoformat()
    return moved.astimezone(UTC).isoformat().replace("+00:00", "Z")


@dataclass(frozen=True, slots=True)
class Schedule:
    """When each record of a recording is sent, and by how much its times are moved.

    `first_ms` and `last_ms` are the timestamps of the recording's first and last record, `start_ms` is now, `speed` is
    how many recorded seconds pass in one; None is as fast as possible. Moved times end where the replay ends, so none
    lies in the future when it is sent. `keep_times`: they are not moved.
    """

    first_ms: int
    last_ms: int
    start_ms: int
    speed: float | None = None
    keep_times: bool = False

    @property
    def lasts_s(self) -> float:
        """How long the replay takes, as far as speed decides it."""
        return 0.0 if self.speed is None else (self.last_ms - self.first_ms) / 1000 / self.speed

    @property
    def shift(self) -> timedelta:
        """By how much times are moved."""
        if self.keep_times:
            return timedelta(0)
        return timedelta(milliseconds=round(self.start_ms + self.lasts_s * 1000) - self.last_ms)

    def due_s(self, timestamp_ms: int) -> float:
        """Seconds after the start at which a record of this timestamp is sent."""
        return 0.0 if self.speed is None else max(0.0, (timestamp_ms - self.first_ms) / 1000 / self.speed)

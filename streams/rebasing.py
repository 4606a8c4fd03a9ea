"""Moving recorded events to now, so that no clock check finds them too old and the live page shows them."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import orjson

from schemas.contract import derived_id

_TIMES: Final = frozenset({"occurred_at", "started_at", "ended_at"})
"""The fields of all events that hold a point in time."""


_IDS: Final = frozenset({"event_id", "turn_id", "by_turn_id", "dialogue_id"})
"""The fields that name something that happened at a time. Users, devices and rewrites go on existing."""


class Rebasing:
    """Moves events to the time of a replay.

    An event that happens at another time is another event: the ids of events, turns and dialogues are derived anew from
    the old ones and the start of the replay. So a recording can be played twice, and a replay that is interrupted and
    resumed sends the same ids again.
    """

    def __init__(self, schedule: "Schedule") -> None:
        self._shift = schedule.shift
        self._run = str(schedule.start_ms)

    def move(self, value: bytes | None) -> bytes | None:
        """The event, moved; what is not a JSON object stays as it is."""
        if value is None or not self._shift:
            return value
        try:
            content = orjson.loads(value)
        except orjson.JSONDecodeError:
            return value
        if not isinstance(content, dict):
            return value
        self._move_in(content)
        return orjson.dumps(content)

    def _move_in(self, content: dict[str, Any]) -> None:
        for name, value in content.items():
            if isinstance(value, str):
                if name in _TIMES:
                    content[name] = _shifted(value, self._shift)
                elif name in _IDS:
                    content[name] = derived_id("replay", self._run, value)
            elif isinstance(value, dict):
                self._move_in(value)
            elif isinstance(value, list):
                for item in value:
                    if isinstance(item, dict):
                        self._move_in(item)


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

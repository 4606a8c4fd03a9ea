"""Playing a recording into Kafka, at its own speed, faster, or as fast as possible."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from infra.settings import Settings
from schemas.turn import DeviceEvent
from streams.errors import StreamError
from streams.rebasing import Rebasing, Schedule
from streams.recording import Mark, MarkKind, Record
from streams.recording_reader import RecordingReader
from streams.sending import RecordSender


class ReplayRefused(StreamError):
    """The recording cannot be played as asked; the text says what can be done."""


@dataclass(slots=True)
class Played:
    """What a replay has done so far."""

    records: int = 0
    acknowledged: int = 0
    marks_skipped: int = 0
    shift: timedelta = timedelta(0)


Progress = Callable[[Played], None]


def bounds_ms(path: Path) -> tuple[int, int] | None:
    """Timestamps of a recording's first and last record; None when it has no record."""
    with RecordingReader(path) as recording:
        header = recording.header
        if header.first_ms is not None and header.last_ms is not None:
            return header.first_ms, header.last_ms
        stamps = [0, 0]
        found = False
        for line in recording:
            if isinstance(line, Record):
                stamps = (
                    [min(stamps[0], line.timestamp_ms), max(stamps[1], line.timestamp_ms)]
                    if found
                    else [line.timestamp_ms, line.timestamp_ms]
                )
                found = True
    return (stamps[0], stamps[1]) if found else None


def replay_into_kafka(
    path: Path,
    settings: Settings,
    *,
    speed: float | None = 1.0,
    keep_times: bool = False,
    start_ms: int | None = None,
    skip: int = 0,
    stop: threading.Event | None = None,
    on_progress: Progress = lambda _: None,
) -> Played:
    """Send every record of the recording at `path` to its topic, with its own key and bytes.

    Ids are sent as they are: a recording holds pseudonyms already. `speed`: recorded seconds per second; None is as
    fast as the broker takes them. Times are moved to now unless `keep_times`, and with them the ids of events, turns
    and dialogues: what happens at another time is another event. `start_ms` (since the epoch) is when the replay began,
    if not now: what was due before it is sent at once, and the same start gives the same ids. The first `skip` records
    are left out, as an earlier run has sent them; `stop`, once set, ends the replay between two records. Pauses are
    waited out at the same speed; crashes mean nothing here and are counted. Returns when the broker has every record.
    Raises
    `RecordingError`, `ReplayRefused`, `DeliveryFailed`, `BufferFull`, `TopicMissing` or `BrokerUnavailable`.
    """
    bounds = bounds_ms(path)
    if bounds is None:
        raise ReplayRefused(f"{path} holds no record")
    now_ms = time.time_ns() // 1_000_000
    schedule = Schedule(*bounds, start_ms=now_ms if start_ms is None else start_ms, speed=speed, keep_times=keep_times)
    _require_believable(path, schedule, settings)
    played = Played(shift=schedule.shift)
    start = time.monotonic() + (schedule.start_ms - now_ms) / 1000
    stop = stop or threading.Event()
    rebasing = Rebasing(schedule)
    with RecordingReader(path) as recording, RecordSender(settings) as sender:
        for line in recording:
            if isinstance(line, Mark):
                if line.kind is MarkKind.END:
                    break
                if line.kind is MarkKind.PAUSE and line.timestamp_ms is not None:
                    _wait_until(start + schedule.due_s(line.timestamp_ms), stop)
                else:
                    played.marks_skipped += 1
                continue
            if played.records < skip:
                played.records += 1
                continue
            _wait_until(start + schedule.due_s(line.timestamp_ms), stop)
            if stop.is_set():
                break
            sender.send(
                f"{settings.topic_prefix}.{line.topic}",
                line.key,
                rebasing.move(line.value),
                headers=line.headers,
                name=f"record {played.records + 1}",
            )
            played.records += 1
            played.acknowledged = skip + sender.acknowledged
            on_progress(played)
        sender.flush()
        played.acknowledged = skip + sender.acknowledged
        on_progress(played)
    return played


def _require_believable(path: Path, schedule: Schedule, settings: Settings) -> None:
    """Refuse to fill the dead letters with events whose times the consumers do not believe."""
    oldest_s = (schedule.start_ms - schedule.first_ms) / 1000 - schedule.shift.total_seconds()
    behind_s = settings.clock_behind.total_seconds()
    if oldest_s > behind_s:
        raise ReplayRefused(
            f"the events of {path} would begin {oldest_s / 86400:.1f} days ago, and {DeviceEvent.topic_suffix} takes "
            f"none that are older than {behind_s / 86400:.1f}; "
            + ("leave out --keep-times or " if schedule.keep_times else "")
            + "set EARSHOT_CLOCK_BEHIND for this and for the workers"
        )


def _wait_until(deadline: float, stop: threading.Event) -> None:
    if (left := deadline - time.monotonic()) > 0:
        stop.wait(left)

"""From topics to a recording."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from infra.settings import Settings
from streams.recording import Header, Record, RecordingWriter
from streams.topic_reader import TopicReader


@dataclass(frozen=True, slots=True)
class Until:
    """When a recording ends: at the first of these that comes; with none of them, when it is interrupted. `idle_s`:
    without a record, once all that were there at the start are in."""

    idle_s: float | None = None
    duration_s: float | None = None
    count: int | None = None


def record_topics(
    settings: Settings,
    suffixes: Sequence[str],
    path: Path,
    until: Until,
    *,
    from_beginning: bool = False,
    on_progress: Callable[[int], None] = lambda _: None,
) -> int:
    """Write the records of the topics (names without prefix, such as `turn-events.v1`) to `path`; returns how many.

    An interruption (Ctrl-C) ends the recording, and the file is complete all the same. Raises `RecordingError`,
    `TopicMissing` or `BrokerUnavailable`; there is no file then.
    """
    names = {f"{settings.topic_prefix}.{suffix}": suffix for suffix in suffixes}
    header = Header(created_from=f"topics {', '.join(names)}", topics=tuple(suffixes))
    with (
        TopicReader(settings, list(names), from_beginning=from_beginning) as reader,
        RecordingWriter(path, header) as writer,
    ):
        began = last = time.monotonic()
        try:
            while not _over(until, writer.records, time.monotonic() - began):
                if until.idle_s is not None and reader.at_the_end and time.monotonic() - last >= until.idle_s:
                    break
                records = reader.read()
                for one in records[: None if until.count is None else until.count - writer.records]:
                    writer.write(
                        Record(names[one.topic], one.key, one.value, one.timestamp_ms, one.partition, one.headers)
                    )
                if records:
                    last = time.monotonic()
                    on_progress(writer.records)
        except KeyboardInterrupt:
            # What was asked for: there is no other way to end an open recording.
            on_progress(writer.records)
        return writer.records


def _over(until: Until, count: int, elapsed_s: float) -> bool:
    return (until.count is not None and count >= until.count) or (
        until.duration_s is not None and elapsed_s >= until.duration_s
    )

"""Device events from elsewhere: a file with one JSON event a line, or a data set, made into a recording."""

import heapq
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Final

from pydantic_core import from_json

from schemas.turn import DeviceEvent, Turn, TurnEvent
from streams.decoding import Limits, Undecodable, decode
from streams.errors import StreamError
from streams.recording import Header, Record, RecordingWriter

ZSTANDARD_MAGIC: Final = b"\x28\xb5\x2f\xfd"
_NO_CLOCK: Final = -1


class EventFileError(StreamError):
    """A file of events is missing or has a line that is no event; the text names file and line."""


def is_recording(path: Path) -> bool:
    """Whether the file is compressed as recordings are. Raises `EventFileError` when it cannot be read."""
    try:
        with path.open("rb") as file:
            return file.read(len(ZSTANDARD_MAGIC)) == ZSTANDARD_MAGIC
    except FileNotFoundError as error:
        raise EventFileError(f"{path} does not exist") from error
    except OSError as error:
        raise EventFileError(f"{path} cannot be read: {error.strerror or error}") from error


def read_events(path: Path, limits: Limits) -> Iterator[TurnEvent]:
    """The events of a file with one JSON event a line. Raises `EventFileError` at the first line that is none."""
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                if line.strip():
                    yield _event(path, number, line.strip(), limits)
    except OSError as error:
        raise EventFileError(f"{path} cannot be read: {error.strerror or error}") from error


def record_events(events: Iterable[TurnEvent], path: Path, created_from: str) -> int:
    """Write events, given in the order in which they occurred, to a recording; returns how many.

    Each is stamped with the time at which its device could send it: when the last thing it tells of was over.
    """
    count = 0
    with RecordingWriter(path, Header(created_from=created_from, topics=(DeviceEvent.topic_suffix,))) as writer:
        for record in _in_sending_order(events):
            writer.write(record)
            count += 1
    return count


def _in_sending_order(events: Iterable[TurnEvent]) -> Iterator[Record]:
    pending: list[tuple[int, int, Record]] = []
    for number, event in enumerate(events):
        occurred_ms = _ms(event.occurred_at)
        while pending and pending[0][0] <= occurred_ms:
            yield heapq.heappop(pending)[2]
        sent_ms = max(_ms(at) for at in _times(event))
        record = Record(DeviceEvent.topic_suffix, event.user_id.encode(), event.to_bytes(), sent_ms)
        heapq.heappush(pending, (sent_ms, number, record))
    while pending:
        yield heapq.heappop(pending)[2]


def _times(event: TurnEvent) -> Iterator[datetime]:
    yield event.occurred_at
    if isinstance(event, Turn):
        if event.speech is not None:
            yield event.speech.ended_at
        if event.response is not None and event.response.span is not None:
            yield event.response.span.ended_at


def _event(path: Path, number: int, line: bytes, limits: Limits) -> TurnEvent:
    try:
        return decode(_user_of(line), line, _NO_CLOCK, limits)
    except Undecodable as error:
        raise EventFileError(f"{path}, line {number}: {error.reason}") from error


def _user_of(line: bytes) -> bytes:
    try:
        return str(from_json(line)["user_id"]).encode()
    except (ValueError, KeyError, TypeError):
        return b""


def _ms(at: datetime) -> int:
    return round(at.timestamp() * 1000)

"""A recorded stream: the records of some topics and what happened between them, in one compressed file.

The file is zstandard-compressed JSON lines. The first line is the header. Each further line is a record

    {"topic": "turn-events.v1", "key": "u1", "value": {...}, "timestamp_ms": 1767225600000}

with `partition` and `headers` where they are known, or a mark

    {"mark": "pause", "timestamp_ms": 1767225660000}

Topics are named without the installation's prefix. A value stands as JSON where parsing and printing it again
gives the same bytes, as `value_text` where it is other UTF-8, as `value_base64` where it is not: a recording
keeps every byte, also of what no consumer can read.
"""

import base64
import binascii
import contextlib
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Final, Self

import orjson
import zstandard

from schemas.contract import SCHEMA_VERSION
from streams.errors import StreamError

FORMAT_VERSION: Final = 1
_LEVEL: Final = 12


class RecordingError(StreamError):
    """A recording cannot be read or written; the text names the file and, where there is one, the line."""


class MarkKind(StrEnum):
    """What happened between two records.

    `CRASH`: the process died here and began again from its checkpoint. `PAUSE`: nothing came until
    `timestamp_ms`, so what waits for silence happens. `END`: the stream ended here; nothing after it is
    replayed.
    """

    CRASH = "crash"
    PAUSE = "pause"
    END = "end"


@dataclass(frozen=True, slots=True)
class Record:
    """One record of Kafka. `topic` has no prefix; `timestamp_ms` is the broker's, in ms since the epoch."""

    topic: str
    key: bytes | None
    value: bytes | None
    timestamp_ms: int
    partition: int | None = None
    headers: tuple[tuple[str, bytes], ...] = ()


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that happened between two records; `timestamp_ms` is when, if it matters."""

    kind: MarkKind
    timestamp_ms: int | None = None


Line = Record | Mark


@dataclass(frozen=True, slots=True)
class Header:
    """Where a recording comes from.

    `config_hash` identifies the settings or scenario it was made with. `first_ms` and `last_ms`
    are the timestamps of the first and the last record, so that a replay can shift them without reading the file twice.
    """

    created_from: str
    topics: tuple[str, ...] = ()
    schema_version: str = SCHEMA_VERSION
    config_hash: str | None = None
    records: int | None = None
    first_ms: int | None = None
    last_ms: int | None = None
    format_version: int = field(default=FORMAT_VERSION)


class RecordingWriter:
    """Writes a recording line by line. The file appears under its name only when it is complete.

    Use it as a context manager: leaving it normally finishes the file, leaving it by an exception removes it.
    """

    def __init__(self, path: Path, header: Header) -> None:
        self.path = path
        self.records = 0
        self._part = path.with_name(f".{path.name}.part")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file: IO[bytes] = self._part.open("wb")
        except OSError as error:
            raise RecordingError(f"{path} cannot be written: {error.strerror or error}") from error
        compressor = zstandard.ZstdCompressor(level=_LEVEL, write_checksum=True)
        self._stream = compressor.stream_writer(self._file, closefd=False)
        self._write(_header_to_json(header))

    def write(self, line: Line) -> None:
        """Append a record or a mark. Raises `RecordingError` when the disk is full or gone."""
        if isinstance(line, Record):
            self.records += 1
            self._write(_record_to_json(line))
        else:
            content: dict[str, Any] = {"mark": line.kind.value}
            if line.timestamp_ms is not None:
                content["timestamp_ms"] = line.timestamp_ms
            self._write(content)

    def finish(self) -> None:
        """Complete the file and give it its name."""
        try:
            self._stream.flush(zstandard.FLUSH_FRAME)
            self._file.flush()
            self._file.close()
            self._part.replace(self.path)
        except OSError as error:
            self.discard()
            raise RecordingError(f"{self.path} cannot be written: {error.strerror or error}") from error

    def discard(self) -> None:
        """Forget what was written."""
        with contextlib.suppress(OSError):  # a full disk refuses what is still buffered
            self._file.close()
        self._part.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.finish()
        else:
            self.discard()

    def _write(self, content: dict[str, Any]) -> None:
        try:
            self._stream.write(orjson.dumps(content) + b"\n")
        except OSError as error:
            raise RecordingError(f"{self.path} cannot be written: {error.strerror or error}") from error


def _header_to_json(header: Header) -> dict[str, Any]:
    content: dict[str, Any] = {
        "earshot_recording": header.format_version,
        "created_from": header.created_from,
        "topics": list(header.topics),
        "schema_version": header.schema_version,
    }
    for name in ("config_hash", "records", "first_ms", "last_ms"):
        if (value := getattr(header, name)) is not None:
            content[name] = value
    return content


def _record_to_json(record: Record) -> dict[str, Any]:
    content: dict[str, Any] = {"topic": record.topic}
    content |= _bytes_to_json("key", record.key)
    content |= _value_to_json(record.value)
    content["timestamp_ms"] = record.timestamp_ms
    if record.partition is not None:
        content["partition"] = record.partition
    if record.headers:
        content["headers"] = [[name, _header_to_value(value)] for name, value in record.headers]
    return content


def _bytes_to_json(name: str, content: bytes | None) -> dict[str, str | None]:
    if content is None:
        return {name: None}
    try:
        return {name: content.decode()}
    except UnicodeDecodeError:
        return {f"{name}_base64": _base64(content)}


def _header_to_value(content: bytes) -> str | dict[str, str]:
    try:
        return content.decode()
    except UnicodeDecodeError:
        return {"base64": _base64(content)}


def _value_to_json(value: bytes | None) -> dict[str, Any]:
    if value is None:
        return {"value": None}
    try:
        parsed = orjson.loads(value)
        if parsed is not None and orjson.dumps(parsed) == value:
            return {"value": parsed}
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        pass
    try:
        return {"value_text": value.decode()}
    except UnicodeDecodeError:
        return {"value_base64": _base64(value)}


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")


def parse_line(content: Any) -> Line:
    """A record or a mark from its parsed JSON. Raises `ValueError` or `KeyError` when it is neither."""
    if not isinstance(content, dict):
        raise ValueError("a line is a JSON object")
    if "mark" in content:
        return Mark(MarkKind(content["mark"]), content.get("timestamp_ms"))
    timestamp_ms = content["timestamp_ms"]
    if not isinstance(timestamp_ms, int):
        raise ValueError(f"timestamp_ms is {timestamp_ms!r}, it must be a whole number")
    headers = tuple((name, _header_value(value)) for name, value in content.get("headers", ()))
    return Record(
        str(content["topic"]), _key(content), _value(content), timestamp_ms, content.get("partition"), headers
    )


def parse_header(content: Any) -> Header:
    """The header from its parsed JSON. Raises `ValueError` when it is none or of an unknown version."""
    version = content.get("earshot_recording") if isinstance(content, dict) else None
    if version is None:
        raise ValueError("the first line is no header of a recording")
    if version != FORMAT_VERSION:
        raise ValueError(f"the recording's format is version {version}; this Earshot reads {FORMAT_VERSION}")
    return Header(
        created_from=str(content.get("created_from", "")),
        topics=tuple(content.get("topics", ())),
        schema_version=str(content.get("schema_version", SCHEMA_VERSION)),
        config_hash=content.get("config_hash"),
        records=content.get("records"),
        first_ms=content.get("first_ms"),
        last_ms=content.get("last_ms"),
    )


def _key(content: dict[str, Any]) -> bytes | None:
    if "key_base64" in content:
        return _from_base64(content["key_base64"])
    key = content.get("key")
    return None if key is None else str(key).encode()


def _value(content: dict[str, Any]) -> bytes | None:
    if "value_base64" in content:
        return _from_base64(content["value_base64"])
    if "value_text" in content:
        return str(content["value_text"]).encode()
    value = content.get("value")
    return None if value is None else orjson.dumps(value)


def _header_value(value: Any) -> bytes:
    return _from_base64(value["base64"]) if isinstance(value, dict) else str(value).encode()


def _from_base64(content: str) -> bytes:
    try:
        return base64.b64decode(content, validate=True)
    except binascii.Error as error:
        raise ValueError(f"base64 that cannot be read: {error}") from error

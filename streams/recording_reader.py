"""Reading a recording, line by line, in bounded memory."""

from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import IO, Final, Self

import orjson
import zstandard

from streams.recording import Header, Line, RecordingError, parse_header, parse_line

_CHUNK: Final = 1024  # bytes; a block of 128 KiB may come from four bytes, so this bounds what one step unpacks
_LONGEST_LINE: Final = 64 << 20


class RecordingReader:
    """The header and the lines of a recording.

    Raises `RecordingError` at once when the file is not there or is no recording, and while iterating, with
    the line, when it is truncated or corrupt.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.line = 0
        try:
            self._file: IO[bytes] = path.open("rb")
        except FileNotFoundError as error:
            raise RecordingError(f"{path} does not exist") from error
        except OSError as error:
            raise RecordingError(f"{path} cannot be read: {error.strerror or error}") from error
        self._lines = self._split()
        try:
            self.header: Header = self._read_header()
        except RecordingError:
            self._file.close()
            raise

    def __iter__(self) -> Iterator[Line]:
        for content in self._lines:
            try:
                yield parse_line(orjson.loads(content))
            except KeyError as error:
                raise self._corrupt(f"the record has no {error}") from error
            except (ValueError, TypeError) as error:
                raise self._corrupt(str(error)) from error

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _read_header(self) -> Header:
        content = next(self._lines, None)
        if content is None:
            raise RecordingError(f"{self.path} is empty; a recording begins with a header")
        try:
            return parse_header(orjson.loads(content))
        except ValueError as error:
            raise self._corrupt(str(error)) from error

    def _split(self) -> Iterator[bytes]:
        rest = b""
        for block in self._unpacked():
            *complete, rest = (rest + block).split(b"\n")
            for content in complete:
                self.line += 1
                yield content
            if len(rest) > _LONGEST_LINE:
                raise self._corrupt(f"line {self.line + 1} is longer than {_LONGEST_LINE:,} bytes")
        if rest:
            self.line += 1
            raise self._corrupt("the last line is not complete")

    def _unpacked(self) -> Iterator[bytes]:
        unpacker = zstandard.ZstdDecompressor().decompressobj()
        started = False
        while chunk := self._file.read(_CHUNK):
            while chunk:
                if unpacker.eof:
                    unpacker, started = zstandard.ZstdDecompressor().decompressobj(), False
                try:
                    block = unpacker.decompress(chunk)
                except zstandard.ZstdError as error:
                    if not self.line and not started:
                        raise RecordingError(
                            f"{self.path} is no recording: it is not compressed by zstandard"
                        ) from error
                    raise self._corrupt("the compressed data is damaged") from error
                started = True
                if block:
                    yield block
                chunk = unpacker.unused_data if unpacker.eof else b""
        if started and not unpacker.eof:
            raise self._corrupt("the file is truncated")

    def _corrupt(self, what: str) -> RecordingError:
        return RecordingError(f"{self.path}, line {max(1, self.line)}: {what}")

"""A file of scores, which appears only when it is complete."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import orjson

from streams.errors import StreamError


class ScoresNotWritten(StreamError):
    """The file of scores cannot be written; the text names it and says why."""


class Rows:
    """Rows of a file that is being written, as JSON lines."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def write(self, row: object) -> None:
        """One line more. Raises `OSError`."""
        self._file.write(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE))


@contextmanager
def rows_to(target: Path) -> Iterator[Rows]:
    """Rows for `target`, which is replaced when the block ends without an error. Raises `ScoresNotWritten`."""
    part = target.with_name(f".{target.name}.part")
    try:
        with part.open("wb") as file:
            yield Rows(file)
        part.replace(target)
    except OSError as error:
        raise ScoresNotWritten(f"{target} cannot be written: {error.strerror or error}") from error
    finally:
        part.unlink(missing_ok=True)

"""What an adapter gives: recorded dialogues as the events that devices would have sent."""

import gzip
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import from_json

from schemas.turn import TurnEvent
from streams.errors import StreamError

PATTERNS = ("*.jsonl.gz", "*.jsonl")


class AdapterError(StreamError):
    """A data set is missing or is not what its adapter reads."""


class Row(BaseModel):
    """A line of a data set. Fields that are not known are let through: releases differ."""

    model_config = ConfigDict(frozen=True, extra="ignore")


@dataclass(frozen=True, slots=True)
class RecordedDialogue:
    """One dialogue as events in event-time order; `events` is never empty."""

    dialogue_id: str
    events: tuple[TurnEvent, ...]


class Adapter(Protocol):
    """Reads one data set's format."""

    name: str
    """of the data set, and of its folder among the public data sets"""
    expects: str
    """what its lines look like, for error messages"""

    def recognises(self, fields: frozenset[str]) -> bool:
        """Whether a line with these fields is of this format."""

    def dialogues(self, folder: Path, skipped: Counter[str]) -> Iterator[RecordedDialogue]:
        """The dialogues of all files of the folder, in their order. What is left out is counted by reason."""


@dataclass
class Source:
    """A folder with the adapter that reads it."""

    adapter: Adapter
    folder: Path
    skipped: Counter[str] = field(default_factory=Counter)
    """reason -> number left out by the last reading; complete when it has been read to the end"""

    @property
    def name(self) -> str:
        return self.adapter.name

    def dialogues(self) -> Iterator[RecordedDialogue]:
        """One dialogue after the other, in the order of the files."""
        self.skipped.clear()
        return self.adapter.dialogues(self.folder, self.skipped)

    def events(self) -> Iterator[TurnEvent]:
        """The events, dialogue by dialogue; within a dialogue in event-time order."""
        for dialogue in self.dialogues():
            yield from dialogue.events


def files_of(folder: Path, expects: str) -> list[Path]:
    """The files that hold a data set's lines, by name. Raises `AdapterError` when there are none."""
    if not folder.is_dir():
        raise AdapterError(f"there is no folder {folder}; expected one with {expects}")
    files = sorted(path for pattern in PATTERNS for path in folder.glob(pattern))
    if not files:
        raise AdapterError(f"{folder} has no {' or '.join(PATTERNS)} file; expected {expects}")
    return files


def lines_of(path: Path) -> Iterator[tuple[int, bytes]]:
    """(line number, line) of what is not blank. Raises `AdapterError` when the file cannot be read."""
    try:
        with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as stream:
            for number, line in enumerate(stream, start=1):
                if line.strip():
                    yield number, line
    except (OSError, EOFError) as error:
        raise AdapterError(f"{path} cannot be read: {error}") from error


def fields_of(folder: Path, expects: str) -> frozenset[str]:
    """The names of the fields of the first line, by which a format is told. Raises `AdapterError`."""
    for path in files_of(folder, expects):
        for number, line in lines_of(path):
            try:
                row = from_json(line)
            except ValueError as error:
                raise AdapterError(f"{path}, line {number}: not JSON ({error}); expected {expects}") from error
            return frozenset(row) if isinstance(row, dict) else frozenset()
    raise AdapterError(f"the files of {folder} are empty; expected {expects}")


R = TypeVar("R", bound=Row)


def rows_of(folder: Path, row: type[R], expects: str) -> Iterator[R]:
    """The lines of all files of a folder. Raises `AdapterError` with file and line at the first that does not fit."""
    for path in files_of(folder, expects):
        yield from rows_in(path, row, expects)


def rows_in(path: Path, row: type[R], expects: str) -> Iterator[R]:
    """The lines of one file. Raises `AdapterError` with file and line at the first that does not fit."""
    for number, line in lines_of(path):
        with told_where(path, number, expects):
            yield row.model_validate_json(line)


@contextmanager
def told_where(path: Path, number: int, expects: str) -> Iterator[None]:
    """Around the reading of a line: what does not fit is raised as `AdapterError` with file and line."""
    try:
        yield
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"])) or "the line"
        raise AdapterError(
            f"{path}, line {number}: {where}: {first['msg']} ({error.error_count()} problems in all); "
            f"expected {expects}"
        ) from error
    except (ValueError, TypeError, KeyError) as error:
        raise AdapterError(f"{path}, line {number}: {error}; expected {expects}") from error

"""Meetings with word times, as JSON lines in the format of the MRDA set: people talking into each other's words."""

import gzip
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from models.barge_in.meeting import Act, Meeting
from streams.errors import StreamError

_SUFFIXES: Final = (".jsonl", ".jsonl.gz")


class MeetingFormatError(StreamError):
    """A line is no act of a meeting; the text names file and line."""


class _Row(BaseModel):
    """A dialogue act. `start` and `end` in seconds; `word_end_cs` in 1/100 s after `start`. `cuts_off`: the acts that
    this one cuts off, where annotators said so; every other annotation is ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    meeting: str
    id: str
    start: float = Field(allow_inf_nan=False)
    end: float = Field(allow_inf_nan=False)
    speaker: str
    text: str
    word_end_cs: tuple[float, ...]
    cuts_off: tuple[str, ...] | None = None

    @model_validator(mode="after")
    def _consistent(self) -> "_Row":
        if self.end < self.start:
            raise ValueError(f"end {self.end} is before start {self.start}")
        words = len(self.text.split())
        if words != len(self.word_end_cs):
            raise ValueError(f"text has {words} words but word_end_cs has {len(self.word_end_cs)} times")
        return self

    def act(self) -> Act:
        ends = tuple(self.start + end / 100 for end in self.word_end_cs)
        return Act(self.id, self.speaker, self.start, self.end, tuple(self.text.lower().split()), ends)


@dataclass(frozen=True, slots=True)
class Meetings:
    """Meetings by name, and the acts that took the floor; None where nobody said so."""

    meetings: dict[str, Meeting]
    takes: dict[str, bool] | None


def meeting_files(folder: Path) -> list[Path]:
    """The files of a folder that may hold meetings, whatever they are called; the path itself when it is a file."""
    if not folder.is_dir():
        return [folder]
    return sorted(path for path in folder.iterdir() if path.name.endswith(_SUFFIXES))


def read_meetings(paths: Iterable[Path]) -> Meetings:
    """Raises `MeetingFormatError` at the first line that is no act."""
    acts: dict[str, list[Act]] = defaultdict(list)
    takes: dict[str, bool] = {}
    labelled = True
    for path in paths:
        for row in _rows(path):
            acts[row.meeting].append(row.act())
            labelled &= row.cuts_off is not None
            takes[row.id] = bool(row.cuts_off)
    return Meetings({name: Meeting(own) for name, own in acts.items()}, takes if labelled and takes else None)


def _rows(path: Path) -> Iterator[_Row]:
    number = 0
    try:
        with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as lines:
            for line in lines:
                number += 1
                if line.strip():
                    yield _Row.model_validate_json(line)
    except ValidationError as error:
        problem = error.errors()[0]
        where = ".".join(map(str, problem["loc"])) or "the line"
        raise MeetingFormatError(f"{path}, line {number}: {where}: {problem['msg']}") from None
    except (OSError, EOFError) as error:
        raise MeetingFormatError(f"{path} cannot be read: {error}") from error

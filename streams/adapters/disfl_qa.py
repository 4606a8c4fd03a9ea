"""Disfl-QA: questions with a self-repair that crowd workers put into them, beside the question as it was meant."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from pydantic import Field

from streams.adapters.source import AdapterError, Row, files_of, rows_in, rows_of

NAME = "disfl_qa"
EXPECTS = "questions as JSON lines with the fields id, fluent and disfluent"
_BROKEN = "#VALUE!"
"""What a spreadsheet left of some questions."""


class Question(Row):
    id: str = Field(min_length=1)
    fluent: str = Field(min_length=1)
    disfluent: str = Field(min_length=1)


def questions_of(folder: Path) -> Iterator[Question]:
    """The questions of all files of a folder. Raises `AdapterError` at the first that cannot be read."""
    return _whole(rows_of(folder, Question, EXPECTS))


def training_questions_of(folder: Path) -> Iterator[Question]:
    """The questions of the official training split. Raises `AdapterError` where it is missing or cannot be read."""
    paths = [path for path in files_of(folder, EXPECTS) if path.name.startswith("train.")]
    if not paths:
        raise AdapterError(f"{folder} has no file train.jsonl.gz; expected {EXPECTS}")
    return _whole(question for path in paths for question in rows_in(path, Question, EXPECTS))


def _whole(questions: Iterable[Question]) -> Iterator[Question]:
    return (question for question in questions if _BROKEN not in (question.disfluent, question.fluent))

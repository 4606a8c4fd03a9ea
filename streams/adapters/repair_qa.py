"""Repair-QA: a question, an answer to the wrong reading of it, turns that correct that, and the question as meant.

The licence of the corpus allows non-commercial use only: no model that ships learns from it.
"""

from collections.abc import Iterator
from pathlib import Path

from pydantic import Field

from streams.adapters.source import Row, rows_of

NAME = "repair_qa"
EXPECTS = "questions as JSON lines with the fields id, question, system_answer, repairs and rewrite"


class Misunderstanding(Row):
    id: str = Field(min_length=1)
    question: str = Field(min_length=1)
    system_answer: str = ""
    repairs: tuple[str, ...] = Field(min_length=1)
    rewrite: str = Field(min_length=1)


def misunderstandings_of(folder: Path) -> Iterator[Misunderstanding]:
    """The rows as they stand in the files. Raises `AdapterError` at the first that cannot be read."""
    return rows_of(folder, Misunderstanding, EXPECTS)

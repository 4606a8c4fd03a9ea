"""TREC CAsT 2020: what was asked in a conversation, beside a rewrite by hand that stands on its own (Dalton et al.,
2020)."""

from collections.abc import Iterator
from pathlib import Path

from pydantic import Field

from streams.adapters.source import Row, rows_of

NAME = "cast"
EXPECTS = "rewrites as JSON lines with the fields id, query and rewrite"


class ResolvedQuestion(Row):
    """A line of the set."""

    id: str = Field(min_length=1)
    query: str = Field(min_length=1)
    rewrite: str = Field(min_length=1)

    @property
    def topic(self) -> str:
        """Questions of one conversation hang together."""
        return self.id.rpartition("_")[0]


def questions_of(folder: Path) -> Iterator[ResolvedQuestion]:
    """The questions of all files of a folder. Raises `AdapterError` at the first that cannot be read."""
    return rows_of(folder, ResolvedQuestion, EXPECTS)

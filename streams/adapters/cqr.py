"""CQR: requests in a car that lean on what was said before, beside a rewrite that stands on its own (Regan et al.,
2019)."""

from collections.abc import Iterator
from pathlib import Path

from pydantic import Field

from streams.adapters.source import Row, rows_of

NAME = "cqr"
EXPECTS = "rewrites as JSON lines with the fields id, query, rewrite and gold_slots"


class ContextualRewrite(Row):
    """`gold_slots`: values that the rewrite must carry."""

    id: str = Field(min_length=1)
    query: str = Field(min_length=1)
    rewrite: str = Field(min_length=1)
    gold_slots: tuple[str, ...] = ()

    @property
    def dialogue(self) -> str:
        """Rewrites of one dialogue hang together."""
        return self.id.rpartition("-")[0]


def rewrites_of(folder: Path) -> Iterator[ContextualRewrite]:
    """The rewrites of all files of a folder. Raises `AdapterError` at the first that cannot be read."""
    return rows_of(folder, ContextualRewrite, EXPECTS)

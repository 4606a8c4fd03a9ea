"""`earshot score preference-retrieval`: which preference matters for a request."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from pydantic import Field

from models.preference.retrieval import Candidate, PreferenceRetriever
from streams.adapters.source import AdapterError, Row, rows_in
from streams.scoring.rows import rows_to

EXPECTS: Final = "JSON lines with the fields id, request and preferences, a list of {id, text}"
_STEP: Final = 100

Progress = Callable[[str], None]


class Stored(Row):
    id: str | int
    text: str


class Request(Row):
    """A line of the input."""

    id: str | int
    request: str = Field(min_length=1)
    preferences: tuple[Stored, ...]


def score(source: Path, target: Path, progress: Progress, model: PreferenceRetriever | None = None) -> int:
    """Rank the preferences of each row; how many rows there were. `target` appears when all of them are ranked.

    Raises `AdapterError` with file and line at the first that cannot be read, `ScoresNotWritten`, and what loading the
    model raises.
    """
    if not source.is_file():
        raise AdapterError(f"there is no file {source}; expected {EXPECTS}")
    rows = list(rows_in(source, Request, EXPECTS))
    model = model or PreferenceRetriever.load()
    with rows_to(target) as out:
        for number, row in enumerate(rows, start=1):
            # Ids may be numbers, and are given back as they came.
            candidates = [Candidate(str(at), one.text) for at, one in enumerate(row.preferences)]
            ranked = [
                {"id": row.preferences[int(one.id)].id, "score": one.score}
                for one in model.rank(row.request, candidates)
            ]
            out.write({"id": row.id, "ranked": ranked, "none": not ranked})
            if number % _STEP == 0 or number == len(rows):
                progress(f"{number:,} of {len(rows):,} rows")
    return len(rows)

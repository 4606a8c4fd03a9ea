"""`earshot score correction`: does the last turn of the user correct something, and to what?"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from pydantic import Field

from models.correction import Correction, CorrectionModel, Utterances
from models.folder import WEIGHTS
from streams.adapters.source import AdapterError, Row, lines_of, told_where
from streams.scoring.rows import rows_to
from streams.scoring.said import ASSISTANTS, SaidTurn

EXPECTS: Final = "JSON lines with the fields id and turns, a list of {role, text} whose last one is the user's"
_BATCH: Final = 256

Progress = Callable[[str], None]


class ScoredDialogue(Row):
    """A line of the input."""

    id: str | int
    turns: tuple[SaidTurn, ...] = Field(min_length=1)

    @property
    def utterances(self) -> Utterances:
        """The user's last turn with the request and the response before it."""
        places = [at for at, turn in enumerate(self.turns) if not turn.by_one_of(ASSISTANTS)]
        if not places:
            raise ValueError("turns: none of them is the user's")
        last = places[-1]
        before = places[-2] if len(places) > 1 else None
        responses = [turn.text for turn in self.turns[(before or 0) : last] if turn.by_one_of(ASSISTANTS)]
        request = self.turns[before].text if before is not None else ""
        return Utterances(self.turns[last].text, request, " ".join(responses))


def score(source: Path, target: Path, progress: Progress, model: CorrectionModel | None = None) -> int:
    """Score the rows of a file; how many there were. `target` appears when all of them are scored.

    Raises `AdapterError` with file and line at the first that cannot be read, `ScoresNotWritten`, and what loading the
    model raises.
    """
    if not source.is_file():
        raise AdapterError(f"there is no file {source}; expected {EXPECTS}")
    rows = list(_rows(source))
    model = model or CorrectionModel.load(WEIGHTS / "correction")
    with rows_to(target) as out:
        for start in range(0, len(rows), _BATCH):
            batch = rows[start : start + _BATCH]
            for (identity, _), found in zip(batch, model.find([said for _, said in batch]), strict=True):
                out.write(_row(identity, found))
            progress(f"{min(start + _BATCH, len(rows)):,} of {len(rows):,} rows")
    return len(rows)


def _rows(source: Path) -> Iterator[tuple[str | int, Utterances]]:
    for number, line in lines_of(source):
        with told_where(source, number, EXPECTS):
            row = ScoredDialogue.model_validate_json(line)
            yield row.id, row.utterances


def _row(identity: str | int, found: Correction) -> dict[str, object]:
    return {
        "id": identity,
        "label": found.label.value,
        "score": round(found.score, 6),
        "rewrite": found.rewrite,
        "value": found.value,
    }

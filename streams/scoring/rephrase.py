"""`earshot score rephrase`: pairs of requests in, what the second is to the first out."""

from collections.abc import Callable
from pathlib import Path

from models.rephrase.candidate import Candidate
from models.rephrase.retry_model import REPHRASE_FOLDER, RetryModel
from streams.adapters.source import Row, rows_in
from streams.scoring.rows import ScoresNotWritten, rows_to

__all__ = ["EXPECTS", "Pair", "ScoresNotWritten", "score"]

EXPECTS = "pairs as JSON lines with the fields first and second, and where known id, response and gap_s"

Progress = Callable[[str], None]


class Pair(Row):
    """A line of the input. `gap_s`: from the end of the response to the start of the second request."""

    id: str | int | None = None
    first: str
    second: str
    response: str | None = None
    gap_s: float | None = None


def score(source: Path, target: Path, progress: Progress, folder: Path = REPHRASE_FOLDER) -> int:
    """Write id, label, score and cause for each pair of `source`, in its order; returns how many.

    A pair without an id gets the number of its place, from 0. The target appears only when it is complete. Raises
    `AdapterError` with file and line at the first that is no pair, `ScoresNotWritten` and `ModelFolderError`.
    """
    model = RetryModel.load(folder)
    pairs = list(rows_in(source, Pair, EXPECTS))
    progress(f"{source}: {len(pairs):,} pairs")
    judged = model.judge(
        [Candidate(pair.first, pair.second, response=pair.response, gap_s=pair.gap_s) for pair in pairs]
    )
    with rows_to(target) as rows:
        for at, (pair, one) in enumerate(zip(pairs, judged, strict=True)):
            rows.write(
                {
                    "id": at if pair.id is None else pair.id,
                    "label": one.label.value,
                    "score": one.score,
                    "cause": None if one.cause is None else one.cause.value,
                }
            )
    return len(pairs)

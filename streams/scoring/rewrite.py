"""`earshot score rewrite`: what serving would answer to requests in a file."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from pydantic import Field

from models.rewrite.entry import Entry
from models.rewrite.index import RewriteIndex
from models.rewrite.learned_encoder import LearnedRequests
from models.rewrite.ranker import Ranker
from models.rewrite.snapshot import SnapshotBroken, read_snapshot, snapshots
from schemas.rewrite import REWRITE
from schemas.rewrite_decision import DecisionArm
from streams.adapters.source import AdapterError, Row, lines_of, rows_in, told_where
from streams.scoring.rows import rows_to
from streams.serve.asked import RewriteRequest
from streams.serve.decide import Decider, Verdict
from streams.serve.service import rewritten
from streams.serve.table import entry_of

EXPECTS: Final = "JSON lines with the field text, and whatever else POST /v1/rewrite takes"
TABLE_EXPECTS: Final = "rewrites as JSON lines, as on the topic rewrites.v1"
_STEP: Final = 1_000

Progress = Callable[[str], None]


class Asked(RewriteRequest, Row):
    """A line of the input. `id` is given back; where it is missing, the number of the line is."""

    id: str | int | None = Field(None)


def score(
    source: Path, table: Path, target: Path, progress: Progress, decider: Decider | None = None, holdout: float = 0.0
) -> int:
    """Answer each request; how many there were. `target` appears when all of them are answered.

    `table`: a file of rewrites, or a folder of snapshots. `holdout`: share of each rewrite's uses that is suppressed.
    Raises `AdapterError` with file and line at the first that cannot be read, or where there is no table;
    `ScoresNotWritten`; and what loading the models raises.
    """
    if not source.is_file():
        raise AdapterError(f"there is no file {source}; expected {EXPECTS}")
    asked = list(rows_in(source, Asked, EXPECTS))
    decider = decider or Decider(table_of(table, progress), Ranker.load(), lambda _user: {}, holdout)
    with rows_to(target) as out:
        for number, request in enumerate(asked, start=1):
            out.write({"id": number if request.id is None else request.id, **_told(decider.decide(request))})
            if number % _STEP == 0 or number == len(asked):
                progress(f"{number:,} of {len(asked):,} requests")
    return len(asked)


def table_of(table: Path, progress: Progress) -> RewriteIndex:
    """The index of a file of rewrites, or of the newest snapshot in a folder. Raises `AdapterError`, and what loading
    the encoder raises."""
    index = RewriteIndex(LearnedRequests.load())
    if table.is_dir():
        _read_snapshot(index, table)
    elif table.is_file():
        for entry in _entries(table):
            index.put(entry)
    else:
        raise AdapterError(f"there is no {table}; expected {TABLE_EXPECTS}, or a folder of snapshots")
    progress(f"{len(index):,} rewrites")
    index.lay_out()
    return index


def _read_snapshot(index: RewriteIndex, folder: Path) -> None:
    found = snapshots(folder)
    if not found:
        raise AdapterError(f"{folder} holds no snapshot; expected a folder that `earshot rewrites snapshot` wrote to")
    try:
        read_snapshot(index, found[0])
    except SnapshotBroken as fault:
        raise AdapterError(str(fault)) from fault


def _entries(table: Path) -> Iterator[Entry]:
    for number, line in lines_of(table):
        with told_where(table, number, TABLE_EXPECTS):
            yield entry_of(REWRITE.validate_json(line))


def _told(verdict: Verdict) -> dict[str, object]:
    served = verdict.arm is DecisionArm.SERVED and verdict.entry is not None
    made = rewritten(verdict.entry) if served and verdict.entry is not None else None
    return {
        "rewrite": made.text if made is not None else None,
        "rewrite_id": made.rewrite_id if made is not None else None,
        "source": verdict.layer.value if verdict.layer is not None else None,
        "score": verdict.score,
        "arm": verdict.arm.value,
        "reason": verdict.reason.value,
    }

"""The rewrite table as it stands on its topic, for who looks after it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from infra.kafka.topics import REWRITES
from infra.settings import Settings
from models.rewrite.entry import Entry
from models.rewrite.snapshot import read_entries, read_manifest, snapshots
from processors.rewrite_choice import SOLVER
from schemas.rewrite import REWRITE, Rewrite
from streams.errors import StreamError
from streams.serve.loading import snapshot_folder
from streams.serve.standing import put_record
from streams.serve.table import entry_of, rewrite_of
from streams.serve.table_writer import TableWriter
from streams.topic_reader import TopicReader

_ROLLED_BACK: Final = "rolled-back"
_BECAUSE: Final = "rolled back to snapshot"


class NoSuchRewrite(StreamError):
    """Nothing is known under that id or key."""


class NothingToRollBackTo(StreamError):
    """There is no snapshot before the last."""


class TableFileBroken(StreamError):
    """A file holds no rewrites."""


def read_table(settings: Settings) -> dict[str, Rewrite]:
    """Every rewrite by its key; records that cannot be read are told of. Raises `TopicMissing`, `BrokerUnavailable`."""
    table: dict[str, Rewrite] = {}
    with TopicReader(settings, [REWRITES.full_name(settings)]) as reader:
        for record in reader.rest():
            put_record(table, REWRITE, record)
    return table


def read_table_file(file: Path) -> list[Rewrite]:
    """Rewrites of a file of JSON lines, as `export` writes it. Raises `TableFileBroken`."""
    try:
        lines = file.read_bytes().splitlines()
    except OSError as fault:
        raise TableFileBroken(f"{file} cannot be read: {fault.strerror}") from fault
    rewrites = []
    for number, line in enumerate(filter(None, lines), start=1):
        try:
            rewrites.append(REWRITE.validate_json(line))
        except ValidationError as fault:
            problem = fault.errors()[0]
            where = ".".join(map(str, problem["loc"]))
            raise TableFileBroken(f"{file}, line {number}: {where}: {problem['msg']}") from fault
    return rewrites


def one_of(table: dict[str, Rewrite], name: str) -> Rewrite:
    """By key or id. Raises `NoSuchRewrite`."""
    found = table.get(name) or next((one for one in table.values() if one.event_id == name), None)
    if found is None:
        raise NoSuchRewrite(f"no rewrite is known as {name!r}; `earshot rewrites list` shows ids")
    return found


def blocked(rewrite: Rewrite, because: str | None) -> Rewrite:
    """The same, blocked for a reason, or allowed again: what became of it until now counts against it no longer."""
    update: dict[str, object] = {"blocked": because is not None, "blocked_because": because}
    if because is None:
        update["cleared_at"] = max(datetime.now(UTC), rewrite.last_seen)
    return rewrite.model_copy(update=update)


@dataclass(frozen=True, slots=True)
class RolledBack:
    """What a roll-back changed. `number` is the snapshot's."""

    number: int
    restored: int
    blocked: int


def roll_back(settings: Settings, writer: TableWriter, dry_run: bool = False) -> RolledBack:
    """Put the global layer back to the snapshot before the last: what has changed since is restored, what is new is
    blocked. It is done by new records, so that everybody who reads the table follows; what is learned changes them no
    more, until `resume`. Raises `NothingToRollBackTo`,
    `SnapshotBroken`, `TopicMissing`, `BrokerUnavailable`."""
    held = snapshots(snapshot_folder(settings))
    if len(held) < 2:
        raise NothingToRollBackTo(f"{snapshot_folder(settings)} holds {len(held)} snapshots, two are needed")
    number = read_manifest(held[1]).number
    before = {entry.key: entry for entry in read_entries(held[1]) if not entry.personal}
    now = {key: one for key, one in read_table(settings).items() if one.user_id is None}
    solver = f"{_ROLLED_BACK}/{number}"
    restored = [
        rewrite_of(entry).model_copy(update={"solver": solver})
        for key, entry in before.items()
        if _differs(now.get(key), entry)
    ]
    because = f"{_BECAUSE} {number}"
    stopped = [blocked(one, because) for key, one in now.items() if key not in before and not one.blocked]
    if not dry_run:
        writer.put_rewrites([*restored, *stopped])
    return RolledBack(number, len(restored), len(stopped))


def resume(settings: Settings, writer: TableWriter, dry_run: bool = False) -> int:
    """Let what is learned change again what roll-backs have fixed or blocked; how many rewrites that are. Raises
    `TopicMissing`, `BrokerUnavailable`."""
    freed = []
    for one in read_table(settings).values():
        if one.solver.startswith(f"{_ROLLED_BACK}/"):
            freed.append(one.model_copy(update={"solver": SOLVER}))
        elif one.blocked_because is not None and one.blocked_because.startswith(_BECAUSE):
            freed.append(blocked(one, None))
    if not dry_run:
        writer.put_rewrites(freed)
    return len(freed)


def matching(table: dict[str, Rewrite], text: str | None, user: str | None, only_blocked: bool) -> Iterator[Rewrite]:
    """Those that hold a text, of one person or of the global layer if no user is given, the best supported first."""
    wanted: Sequence[Rewrite] = sorted(table.values(), key=lambda one: -one.support)
    for one in wanted:
        if one.user_id != user or (only_blocked and not one.blocked):
            continue
        if text is None or any(text in words for words in (*one.source_texts, one.target_text, one.source)):
            yield one


def _differs(now: Rewrite | None, before: Entry) -> bool:
    if now is None:
        return True
    held = entry_of(now)
    return (held.target_state, held.target, held.blocked_because) != (
        before.target_state,
        before.said,
        before.blocked_because,
    )

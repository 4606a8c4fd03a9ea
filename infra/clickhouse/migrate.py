"""Bring a database to the tables that this code needs: numbered SQL files, forward only, safe to run again."""

import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from importlib.resources import files
from importlib.resources.abc import Traversable

from infra.clickhouse.errors import StoreError, StoreRefused
from infra.clickhouse.store import Store
from infra.settings import Settings

_FILE_NAME = re.compile(r"^(\d{4})_(\w+)\.sql$")
_REQUIRES = re.compile(r"^--\s*requires\s+(\d+)\.(\d+)\s*$", re.MULTILINE)
_ADDS = re.compile(r"^--\s*adds\s+(\w+)\.(\w+)\s*$", re.MULTILINE)
_COMMENT = re.compile(r"^\s*--.*$", re.MULTILINE)
_STATUS_TABLE = """
CREATE TABLE IF NOT EXISTS migrations
(
    number UInt32,
    name String,
    checksum String,
    applied_at DateTime('UTC') DEFAULT now()
)
ENGINE = ReplacingMergeTree(applied_at)
ORDER BY number
"""


class MigrationRefused(StoreRefused):
    """The database and the migrations of this code do not go together; nothing was changed."""


class Outcome(StrEnum):
    """What became of a migration."""

    APPLIED = "applied"
    ALREADY_APPLIED = "already applied"


@dataclass(frozen=True)
class Statement:
    """One statement of a migration. `requires`: (major, minor) of the oldest server that runs it, None for all.
    `adds`: (table, column) that it adds; old servers know no ADD COLUMN IF NOT EXISTS."""

    sql: str
    requires: tuple[int, int] | None = None
    adds: tuple[str, str] | None = None


@dataclass(frozen=True)
class Migration:
    """One numbered file. Every statement can be run twice, so a migration that broke off is run again."""

    number: int
    name: str
    text: str

    @property
    def checksum(self) -> str:
        """SHA-256 of the statements, without comments and layout."""
        plain = " ".join(_COMMENT.sub("", self.text).split())
        return hashlib.sha256(plain.encode()).hexdigest()

    @cached_property
    def statements(self) -> tuple[Statement, ...]:
        """Parts that end with `;` at the end of a line. `-- requires 20.8` before one skips it on an older server;
        `-- adds TABLE.COLUMN` skips it where the column is there already."""
        return tuple(_statements(self.text))


@dataclass(frozen=True)
class Step:
    """A migration that was dealt with. `skipped`: statements that need a newer server."""

    migration: Migration
    outcome: Outcome
    skipped: int = 0


def migrate(
    store: Store,
    settings: Settings,
    on_step: Callable[[Step], None] = lambda step: None,
    migrations: Sequence[Migration] | None = None,
) -> None:
    """Create the database and apply what it lacks, in order; several processes may do so at once.

    Raises MigrationRefused when an applied migration differs from its file, when one was left out, or when the
    database has migrations that this code does not know.
    """
    known = packaged_migrations() if migrations is None else migrations
    store.create_database()
    store.execute(_STATUS_TABLE)
    applied = _applied(store)
    _check(applied, known, settings.clickhouse_database)
    version = _server_version(store)
    for migration in known:
        if migration.number in applied:
            on_step(Step(migration, Outcome.ALREADY_APPLIED))
            continue
        fitting = [s for s in migration.statements if s.requires is None or s.requires <= version]
        for statement in fitting:
            _execute(store, settings.clickhouse_database, statement)
        store.insert(
            "migrations",
            {"number": [migration.number], "name": [migration.name], "checksum": [migration.checksum]},
        )
        on_step(Step(migration, Outcome.APPLIED, len(migration.statements) - len(fitting)))


def _execute(store: Store, database: str, statement: Statement) -> None:
    if statement.adds is None:
        store.execute(statement.sql)
    elif not _has_column(store, database, *statement.adds):
        try:
            store.execute(statement.sql)
        except StoreError:
            if not _has_column(store, database, *statement.adds):  # else another process was faster
                raise


def _has_column(store: Store, database: str, table: str, column: str) -> bool:
    found = store.query(
        "SELECT name FROM system.columns WHERE database = %(database)s AND table = %(table)s AND name = %(column)s",
        {"database": database, "table": table, "column": column},
    )
    return bool(found)


def packaged_migrations() -> tuple[Migration, ...]:
    """The migrations that come with this code, in order. Raises MigrationRefused when their numbers have a gap."""
    return read_migrations(files("infra.clickhouse.migrations"))


def read_migrations(folder: Traversable) -> tuple[Migration, ...]:
    """The migrations in a folder, in order. Raises MigrationRefused when their numbers are not 1, 2, 3 ..."""
    found = [
        Migration(int(match[1]), match[2], file.read_text("utf-8"))
        for file in folder.iterdir()
        if (match := _FILE_NAME.match(file.name))
    ]
    found.sort(key=lambda migration: migration.number)
    numbers = [migration.number for migration in found]
    if numbers != list(range(1, len(found) + 1)):
        raise MigrationRefused(f"migrations must be numbered 1, 2, 3 ... without gap or double, not {numbers}")
    return tuple(found)


def _applied(store: Store) -> dict[int, tuple[str, str]]:
    rows = store.query("SELECT number, name, checksum FROM migrations FINAL ORDER BY number")
    return {int(str(row["number"])): (str(row["name"]), str(row["checksum"])) for row in rows}


def _check(applied: dict[int, tuple[str, str]], known: Sequence[Migration], database: str) -> None:
    by_number = {migration.number: migration for migration in known}
    if unknown := sorted(set(applied) - set(by_number)):
        newest = f"{unknown[-1]:04d}_{applied[unknown[-1]][0]}"
        raise MigrationRefused(
            f"database {database} is newer than this code: it has migration {newest}, the code knows"
            f" {len(known)}; install the newer Earshot or use another EARSHOT_CLICKHOUSE_DATABASE"
        )
    if missing := sorted(set(range(1, max(applied, default=0) + 1)) - set(applied)):
        raise MigrationRefused(
            f"database {database} lacks migration {missing[0]} but has a later one; it was changed by hand:"
            " restore it or start with an empty database"
        )
    for number, (name, checksum) in applied.items():
        if checksum != by_number[number].checksum:
            raise MigrationRefused(
                f"migration {number:04d}_{name} was changed after it was applied to database {database};"
                " put the file back as it was and write the change as a new migration"
            )


def _server_version(store: Store) -> tuple[int, int]:
    (row,) = store.query("SELECT version() AS version")
    major, minor = str(row["version"]).split(".")[:2]
    return int(major), int(minor)


def _statements(text: str) -> Iterator[Statement]:
    for part in re.split(r";[ \t]*$", text, flags=re.MULTILINE):
        sql = _COMMENT.sub("", part).strip()
        if sql:
            requires, adds = _REQUIRES.search(part), _ADDS.search(part)
            yield Statement(
                sql,
                (int(requires[1]), int(requires[2])) if requires else None,
                (adds[1], adds[2]) if adds else None,
            )

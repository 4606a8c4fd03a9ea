"""chDB: ClickHouse's engine as a library on a folder, so that a bare machine needs no server."""

import fcntl
import os
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa

from infra.clickhouse.arrow import arrow_table
from infra.clickhouse.errors import StoreError, StoreInUse, StoreRefused, store_error
from infra.clickhouse.parameters import quoted, render

_SERVER_OPTIONS = {
    "mark_cache_size": 64 << 20,
    "primary_index_cache_size": 64 << 20,
    "query_condition_cache_size": 8 << 20,
    "compiled_expression_cache_size": 8 << 20,
    "parquet_metadata_cache_size": 1 << 20,
    "max_thread_pool_size": 256,
}
_QUERY_OPTIONS = "SET async_insert = 0, max_partitions_per_insert_block = 0, date_time_output_format = 'unix_timestamp'"
_ROWS = "JSONCompactEachRowWithNamesAndTypes"
_CODE = re.compile(r"Code:\s*(\d+)")


class EmbeddedStore:
    """`Store` on a folder that this process owns until `close`.

    One engine a process: a second folder, or the same one from a forked child, is refused. Calls from several
    threads take turns.
    """

    def __init__(self, folder: Path, database: str) -> None:
        """Open `folder`, made when missing, and create `database` in it. Raises StoreInUse when another owns it."""
        self._folder = folder.absolute()
        self._database = database
        self._where = f"the store in {self._folder}"
        self._turn = threading.RLock()
        self._process = os.getpid()
        self._lock = _own(self._folder)
        try:
            self._connection: Any = self._open()
        except BaseException:  # whatever it was, nobody else could open the folder while this process lives
            self._lock.close()
            raise
        self._types: dict[str, dict[str, str]] = {}
        self.create_database()

    def insert(self, table: str, columns: Mapping[str, Sequence[object]]) -> None:
        """See `Store.insert`."""
        rows = arrow_table(columns, self._types_of(table))
        names = ", ".join(map(quoted, columns))
        self._run(f"INSERT INTO {quoted(table)} ({names}) SELECT {names} FROM Python(rows)", rows=rows)

    def query(self, sql: str, parameters: Mapping[str, object] | None = None) -> list[dict[str, object]]:
        """See `Store.query`."""
        lines = self._run(render(sql, parameters), _ROWS).split(b"\n")
        if len(lines) < 2:
            return []
        names: list[str] = orjson.loads(lines[0])
        readers = [(i, reader) for i, kind in enumerate(orjson.loads(lines[1])) if (reader := _reader(kind))]
        found = []
        for line in lines[2:]:
            if not line:
                continue
            values = orjson.loads(line)
            for i, reader in readers:
                values[i] = reader(values[i])
            found.append(dict(zip(names, values, strict=True)))
        return found

    def execute(self, sql: str, parameters: Mapping[str, object] | None = None) -> None:
        """See `Store.execute`."""
        with self._turn:
            self._types.clear()  # it may be DDL
            self._run(render(sql, parameters))

    def create_database(self) -> None:
        """See `Store.create_database`."""
        with self._turn:
            self._run(f"CREATE DATABASE IF NOT EXISTS {quoted(self._database)}")
            self._run(f"USE {quoted(self._database)}")

    def close(self) -> None:
        """Close the engine, so that another process may open the folder."""
        with self._turn:
            if self._connection is not None and os.getpid() == self._process:
                self._connection.close()
                self._lock.close()
            self._connection = None

    def _open(self) -> Any:
        import chdb  # 270 MB: only where it is used

        options = "&".join(f"{name}={value}" for name, value in _SERVER_OPTIONS.items())
        try:
            connection = chdb.connect(f"{self._folder}?{options}")
            connection.query(_QUERY_OPTIONS)
        except (RuntimeError, chdb.ChdbError) as error:
            raise _as_store_error(error, self._where) from error
        return connection

    def _run(self, sql: str, output: str = "CSV", rows: pa.Table | None = None) -> bytes:
        """Run `sql`; the engine finds `rows` by its name in this frame."""
        if os.getpid() != self._process:
            raise StoreRefused(f"{self._where} was opened before a fork; start processes by spawn and open it in one")
        import chdb

        with self._turn:
            if self._connection is None:
                raise StoreRefused(f"{self._where} is closed")
            try:
                return bytes(self._connection.query(sql, output).bytes())
            except (RuntimeError, chdb.ChdbError) as error:
                raise _as_store_error(error, self._where) from error

    def _types_of(self, table: str) -> dict[str, str]:
        with self._turn:
            if table not in self._types:
                described = self.query(f"DESCRIBE TABLE {quoted(table)}")
                self._types[table] = {str(row["name"]): str(row["type"]) for row in described}
            return self._types[table]


def _own(folder: Path) -> Any:
    """An open file that is locked for as long as this process owns the folder."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder.parent / f"{folder.name}.lock").open("a+", encoding="utf-8")
    except OSError as error:
        raise StoreRefused(f"cannot keep the store in {folder}: {error.strerror or error}") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        lock.seek(0)
        owner = lock.read().strip() or "unknown"
        lock.close()
        raise StoreInUse(
            f"the store in {folder} is open in another place (pid {owner}); one process owns it:"
            " stop that one, or use a server with EARSHOT_STORE=clickhouse"
        ) from error
    lock.truncate(0)
    lock.write(str(os.getpid()))
    lock.flush()
    return lock


def _as_store_error(error: Exception, where: str) -> StoreError:
    text = str(error)
    found = _CODE.search(text)
    return store_error(int(found[1]) if found else 0, text, where)


def _reader(kind: str) -> Callable[[Any], object] | None:
    """How to read a JSON value of a ClickHouse type that JSON has no word for; None when it needs no reading."""
    if kind.startswith("Array("):
        each = _reader(kind[6:-1])
        return None if each is None else lambda values: [each(value) for value in values]
    if kind.startswith("Nullable("):
        some = _reader(kind[9:-1])
        return None if some is None else lambda value: None if value is None else some(value)
    if kind.startswith("DateTime"):
        return lambda value: datetime.fromtimestamp(float(value), UTC)
    if kind == "Date":
        return date.fromisoformat
    return None

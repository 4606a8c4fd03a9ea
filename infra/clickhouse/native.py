"""A ClickHouse server over its native protocol: columnar inserts, one connection a thread."""

import logging
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime

from clickhouse_driver import Client
from clickhouse_driver import errors as driver_errors

from infra.clickhouse.errors import RowsRefused, StoreUnavailable, store_error
from infra.clickhouse.parameters import quoted, render
from infra.settings import Settings

logging.getLogger("clickhouse_driver.connection").setLevel(logging.ERROR)  # it logs a stack trace a failed attempt

_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_CONNECT_TIMEOUT_S = 5
_REPLY_TIMEOUT_S = 120
_CLIENT_ERRORS = (driver_errors.TypeMismatchError, driver_errors.LogicalError)
_UNENCODABLE = (ValueError, TypeError, AttributeError, OverflowError)


class NativeStore:
    """`Store` on a server. Connections are opened when first needed, and again after they broke."""

    def __init__(self, settings: Settings) -> None:
        self._database = settings.clickhouse_database
        self._where = f"ClickHouse at {settings.clickhouse_host}:{settings.clickhouse_port}"
        self._options: dict[str, object] = {
            "host": settings.clickhouse_host,
            "port": settings.clickhouse_port,
            "user": settings.clickhouse_user,
            "password": settings.clickhouse_password.get_secret_value(),
            "secure": settings.clickhouse_secure,
            "ca_certs": str(settings.clickhouse_ca_file) if settings.clickhouse_ca_file else None,
            "connect_timeout": _CONNECT_TIMEOUT_S,
            "send_receive_timeout": _REPLY_TIMEOUT_S,
            "compression": False if settings.clickhouse_host in _LOOPBACK else "lz4",
            "client_name": "earshot",
        }
        self._own = threading.local()
        self._clients: list[Client] = []
        self._opening = threading.Lock()

    def insert(self, table: str, columns: Mapping[str, Sequence[object]]) -> None:
        """See `Store.insert`."""
        names = ", ".join(map(quoted, columns))
        with self._speaking(inserting=True) as client:
            client.execute(
                f"INSERT INTO {quoted(table)} ({names}) VALUES", [list(c) for c in columns.values()], columnar=True
            )

    def query(self, sql: str, parameters: Mapping[str, object] | None = None) -> list[dict[str, object]]:
        """See `Store.query`."""
        with self._speaking() as client:
            rows, described = client.execute(render(sql, parameters), with_column_types=True)
        names = [name for name, _ in described]
        moments = [i for i, (_, kind) in enumerate(described) if "DateTime" in kind]
        if not moments:
            return [dict(zip(names, row, strict=True)) for row in rows]
        found = []
        for row in rows:
            values = list(row)
            for i in moments:
                values[i] = _in_utc(values[i])
            found.append(dict(zip(names, values, strict=True)))
        return found

    def execute(self, sql: str, parameters: Mapping[str, object] | None = None) -> None:
        """See `Store.execute`."""
        with self._speaking() as client:
            client.execute(render(sql, parameters))

    def create_database(self) -> None:
        """See `Store.create_database`."""
        with self._speaking(database="") as client:
            client.execute(f"CREATE DATABASE IF NOT EXISTS {quoted(self._database)}")

    def close(self) -> None:
        """Close the connections of all threads."""
        with self._opening:
            for client in self._clients:
                client.disconnect()
            self._clients.clear()
        self._own = threading.local()

    @contextmanager
    def _speaking(self, *, inserting: bool = False, database: str | None = None) -> Iterator[Client]:
        """A connection for this thread; what the driver raises becomes one of `infra.clickhouse.errors`."""
        try:
            if database is None:
                yield self._client()
            else:
                client = self._connect(database)
                try:
                    yield client
                finally:
                    client.disconnect()
        except driver_errors.NetworkError as error:
            raise StoreUnavailable(f"{self._where} does not answer: {_brief(error)}", error.code) from error
        except _CLIENT_ERRORS as error:
            raise RowsRefused(_brief(error), error.code) from error
        except driver_errors.Error as error:
            raise store_error(error.code, str(getattr(error, "message", "") or error), self._where) from error
        except (OSError, EOFError) as error:
            raise StoreUnavailable(f"{self._where} broke off: {error or 'end of file'}") from error
        except _UNENCODABLE as error:
            if not inserting:
                raise
            raise RowsRefused(f"{type(error).__name__}: {error}") from error

    def _client(self) -> Client:
        client: Client | None = getattr(self._own, "client", None)
        if client is None:
            client = self._own.client = self._connect(self._database)
            with self._opening:
                self._clients.append(client)
        return client

    def _connect(self, database: str) -> Client:
        return Client(**self._options, database=database)


def _in_utc(value: object) -> object:
    if isinstance(value, datetime):
        return value.astimezone(UTC)
    if isinstance(value, list | tuple):
        return [_in_utc(one) for one in value]
    return value


def _brief(error: driver_errors.Error) -> str:
    return str(getattr(error, "message", "") or error).split("\n")[0]

"""The small interface that everything else sees of ClickHouse, whichever engine is behind it."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from infra.clickhouse.errors import RowsRefused, StoreError, StoreInUse, StoreRefused, StoreUnavailable
from infra.settings import Settings

__all__ = ["RowsRefused", "Store", "StoreError", "StoreInUse", "StoreRefused", "StoreUnavailable", "open_store"]


class Store(Protocol):
    """One database. Safe to use from several threads. Table names are unqualified.

    `%(name)s` in SQL is replaced by the escaped parameter (`infra.clickhouse.parameters`); without parameters, `%` is
    left alone. Every method raises StoreUnavailable (try again) or StoreRefused (stop).
    """

    def insert(self, table: str, columns: Mapping[str, Sequence[object]]) -> None:
        """Insert equally long columns as one block; returns when it is stored.

        DateTime columns take epoch seconds. Raises RowsRefused, having stored nothing, when a value does not fit.
        """

    def query(self, sql: str, parameters: Mapping[str, object] | None = None) -> list[dict[str, object]]:
        """Rows by column name. A DateTime comes back as an aware datetime in UTC."""

    def execute(self, sql: str, parameters: Mapping[str, object] | None = None) -> None:
        """Run a statement that returns nothing."""

    def create_database(self) -> None:
        """Create this store's database unless it exists."""

    def close(self) -> None:
        """Let go of connections and folders; the store is of no use afterwards."""


def open_store(settings: Settings) -> Store:
    """The store that `settings` name. A server is first spoken to by the first call, a folder is opened here.

    Raises StoreInUse when the folder belongs to another process, StoreRefused when it cannot be opened.
    """
    if settings.store == "embedded":
        from infra.clickhouse.embedded import EmbeddedStore

        return EmbeddedStore(settings.home / "chdb", settings.clickhouse_database)
    from infra.clickhouse.native import NativeStore

    return NativeStore(settings)

"""Migrations on real stores."""

import threading

import pytest

from infra.clickhouse.migrate import Migration, MigrationRefused, Outcome, Step, migrate, packaged_migrations
from infra.clickhouse.store import Store, open_store
from infra.settings import Settings

pytestmark = pytest.mark.clickhouse

_FIRST = Migration(1, "first", "CREATE TABLE IF NOT EXISTS a (n UInt8) ENGINE = MergeTree() ORDER BY n;")
_SECOND = Migration(2, "second", "CREATE TABLE IF NOT EXISTS b (n UInt8) ENGINE = MergeTree() ORDER BY n;")


def _tables(store: Store) -> set[str]:
    return {
        str(row["name"]) for row in store.query("SELECT name FROM system.tables WHERE database = currentDatabase()")
    }


def test_all_migrations_apply_to_an_empty_store(empty_store: Store, store_settings: Settings) -> None:
    steps: list[Step] = []

    migrate(empty_store, store_settings, steps.append)

    assert [step.outcome for step in steps] == [Outcome.APPLIED] * len(packaged_migrations())
    assert {"turns", "feedback", "dialogues", "verdicts", "dead_letters", "turns_per_minute"} <= _tables(empty_store)


def test_migrating_again_changes_nothing(store: Store, store_settings: Settings) -> None:
    before = _tables(store)
    steps: list[Step] = []

    migrate(store, store_settings, steps.append)

    assert {step.outcome for step in steps} == {Outcome.ALREADY_APPLIED}
    assert _tables(store) == before


def test_a_migration_that_broke_off_is_run_again(empty_store: Store, store_settings: Settings) -> None:
    empty_store.create_database()
    empty_store.execute(packaged_migrations()[0].statements[0].sql)

    migrate(empty_store, store_settings)

    assert "dead_letters" in _tables(empty_store)


def test_only_what_is_new_is_applied(empty_store: Store, store_settings: Settings) -> None:
    migrate(empty_store, store_settings, migrations=[_FIRST])
    steps: list[Step] = []

    migrate(empty_store, store_settings, steps.append, migrations=[_FIRST, _SECOND])

    assert [step.outcome for step in steps] == [Outcome.ALREADY_APPLIED, Outcome.APPLIED]


def test_a_changed_migration_is_refused(empty_store: Store, store_settings: Settings) -> None:
    migrate(empty_store, store_settings, migrations=[_FIRST])
    changed = Migration(1, "first", _FIRST.text.replace("UInt8", "UInt16"))

    with pytest.raises(MigrationRefused, match="0001_first was changed after it was applied"):
        migrate(empty_store, store_settings, migrations=[changed])


def test_a_database_newer_than_the_code_is_refused(empty_store: Store, store_settings: Settings) -> None:
    migrate(empty_store, store_settings, migrations=[_FIRST, _SECOND])

    with pytest.raises(MigrationRefused, match="newer than this code: it has migration 0002_second"):
        migrate(empty_store, store_settings, migrations=[_FIRST])


def test_a_migration_that_was_left_out_is_refused(empty_store: Store, store_settings: Settings) -> None:
    migrate(empty_store, store_settings, migrations=[_FIRST])
    empty_store.insert("migrations", {"number": [3], "name": ["third"], "checksum": ["x"]})
    third = Migration(3, "third", "SELECT 1;")

    with pytest.raises(MigrationRefused, match="lacks migration 2"):
        migrate(empty_store, store_settings, migrations=[_FIRST, _SECOND, third])


def test_a_statement_for_a_newer_server_is_skipped(empty_store: Store, store_settings: Settings) -> None:
    text = "-- requires 999.1\nSELECT no_such_function();\n-- requires 1.1\n" + _FIRST.text
    steps: list[Step] = []

    migrate(empty_store, store_settings, steps.append, migrations=[Migration(1, "first", text)])

    assert [step.skipped for step in steps] == [1]
    assert "a" in _tables(empty_store)


def test_a_column_that_is_there_is_not_added_again(empty_store: Store, store_settings: Settings) -> None:
    migrate(empty_store, store_settings, migrations=[_FIRST])
    empty_store.execute("ALTER TABLE a ADD COLUMN more String")  # a migration that broke off after its statement
    second = Migration(2, "second", "-- adds a.more\nALTER TABLE a ADD COLUMN more String;")

    migrate(empty_store, store_settings, migrations=[_FIRST, second])

    assert empty_store.query("SELECT count() AS n FROM migrations FINAL") == [{"n": 2}]


def test_three_workers_may_migrate_at_once(clickhouse_settings: Settings) -> None:
    failures: list[Exception] = []

    def run() -> None:
        try:
            migrate(open_store(clickhouse_settings), clickhouse_settings)
        except Exception as error:  # noqa: BLE001 - told below
            failures.append(error)

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    store = open_store(clickhouse_settings)
    assert failures == []
    assert store.query("SELECT count() AS n FROM migrations FINAL") == [{"n": len(packaged_migrations())}]

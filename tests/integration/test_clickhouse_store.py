"""The store's interface, the same on a ClickHouse server and on chDB."""

import subprocess
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import SecretStr

from infra.clickhouse.embedded import EmbeddedStore
from infra.clickhouse.migrate import migrate
from infra.clickhouse.server import LocalServer
from infra.clickhouse.store import RowsRefused, Store, StoreRefused, StoreUnavailable, open_store
from infra.settings import Settings

pytestmark = pytest.mark.clickhouse

_NASTY = "it's \"quoted\" \\ back`tick %s %(x)s\nnew\tline\0nul \u2028 日本語 😀 {a: 'b'}"


@pytest.fixture
def values(store: Store) -> Store:
    store.execute(
        "CREATE TABLE sample (id String, at DateTime('UTC'), n Nullable(Int64), parts Array(String),"
        " scores Array(Nullable(Float32))) ENGINE = MergeTree() ORDER BY id"
    )
    return store


def test_every_kind_of_value_comes_back_as_it_went_in(values: Store) -> None:
    values.insert(
        "sample",
        {
            "id": [_NASTY, ""],
            "at": [1_767_607_200, 0],
            "n": [-(2**62), None],
            "parts": [[_NASTY, ""], ()],
            "scores": [[0.5, None], ()],
        },
    )

    assert values.query("SELECT * FROM sample ORDER BY id DESC") == [
        {
            "id": _NASTY,
            "at": datetime(2026, 1, 5, 10, tzinfo=UTC),
            "n": -(2**62),
            "parts": [_NASTY, ""],
            "scores": [0.5, None],
        },
        {"id": "", "at": datetime(1970, 1, 1, tzinfo=UTC), "n": None, "parts": [], "scores": []},
    ]


def test_a_parameter_means_what_it_says(values: Store) -> None:
    values.insert("sample", {"id": [_NASTY, "other"], "at": [1_767_607_200] * 2, "parts": [["a"], []]})

    found = values.query(
        "SELECT id FROM sample WHERE id = %(id)s AND at = %(at)s AND id IN %(ids)s AND parts = %(parts)s",
        {"id": _NASTY, "at": datetime(2026, 1, 5, 10, tzinfo=UTC), "ids": (_NASTY, "x"), "parts": ["a"]},
    )

    assert found == [{"id": _NASTY}]


def test_no_rows_are_an_empty_list(values: Store) -> None:
    assert values.query("SELECT * FROM sample") == []


@pytest.mark.parametrize("bad", [{"at": [-1]}, {"at": [2**32]}, {"n": [2**64]}, {"id": ["\ud800"]}, {"id": [None]}])
def test_a_value_that_does_not_fit_refuses_the_insert_and_the_store_goes_on(
    values: Store, bad: dict[str, list[object]]
) -> None:
    with pytest.raises(RowsRefused):
        values.insert("sample", {"id": ["a"], "at": [0], "n": [1], **bad})

    values.insert("sample", {"id": ["b"], "at": [0], "n": [1]})
    assert values.query("SELECT id FROM sample") == [{"id": "b"}]


def test_a_missing_table_says_to_migrate(empty_store: Store) -> None:
    empty_store.create_database()

    with pytest.raises(StoreRefused, match="earshot migrate"):
        empty_store.query("SELECT * FROM turns")


def test_a_wrong_query_is_refused_in_one_line(store: Store) -> None:
    with pytest.raises(StoreRefused) as caught:
        store.query("SELEC 1")

    assert "\n" not in str(caught.value)


def test_several_threads_read_and_write_at_once(values: Store) -> None:
    def write(writer: int) -> None:
        for number in range(10):
            values.insert("sample", {"id": [f"{writer}-{number}"], "at": [0]})
            values.query("SELECT count() AS n FROM sample")

    threads = [threading.Thread(target=write, args=(writer,)) for writer in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert values.query("SELECT uniqExact(id) AS n FROM sample") == [{"n": 40}]


def test_a_missing_database_says_to_migrate(clickhouse_settings: Settings) -> None:
    store = open_store(clickhouse_settings)

    with pytest.raises(StoreRefused, match="earshot migrate"):
        store.query("SELECT 1")


def test_a_server_that_is_not_there_is_unavailable(free_ports) -> None:
    (port,) = free_ports(1)
    store = open_store(Settings(store="clickhouse", clickhouse_port=port))

    with pytest.raises(StoreUnavailable, match=f"127.0.0.1:{port} does not answer"):
        store.query("SELECT 1")


def test_a_wrong_password_is_refused_in_one_clear_line(tmp_path: Path, free_ports) -> None:
    (port,) = free_ports(1)
    server = LocalServer(tmp_path, port, password="s3cret & <odd>")
    server.start()
    try:
        server.wait_ready()
        right = Settings(store="clickhouse", clickhouse_port=port, clickhouse_password=SecretStr("s3cret & <odd>"))
        migrate(open_store(right), right)
        wrong = Settings(store="clickhouse", clickhouse_port=port, clickhouse_password=SecretStr("guess"))

        with pytest.raises(StoreRefused, match="refuses the user or password") as caught:
            open_store(wrong).query("SELECT 1")

        assert "EARSHOT_CLICKHOUSE_PASSWORD" in str(caught.value)
        assert "\n" not in str(caught.value)
        assert "guess" not in str(caught.value)
    finally:
        server.stop()


def test_a_connection_that_broke_is_opened_anew(tmp_path: Path, free_ports) -> None:
    (port,) = free_ports(1)
    server = LocalServer(tmp_path, port)
    server.start()
    try:
        server.wait_ready()
        settings = Settings(store="clickhouse", clickhouse_port=port)
        store = open_store(settings)
        migrate(store, settings)
        server.kill()
        with pytest.raises(StoreUnavailable):
            store.query("SELECT 1 AS one")
        server.start()
        server.wait_ready()

        assert store.query("SELECT 1 AS one") == [{"one": 1}]
    finally:
        server.stop()


def test_a_folder_that_another_process_owns_is_refused(tmp_path: Path) -> None:
    store = EmbeddedStore(tmp_path / "chdb", "earshot")
    try:
        code = (
            "import sys; from pathlib import Path; from infra.clickhouse.embedded import EmbeddedStore\n"
            "from infra.clickhouse.store import StoreRefused\n"
            "try:\n    EmbeddedStore(Path(sys.argv[1]), 'earshot')\n"
            "except StoreRefused as error:\n    print(error)\n"
        )
        other = subprocess.run(
            [sys.executable, "-c", code, str(tmp_path / "chdb")], capture_output=True, text=True, check=True, timeout=60
        )
    finally:
        store.close()

    assert "one process owns it" in other.stdout
    assert "EARSHOT_STORE=clickhouse" in other.stdout


def test_a_closed_folder_can_be_opened_again(tmp_path: Path) -> None:
    first = EmbeddedStore(tmp_path / "chdb", "earshot")
    first.execute("CREATE TABLE kept (n UInt8) ENGINE = MergeTree() ORDER BY n")
    first.insert("kept", {"n": [7]})
    first.close()

    second = EmbeddedStore(tmp_path / "chdb", "earshot")
    try:
        assert second.query("SELECT n FROM kept") == [{"n": 7}]
        with pytest.raises(StoreRefused, match="closed"):
            first.query("SELECT 1")
    finally:
        second.close()

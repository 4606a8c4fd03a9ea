"""Stores that die while they are written to: nothing is lost, nothing is counted twice."""

import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from infra.clickhouse.embedded import EmbeddedStore
from infra.clickhouse.migrate import migrate, packaged_migrations
from infra.clickhouse.retry import Retry
from infra.clickhouse.server import LocalServer, ServerFailed, ServerNotInstalled, find_server
from infra.clickhouse.store import open_store
from infra.clickhouse.writer import Writer
from infra.settings import Settings

pytestmark = pytest.mark.clickhouse

_WRITE_FOREVER = """
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from infra.clickhouse.embedded import EmbeddedStore
from infra.clickhouse.record import Record
from infra.clickhouse.writer import Writer
from schemas.turn import Device, Turn

at = datetime(2026, 1, 5, 10, tzinfo=UTC)
writer = Writer(EmbeddedStore(Path(sys.argv[1]), "earshot"))
for start in range(0, 1_000_000, 500):
    batch = [
        Record(
            Turn(event_id=f"e-{n}", occurred_at=at + timedelta(seconds=n), turn_id=f"t-{n}",
                 dialogue_id=f"d-{n // 5}", user_id=f"u-{n % 7}", device=Device(id="v")),
            0, n, 1_767_607_200_000,
        )
        for n in range(start, start + 500)
    ]
    written = writer.write(batch)
    print(start + 500, flush=True)
    writer.refresh(written.minutes)
"""


@pytest.fixture
def own_server(tmp_path: Path, free_ports):
    """A server that a test may kill."""
    (port,) = free_ports(1)
    server = LocalServer(tmp_path, port)
    server.start()
    server.wait_ready()
    yield server
    server.stop()


@pytest.mark.parametrize("how", ["stop", "kill"])
def test_a_server_that_goes_away_in_mid_write_loses_and_doubles_nothing(
    own_server: LocalServer, how: str, build, assert_exact
) -> None:
    settings = Settings(store="clickhouse", clickhouse_port=own_server.tcp_port)
    store = open_store(settings)
    migrate(store, settings)
    waited, underway, stop = threading.Event(), threading.Event(), threading.Event()
    retries: list[Retry] = []
    failures: list[BaseException] = []

    def on_retry(retry: Retry) -> None:
        retries.append(retry)
        waited.set()

    def write() -> None:
        try:
            writer = Writer(store, stop=stop, on_retry=on_retry, longest_wait_s=0.2)
            start = 0
            while not (start >= 4000 and waited.is_set()):
                writer.refresh(writer.write(build.turn_records(range(start, start + 200))).minutes)
                start += 200
                underway.set()
            written.append(start)
        except BaseException as error:  # noqa: BLE001 - told below
            failures.append(error)

    written: list[int] = []
    thread = threading.Thread(target=write)
    thread.start()
    assert underway.wait(30)
    getattr(own_server, how)()
    assert waited.wait(30)
    own_server.start()
    own_server.wait_ready()
    thread.join(60)
    stop.set()

    assert failures == []
    assert retries
    assert_exact(store, turns_per_minute=written[0])
    assert store.query("SELECT count() AS n, uniqExact(src_offset) AS offsets FROM turns FINAL") == [
        {"n": written[0], "offsets": written[0]}
    ]


def test_a_chdb_process_killed_in_mid_write_loses_and_doubles_nothing(tmp_path: Path, build, assert_exact) -> None:
    folder = tmp_path / "chdb"
    settings = Settings(home=tmp_path, store="embedded")
    first = open_store(settings)
    migrate(first, settings)
    first.close()
    process = subprocess.Popen([sys.executable, "-c", _WRITE_FOREVER, str(folder)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    confirmed = 0
    while confirmed < 3000:
        confirmed = int(process.stdout.readline())
    process.kill()
    confirmed = max([confirmed, *map(int, process.stdout.read().split())])
    process.wait(10)

    store = EmbeddedStore(folder, "earshot")
    try:
        writer = Writer(store)
        landed = writer.landed("turn-events.v1", 0, 0)
        assert set(range(confirmed)) <= landed
        writer.resume("turn-events.v1", 0, 0)
        writer.refresh(writer.write(build.turn_records(range(len(landed) + 700))).minutes)

        assert store.query("SELECT uniqExact(src_offset) AS n FROM turns") == [{"n": len(landed) + 700}]
        assert_exact(store, turns_per_minute=len(landed) + 700)
    finally:
        store.close()


def test_a_server_keeps_its_data_over_a_crash_and_tells_its_state(own_server: LocalServer) -> None:
    settings = Settings(store="clickhouse", clickhouse_port=own_server.tcp_port)
    store = open_store(settings)
    migrate(store, settings)
    before = own_server.status()

    assert own_server.start() is False
    own_server.kill()
    assert own_server.status().running is False
    assert own_server.start() is True
    own_server.wait_ready()

    after = own_server.status()
    assert after.running
    assert after.pid != before.pid
    assert store.query("SELECT count() AS n FROM migrations FINAL") == [{"n": len(packaged_migrations())}]


def test_a_server_is_found_and_stopped_by_another_handle(own_server: LocalServer, tmp_path: Path) -> None:
    other = LocalServer(tmp_path, own_server.tcp_port)

    assert other.status().pid == own_server.status().pid
    other.stop()

    assert own_server.status().running is False


def test_a_port_in_use_is_named_with_its_owner(own_server: LocalServer, tmp_path: Path) -> None:
    second = LocalServer(tmp_path / "second", own_server.tcp_port)

    with pytest.raises(ServerFailed, match=rf"port {own_server.tcp_port} .* is in use by .*EARSHOT_CLICKHOUSE_PORT"):
        second.start()


def test_a_server_dies_with_the_process_that_started_it(tmp_path: Path, free_ports) -> None:
    (port,) = free_ports(1)
    code = (
        "import os, sys; from pathlib import Path; from infra.clickhouse.server import LocalServer\n"
        "server = LocalServer(Path(sys.argv[1]), int(sys.argv[2])); server.start(); server.wait_ready()\n"
        "os.kill(os.getpid(), 9)\n"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path), str(port)], check=False, timeout=60)
    server = LocalServer(tmp_path, port)

    deadline = time.monotonic() + 20
    while server.status().running and time.monotonic() < deadline:
        time.sleep(0.02)

    assert not server.status().running


def test_a_machine_without_the_package_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("infra.clickhouse.server.shutil.which", lambda *_, **__: None)

    with pytest.raises(ServerNotInstalled, match=r"apt-get install clickhouse-server.*EARSHOT_STORE=embedded"):
        find_server()

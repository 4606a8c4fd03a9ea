"""How workers end while they start, and how a `sink` worker waits for a store."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from infra.clickhouse.server import LocalServer
from infra.settings import Settings
from tests.streams_running import Crew, crew

pytestmark = [pytest.mark.kafka, pytest.mark.clickhouse, pytest.mark.timeout(200)]


@pytest.fixture
def settings(kafka_settings: Settings, clickhouse_settings: Settings) -> Settings:
    chosen = {name: getattr(kafka_settings, name) for name in kafka_settings.model_fields_set}
    chosen |= {name: getattr(clickhouse_settings, name) for name in clickhouse_settings.model_fields_set}
    return Settings(**chosen)


@pytest.fixture
def workers(settings: Settings, tmp_path: Path) -> Iterator[Crew]:
    with crew(settings, tmp_path) as started:
        yield started


@pytest.mark.parametrize("after_s", [0.0, 0.2, 0.4, 0.6])
def test_a_worker_told_to_stop_while_it_joins_its_group_ends_at_once(workers: Crew, after_s: float) -> None:
    worker = workers.start("sink")
    worker.says("is ready and joins its group")
    time.sleep(after_s)
    assert worker.terminate(within_s=8.0) == 0


def test_a_wrong_password_is_one_clear_line_and_a_failure(workers: Crew) -> None:
    worker = workers.start("sink", clickhouse_password="wrong")
    assert worker.ends() == 1
    last = worker.said.strip().split("\n")[-1]
    assert last.startswith("earshot: ")
    assert "refuses the user or password" in last
    assert "EARSHOT_CLICKHOUSE_PASSWORD" in last
    assert "Traceback" not in worker.said


def test_a_store_that_is_not_there_is_waited_for_and_the_wait_ends_when_told_to(
    workers: Crew, free_ports: Callable[[int], list[int]], tmp_path: Path
) -> None:
    (port,) = free_ports(1)
    worker = workers.start("sink", clickhouse_port=port)
    worker.says("the store does not answer yet, trying again")
    other = workers.start("sink", clickhouse_port=port)
    other.says("the store does not answer yet, trying again")
    assert other.terminate() == 0
    server = LocalServer(tmp_path / "late", port)
    server.start()
    try:
        server.wait_ready()
        worker.says("is ready")
        assert worker.terminate() == 0
    finally:
        server.stop()

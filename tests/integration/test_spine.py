"""Turn events through real workers into a real store: every row once, every rollup exact."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from infra.clickhouse.store import open_store
from infra.settings import Settings
from streams.fleet import FleetProducer
from tests.fleet_of_few import Expected, a_while_ago, differences, expected, fleet_events, sink_has_read_all, untold
from tests.streams_running import Crew, crew, until, until_none

pytestmark = [pytest.mark.kafka, pytest.mark.clickhouse, pytest.mark.timeout(400)]

CAUGHT_UP_S = 150.0
DIALOGUES = 300


@pytest.fixture
def spine_settings(kafka_settings: Settings, store_settings: Settings, free_ports) -> Settings:
    """Topics and a database of this test alone; dialogues end after five seconds."""
    (page_port,) = free_ports(1)
    chosen = {name: getattr(kafka_settings, name) for name in kafka_settings.model_fields_set}
    chosen |= {name: getattr(store_settings, name) for name in store_settings.model_fields_set}
    return Settings(**chosen, page_port=page_port, dialogue_gap=timedelta(seconds=5))


@pytest.fixture
def workers(spine_settings: Settings, tmp_path: Path) -> Iterator[Crew]:
    with crew(spine_settings, tmp_path) as started:
        yield started


def produced(settings: Settings, dialogues: int = DIALOGUES) -> Expected:
    events = fleet_events(dialogues, a_while_ago(), timedelta(minutes=10))
    with FleetProducer(settings, ids_are_pseudonyms=True) as fleet:
        for event in events:
            fleet.send(event)
    return expected(settings, events)


def stop_and_compare(workers: Crew, wanted: Expected) -> None:
    """Every worker ends well, and what it leaves behind is exact."""
    assert [(worker.role, worker.terminate()) for worker in workers.workers] == [
        (worker.role, 0) for worker in workers.workers
    ]
    store = open_store(workers.settings)
    try:
        assert differences(store, wanted) == []
    finally:
        store.close()


def wait_until_stored(settings: Settings, wanted: Expected) -> None:
    until_none(lambda: untold(settings, wanted), CAUGHT_UP_S, "detect has said it all")
    until(lambda: sink_has_read_all(settings), CAUGHT_UP_S, "the sink has stored it all", poll_s=0.5)


def test_a_stream_is_in_the_store_exactly_and_workers_stop_when_told_to(
    spine_settings: Settings, workers: Crew
) -> None:
    workers.start("detect")
    workers.start("sink")
    wanted = produced(spine_settings)
    assert len(wanted.model.live) > 100
    assert len(wanted.model.dialogues) >= DIALOGUES
    wait_until_stored(spine_settings, wanted)
    workers.still_work()
    stop_and_compare(workers, wanted)


def test_what_waits_on_the_topics_is_stored_by_workers_that_come_later_and_join_each_other(
    spine_settings: Settings, workers: Crew
) -> None:
    wanted = produced(spine_settings)
    workers.start("detect")
    if spine_settings.store == "clickhouse":
        workers.start("sink")
        workers.start("detect")
    workers.start("sink")
    wait_until_stored(spine_settings, wanted)
    workers.still_work()
    stop_and_compare(workers, wanted)

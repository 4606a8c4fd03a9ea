"""Workers that are killed while events flow: nothing is lost, nothing is counted twice."""

import random
import time
from collections.abc import Callable

import pytest

from infra.clickhouse.store import Store
from infra.settings import Settings
from tests.chaos.conftest import LiveFleet, all_is_there
from tests.fleet_of_few import differences, written_twice
from tests.streams_running import Crew, Worker

pytestmark = [pytest.mark.kafka, pytest.mark.clickhouse, pytest.mark.timeout(600)]

KILLS = 10
EVENTS_FLOW_S = 45.0


def test_workers_killed_at_random_lose_and_double_nothing(
    settings: Settings,
    workers: Crew,
    store: Store,
    live_fleet: Callable[[int, float], LiveFleet],
    record_property: Callable[[str, object], None],
) -> None:
    alive: list[Worker] = [workers.start(role) for role in ("detect", "sink", "detect", "sink")]
    fleet = live_fleet(1500, EVENTS_FLOW_S)
    dice = random.Random(3)
    kills = 0
    while kills < KILLS or not fleet.over:
        time.sleep(dice.uniform(1.5, 5.0))  # events must flow between kills
        workers.kill_one_of(alive, dice)
        kills += 1
    caught_up = time.monotonic()
    wanted = all_is_there(settings, store, fleet.finish())
    record_property("caught_up_s", time.monotonic() - caught_up)
    assert len(wanted.model.live) > 500
    assert all(worker.works for worker in alive)
    record_property("written_twice", written_twice(store))
    assert [worker.terminate() for worker in alive] == [0] * 4
    for table in ("turns", "playbacks", "explicit_feedback", "feedback", "dialogues", "verdicts"):
        store.execute(f"OPTIMIZE TABLE {table} FINAL")
    assert written_twice(store) == 0
    assert differences(store, wanted) == []

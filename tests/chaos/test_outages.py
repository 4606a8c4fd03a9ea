"""The broker or the store goes away under load and comes back: everything catches up, counts are exact."""

import os
import signal
import time
from collections.abc import Callable

import pytest

from infra.clickhouse.server import LocalServer
from infra.clickhouse.store import Store, StoreError
from infra.kafka.broker import EmbeddedBroker
from infra.settings import Settings
from tests.chaos.conftest import FULL, LiveFleet, all_is_there
from tests.fleet_of_few import written_twice
from tests.streams_running import Crew, until

pytestmark = [pytest.mark.kafka, pytest.mark.clickhouse, pytest.mark.timeout(900)]

BROKER_AWAY_S = 60.0 if FULL else 15.0
STORE_AWAY_S = 120.0 if FULL else 15.0
BEFORE_S, AFTER_S = 8.0, 5.0

Fleet = Callable[[int, float], LiveFleet]
Property = Callable[[str, object], None]


def flows(store: Store) -> bool:
    try:
        return bool(store.query("SELECT count() AS n FROM turns")[0]["n"])
    except StoreError:
        return False  # not migrated yet


def start(workers: Crew, store: Store, live_fleet: Fleet, away_s: float) -> LiveFleet:
    """All roles at work and rows in the store, with events to come for as long as the outage takes."""
    for role in ("detect", "sink"):
        workers.start(role)
    fleet = live_fleet(int(20 * (BEFORE_S + away_s + AFTER_S)), BEFORE_S + away_s + AFTER_S)
    until(lambda: flows(store), 60, "rows come in")
    return fleet


def catch_up(settings: Settings, workers: Crew, store: Store, fleet: LiveFleet, record_property: Property) -> None:
    back = time.monotonic()
    wanted = all_is_there(settings, store, fleet.finish())
    record_property("caught_up_s", round(time.monotonic() - back, 1))
    record_property("written_twice", written_twice(store))
    workers.still_work()
    assert len(wanted.model.live) > 100
    assert [worker.terminate() for worker in workers.workers] == [0] * len(workers.workers)


def test_a_broker_that_is_frozen_under_load_costs_nothing(
    settings: Settings,
    own_broker: EmbeddedBroker,
    workers: Crew,
    store: Store,
    live_fleet: Fleet,
    record_property: Property,
) -> None:
    fleet = start(workers, store, live_fleet, BROKER_AWAY_S)
    pid = own_broker.status().pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    try:
        time.sleep(BROKER_AWAY_S)  # the outage itself
    finally:
        os.kill(pid, signal.SIGCONT)
    catch_up(settings, workers, store, fleet, record_property)


@pytest.mark.parametrize("how", ["stop", "kill"] if FULL else ["kill"])
def test_a_broker_that_is_stopped_under_load_costs_nothing(
    settings: Settings,
    own_broker: EmbeddedBroker,
    workers: Crew,
    store: Store,
    live_fleet: Fleet,
    record_property: Property,
    how: str,
) -> None:
    fleet = start(workers, store, live_fleet, BROKER_AWAY_S)
    getattr(own_broker, how)()
    time.sleep(BROKER_AWAY_S)  # the outage itself
    own_broker.start()
    own_broker.wait_ready()
    catch_up(settings, workers, store, fleet, record_property)


def test_a_store_that_is_stopped_under_load_costs_nothing(
    settings: Settings,
    own_server: LocalServer,
    workers: Crew,
    store: Store,
    live_fleet: Fleet,
    record_property: Property,
) -> None:
    fleet = start(workers, store, live_fleet, STORE_AWAY_S)
    own_server.kill()
    time.sleep(STORE_AWAY_S)  # the outage itself
    own_server.start()
    own_server.wait_ready()
    store.close()
    catch_up(settings, workers, store, fleet, record_property)

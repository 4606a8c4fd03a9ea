"""Workers on the shared broker and server, or on those of a test alone, and a fleet that does not wait for anybody."""

import os
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from infra.clickhouse.server import LocalServer
from infra.clickhouse.store import Store, open_store
from infra.kafka.broker import EmbeddedBroker
from infra.kafka.topics import create_topics
from infra.settings import Settings
from schemas.turn import DeviceEvent
from streams.fleet import FleetProducer
from tests.fleet_of_few import Expected, differences, expected, fleet_events, sink_has_read_all, untold
from tests.streams_running import Crew, crew, until, until_none

FULL = os.environ.get("EARSHOT_CHAOS_FULL", "") == "1"
"""Outages as long as the ones that are promised to be survived; minutes instead of seconds."""

CAUGHT_UP_S = 240.0


@pytest.fixture
def own_broker(tmp_path: Path, free_ports: Callable[[int], list[int]]) -> Iterator[EmbeddedBroker]:
    """A broker that a test may stop."""
    port, controller_port = free_ports(2)
    broker = EmbeddedBroker(tmp_path / "kafka", port, controller_port)
    broker.start()
    try:
        broker.wait_ready()
        yield broker
    finally:
        broker.kill()


@pytest.fixture
def own_server(tmp_path: Path, free_ports: Callable[[int], list[int]]) -> Iterator[LocalServer]:
    """A ClickHouse server that a test may stop."""
    (port,) = free_ports(1)
    server = LocalServer(tmp_path / "clickhouse", port)
    server.start()
    try:
        server.wait_ready()
        yield server
    finally:
        server.kill()


@pytest.fixture
def other_settings() -> dict[str, object]:
    """What the workers of a file need beside broker and store."""
    return {}


@pytest.fixture
def settings(request: pytest.FixtureRequest, other_settings: dict[str, object]) -> Settings:
    """Topics on the broker and a database on the server, which are those of the test alone where it asks for them, as
    it may stop those; dialogues end after five seconds of silence."""

    def ours(shared: str, own: str) -> Any:
        return request.getfixturevalue(own if own in request.fixturenames else shared)

    name = f"chaos_{uuid.uuid4().hex[:12]}"
    given = {"dialogue_gap": timedelta(seconds=5)} | other_settings
    if request.node.get_closest_marker("clickhouse") is not None and "store" not in given:
        server: LocalServer = ours("clickhouse_server", "own_server")
        given |= {"store": "clickhouse", "clickhouse_port": server.tcp_port, "clickhouse_database": name}
    broker: EmbeddedBroker = ours("broker", "own_broker")
    chosen = Settings(kafka_bootstrap=broker.bootstrap, topic_prefix=name, group_prefix=name, **given)  # type: ignore[arg-type]
    create_topics(chosen)
    return chosen


@pytest.fixture
def workers(settings: Settings, tmp_path: Path) -> Iterator[Crew]:
    with crew(settings, tmp_path) as started:
        yield started


class LiveFleet:
    """Sends events when they happen, whatever becomes of the broker in the meantime."""

    def __init__(self, settings: Settings, dialogues: int, over_s: float) -> None:
        self.events = fleet_events(dialogues, datetime.now(UTC), timedelta(seconds=over_s))
        self.sent = 0
        self._settings = settings
        self._fault: BaseException | None = None
        self._thread = threading.Thread(target=self._send, daemon=True)
        self._thread.start()

    def _send(self) -> None:
        try:
            with FleetProducer(
                self._settings, ids_are_pseudonyms=True, max_block_s=300, delivery_timeout_s=300
            ) as fleet:
                for event in self.events:
                    self._wait_for(event)
                    fleet.send(event)
                    self.sent += 1
        except BaseException as fault:  # noqa: BLE001 - raised again by `finish`
            self._fault = fault

    @staticmethod
    def _wait_for(event: DeviceEvent) -> None:
        ahead_s = (event.occurred_at - datetime.now(UTC)).total_seconds()
        if ahead_s > 0:
            time.sleep(ahead_s)

    @property
    def over(self) -> bool:
        return not self._thread.is_alive()

    def finish(self, within_s: float = 300.0) -> list[DeviceEvent]:
        """Wait until the broker has every event."""
        self._thread.join(within_s)
        if self._fault is not None:
            raise self._fault
        assert self.over, "the fleet has not got rid of its events"
        return self.events


@pytest.fixture
def live_fleet(settings: Settings) -> Callable[[int, float], LiveFleet]:
    """Starts sending so many dialogues over so many seconds."""
    return lambda dialogues, over_s: LiveFleet(settings, dialogues, over_s)


@pytest.fixture
def store(settings: Settings) -> Iterator[Store]:
    opened = open_store(settings)
    yield opened
    opened.close()


def all_is_there(settings: Settings, store: Store, events: list[DeviceEvent]) -> Expected:
    """Wait until everything has been said and stored, then compare it to a clean run over the same records."""
    wanted = expected(settings, events)
    until_none(lambda: untold(settings, wanted), CAUGHT_UP_S, "detect has said it all")
    until(lambda: sink_has_read_all(settings), CAUGHT_UP_S, "the sink has stored it all", poll_s=0.5)
    assert differences(store, wanted) == []
    return wanted

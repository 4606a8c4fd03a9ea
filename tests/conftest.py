"""Fixtures that every test may ask for."""

# --- Kafka: a real broker for the whole run, and topics of its own for each test -------------------------------------

import itertools
import os
import random
import socket
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from infra.kafka.broker import EmbeddedBroker
from infra.kafka.topics import create_topics
from infra.settings import Settings
from models.minilm import has_cuda

os.environ.setdefault("OMP_NUM_THREADS", "1")  # tests run side by side; threads that wait for each other would spin
os.environ.setdefault("EARSHOT_HEARING", "rules")  # workers start at once; what models hear has tests of its own
os.environ.setdefault("EARSHOT_CLASSIFY", "off")  # likewise failure points
os.environ.setdefault("EARSHOT_TEACHING", "off")  # likewise what people teach
os.environ.setdefault("EARSHOT_REWRITE_REFRESH_BOUND", "1")  # likewise refreshes that change too many answers

_UNMARKED = "a test that touches Kafka carries the marker `kafka`"


_PORTS_A_PROCESS = 2_000
_FIRST_PORT = 20_000  # below those that the system gives to clients, which would take one between choice and use


@pytest.fixture(scope="session")
def free_ports(worker_id: str) -> Callable[[int], list[int]]:
    """Gives as many loopback ports as asked for that nobody listens on right now, all different, and other ones in
    each of the processes that run tests side by side."""
    first = _FIRST_PORT + _PORTS_A_PROCESS * int(worker_id.removeprefix("gw") if worker_id != "master" else 0)
    ports = itertools.cycle(random.sample(range(first, first + _PORTS_A_PROCESS), _PORTS_A_PROCESS))

    def is_free(port: int) -> bool:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                return False
        return True

    def choose(count: int) -> list[int]:
        return list(itertools.islice(filter(is_free, ports), count))

    return choose


@pytest.fixture(scope="session")
def broker(
    tmp_path_factory: pytest.TempPathFactory, free_ports: Callable[[int], list[int]]
) -> Iterator[EmbeddedBroker]:
    """A running Kafka, shared by the whole run; clients connect to `broker.bootstrap`. Needs the marker `kafka`."""
    port, controller_port = free_ports(2)
    running = EmbeddedBroker(tmp_path_factory.mktemp("kafka"), port, controller_port)
    running.start()
    try:
        running.wait_ready()
        yield running
    finally:
        running.stop()


_FOLDERS = ("chaos", "integration", "replay", "browser", "unit")


def _folder(item: pytest.Item) -> str:
    return item.path.parent.name if item.path.parent.name in _FOLDERS else "unit"


def _group(item: pytest.Item) -> str:
    """What one process runs: of `chaos` never two at once, as they are heavy; of `unit` all that begins alike, as it
    loads the same models."""
    match _folder(item):
        case "chaos":
            return "chaos"
        case "unit":
            return item.path.stem.split("_")[1]
        case folder:
            return f"{folder}/{item.path.stem}"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What needs a GPU is not chosen where there is none.

    With `-n 3 --dist loadgroup --no-loadscope-reorder` one process begins with those that mostly wait, the others with
    those that talk to brokers and stores; what is left is shared out as they get done, the largest groups first. Three
    on two cores, as the first two wait more than they compute.
    """
    sizes = Counter(map(_group, items))
    for item in items:
        item.add_marker(pytest.mark.xdist_group(_group(item)))
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: (_FOLDERS.index(_folder(item)), -sizes[_group(item)]))
    if not has_cuda():
        need_gpu = [item for item in items if item.get_closest_marker("gpu") is not None]
        config.hook.pytest_deselected(items=need_gpu)
        items[:] = [item for item in items if item not in need_gpu]


@pytest.fixture(autouse=True)
def _kafka_needs_its_marker(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.node.get_closest_marker("kafka") is not None:
        return
    if "broker" in request.fixturenames:
        pytest.fail(_UNMARKED, pytrace=False)
    monkeypatch.setattr(EmbeddedBroker, "start", lambda *_, **__: pytest.fail(_UNMARKED, pytrace=False))


@pytest.fixture
def kafka_settings(broker: EmbeddedBroker) -> Settings:
    """Settings that point at the broker, with topics (created) and group names that no other test uses."""
    prefix = f"test-{uuid.uuid4().hex[:12]}"
    settings = Settings(kafka_bootstrap=broker.bootstrap, topic_prefix=prefix, group_prefix=prefix)
    create_topics(settings)
    return settings


# --- end of Kafka ----------------------------------------------------------------------------------------------------

# --- ClickHouse: a real server for the whole run, chDB in a folder, a database of its own for each test ---------------

from datetime import UTC, datetime, timedelta  # noqa: E402

from infra.clickhouse import rollups  # noqa: E402
from infra.clickhouse.embedded import EmbeddedStore  # noqa: E402
from infra.clickhouse.migrate import migrate  # noqa: E402
from infra.clickhouse.native import NativeStore  # noqa: E402
from infra.clickhouse.record import Record, StoredEvent  # noqa: E402
from infra.clickhouse.server import LocalServer  # noqa: E402
from infra.clickhouse.store import Store, open_store  # noqa: E402
from schemas.dialogue import Dialogue, TurnVerdict  # noqa: E402
from schemas.feedback import Facets, Repeat  # noqa: E402
from schemas.turn import Asr, Device, Nlu, Turn  # noqa: E402

_UNMARKED_STORE = "a test that touches ClickHouse or chDB carries the marker `clickhouse`"


@pytest.fixture(scope="session")
def clickhouse_server(
    tmp_path_factory: pytest.TempPathFactory, free_ports: Callable[[int], list[int]]
) -> Iterator[LocalServer]:
    """A running ClickHouse server, shared by the whole run. Needs the marker `clickhouse`."""
    (port,) = free_ports(1)
    server = LocalServer(tmp_path_factory.mktemp("clickhouse"), port)
    server.start()
    try:
        server.wait_ready()
        yield server
    finally:
        server.stop()


@pytest.fixture(autouse=True)
def _clickhouse_needs_its_marker(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.node.get_closest_marker("clickhouse") is not None:
        return
    if {"clickhouse_server", "store", "store_settings"} & set(request.fixturenames):
        pytest.fail(_UNMARKED_STORE, pytrace=False)
    for owner, method in ((LocalServer, "start"), (NativeStore, "_connect"), (EmbeddedStore, "_open")):
        monkeypatch.setattr(owner, method, lambda *_, **__: pytest.fail(_UNMARKED_STORE, pytrace=False))


@pytest.fixture
def clickhouse_settings(clickhouse_server: LocalServer, tmp_path: Path) -> Settings:
    """Settings that point at the server and a database that no other test uses; the database is not there yet."""
    return Settings(
        home=tmp_path,
        store="clickhouse",
        clickhouse_host=clickhouse_server.host,
        clickhouse_port=clickhouse_server.tcp_port,
        clickhouse_database=f"test_{uuid.uuid4().hex[:12]}",
    )


@pytest.fixture(params=["clickhouse", "embedded"])
def store_settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """Settings of an empty store, once on the server and once on chDB."""
    if request.param == "embedded":
        return Settings(home=tmp_path, store="embedded")
    settings: Settings = request.getfixturevalue("clickhouse_settings")
    return settings


@pytest.fixture
def empty_store(store_settings: Settings) -> Iterator[Store]:
    """An open store without a database of ours. The database is left behind: ext4 is slow to make files after many
    were deleted, and the next test would pay for it."""
    store = open_store(store_settings)
    yield store
    store.close()


@pytest.fixture
def store(empty_store: Store, store_settings: Settings) -> Store:
    """A migrated store on either engine."""
    migrate(empty_store, store_settings)
    return empty_store


@pytest.fixture
def assert_exact() -> Callable[..., None]:
    """Checks that rollups and raw rows say the same, and that `rollup=count` (turns_per_minute=3) is right."""

    def check(store: Store, **counts: int) -> None:
        tallies = rollups.tally(store)
        assert all(tally.exact for tally in tallies), tallies
        assert {t.rollup: t.raw for t in tallies if t.rollup in counts} == counts

    return check


class EventBuilder:
    """Valid events in few words: what a test does not care about is the same in all of them."""

    at = datetime(2026, 1, 5, 10, 0, tzinfo=UTC)

    def turn(self, number: int = 0, **changes: object) -> Turn:
        """Turn `t-{number}`, `number` seconds after ten o'clock."""
        given = {
            "event_id": f"e-{number}",
            "occurred_at": self.at + timedelta(seconds=number),
            "turn_id": f"t-{number}",
            "dialogue_id": f"d-{number // 5}",
            "user_id": f"u-{number % 7}",
            "device": Device(id=f"v-{number % 7}", type="speaker", locale="en-US", versions={"asr": "2"}),
            "asr": Asr(text=f"play song {number}"),
            "nlu": Nlu(domain="music", intent="play"),
        }
        return Turn.model_validate(given | changes)

    def repeat(self, number: int = 0, **changes: object) -> Repeat:
        """The signal that turn `t-{number}` was repeated, a second after it."""
        given = {
            "event_id": f"f-{number}",
            "occurred_at": self.at + timedelta(seconds=number + 1),
            "turn_id": f"t-{number}",
            "dialogue_id": f"d-{number // 5}",
            "user_id": "u-1",
            "device_id": "v-1",
            "facets": Facets(domain="music"),
            "detector": "rephrase/1",
            "score": 0.75,
            "reason": "the same words again",
            "gap_s": 4.5,
        }
        return Repeat.model_validate(given | changes)

    def verdict(self, number: int = 0, **changes: object) -> TurnVerdict:
        """What became of turn `t-{number}`: no defect."""
        given = {
            "turn_id": f"t-{number}",
            "occurred_at": self.at + timedelta(seconds=number),
            "request": f"play song {number}",
            "facets": Facets(domain="music"),
            "defect": False,
            "score": 0.25,
            "tier": "none",
        }
        return TurnVerdict.model_validate(given | changes)

    def dialogue(self, number: int = 0, turns: tuple[TurnVerdict, ...] = (), **changes: object) -> Dialogue:
        """Dialogue `d-{number}`, open."""
        given = {
            "event_id": f"de-{number}",
            "occurred_at": self.at,
            "dialogue_id": f"d-{number}",
            "user_id": "u-1",
            "device_id": "v-1",
            "facets": Facets(domain="music"),
            "started_at": self.at,
            "ended_at": self.at + timedelta(seconds=30),
            "closed": False,
            "turns": turns,
            "defects": sum(turn.defect for turn in turns),
        }
        return Dialogue.model_validate(given | changes)

    def record(self, event: StoredEvent, offset: int = 0, partition: int = 0) -> Record:
        """`event` as it stands on its topic."""
        return Record(event, partition, offset, 1_767_607_200_250 + offset)

    def turn_records(self, numbers: range, partition: int = 0) -> list[Record]:
        """Turns whose number is their offset."""
        return [self.record(self.turn(number), number, partition) for number in numbers]


@pytest.fixture(scope="session")
def build() -> EventBuilder:
    """Builds valid events and records."""
    return EventBuilder()


# --- end of ClickHouse -----------------------------------------------------------------------------------------------

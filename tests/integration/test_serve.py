"""`earshot worker serve` on a real broker: what is learned and taught is served, also after a restart and a kill."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from infra.kafka.topics import REWRITE_DECISIONS, TURN_EVENTS
from infra.settings import Settings
from models.rewrite.snapshot import snapshots
from schemas.rewrite import Rewrite
from schemas.rewrite_decision import REWRITE_DECISION, DecisionReason, RewriteDecision
from schemas.turn import Asr
from streams.demo.assistant import DemoAssistant
from streams.sending import RecordSender
from streams.serve.asked import RewriteRequest
from streams.serve.client import ServeClient
from streams.serve.loading import make_snapshot, snapshot_folder
from streams.serve.people import Teaching
from streams.serve.table_topic import read_table, resume, roll_back
from streams.serve.table_writer import TableWriter
from streams.topic_reader import TopicReader
from tests.conftest import EventBuilder
from tests.streams_running import Worker, environment_of, until
from tests.unit.rewrites_to_order import record

pytestmark = pytest.mark.kafka

READY_S = 120.0
SEEN_S = 20.0


@pytest.fixture
def settings(kafka_settings: Settings, tmp_path: Path, free_ports: Callable[[int], list[int]]) -> Settings:
    given = {name: getattr(kafka_settings, name) for name in kafka_settings.model_fields_set}
    return Settings(**given, home=tmp_path, serve_port=free_ports(1)[0], rewrite_holdout=0.0)


@contextmanager
def serving(settings: Settings, log: Path) -> Iterator[tuple[Worker, ServeClient]]:
    """A worker that is caught up, and a client of it."""
    worker = Worker("serve", environment_of(settings), log)
    url = f"http://127.0.0.1:{settings.serve_port}"
    try:
        with ServeClient(url, timeout_s=10.0) as client:
            until(lambda: _ready(url), READY_S, f"ready; it said {log.read_text()[-500:]}")
            yield worker, client
    finally:
        worker.kill()


def _ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/readyz", timeout=1.0).status_code == 200
    except httpx.HTTPError:
        return False


def _ask(client: ServeClient, text: str, user: str | None = None) -> str | None:
    answer = client.rewrite(RewriteRequest(text=text, user_id=user, deadline_ms=10_000))
    return answer.rewrite.text if answer.rewrite is not None else None


def _put(settings: Settings, *rewrites: Rewrite) -> None:
    writer = TableWriter(settings)
    try:
        writer.put_rewrites(list(rewrites))
    finally:
        writer.close()


def _cli(settings: Settings, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "streams.cli.main", *arguments],
        env=environment_of(settings),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_what_is_learned_and_taught_is_served_and_survives_a_kill(settings: Settings, tmp_path: Path) -> None:
    _put(settings, record())
    with serving(settings, tmp_path / "first.log") as (worker, client):
        assert _ask(client, "play maj and dragons") == "play imagine dragons"

        _put(settings, record("weather in wilkerson", "weather in wilkerson california", user="ann"))
        until(lambda: _ask(client, "weather in wilkerson", "ann") is not None, SEEN_S, "a new rewrite is served")
        assert _ask(client, "weather in wilkerson", "bob") is None

        taught = client.teach("ann", Teaching(attribute="genre", value="horror"))
        assert [one.preference for one in client.preferences("ann")] == [taught]

        done = _cli(settings, "rewrites", "block", record().event_id, "--because", "it is wrong")
        assert done.returncode == 0, done.stderr
        until(lambda: _ask(client, "play maj and dragons") is None, SEEN_S, "a blocked rewrite is not served")

        said = _cli(settings, "rewrite", "play maj and dragons")
        assert "it is wrong" in said.stdout, said.stderr

    with serving(settings, tmp_path / "second.log") as (worker, client):
        assert _ask(client, "play maj and dragons") is None
        assert _ask(client, "weather in wilkerson", "ann") == "weather in wilkerson california"
        assert [one.preference for one in client.preferences("ann")] == [taught]
        forgotten = client.forget("ann")
        assert forgotten is not None
        assert (forgotten.preferences, forgotten.rewrites) == (1, 1)
        assert client.known("ann") is None
        until(lambda: len(snapshots(snapshot_folder(settings))) == 1, READY_S, "a snapshot without the forgotten")
        assert worker.terminate(30.0) == 0, worker.said

    told = _decisions(settings)
    assert {one.reason for one in told} >= {DecisionReason.REWRITTEN, DecisionReason.BLOCKED}
    (held,) = snapshots(snapshot_folder(settings))
    assert not any(b"wilkerson" in file.read_bytes() for file in held.iterdir())


def test_a_start_reads_the_snapshot_and_what_came_after_it(
    settings: Settings, tmp_path: Path, build: EventBuilder
) -> None:
    _put(settings, record(), record("put on thundr", "put on thunder"))
    assert make_snapshot(settings).entries == 2
    _put(settings, record("play bazzi angle", "play beautiful by bazzi"))
    broken = record("put on thundr", "put on thunder")
    writer = TableWriter(settings)
    writer.remove_rewrites([broken.key])
    writer.close()
    with serving(settings, tmp_path / "serve.log") as (worker, client):
        assert "snapshot 1: 2 rewrites" in worker.said
        assert _ask(client, "play maj and dragons") == "play imagine dragons"
        assert _ask(client, "play bazzi angle") == "play beautiful by bazzi"
        assert _ask(client, "put on thundr") is None
        _the_demo_asks_before_every_turn_that_is_played(settings, build)


def _the_demo_asks_before_every_turn_that_is_played(settings: Settings, build: EventBuilder) -> None:
    sender = RecordSender(settings)
    topic = TURN_EVENTS.full_name(settings)
    turns = [build.turn(n, asr=Asr(text=words), nlu=None) for n, words in enumerate(("play maj and dragons", "stop"))]
    assistant = DemoAssistant(settings)
    assistant.start()
    try:
        for value in (b"no event", turns[0].to_bytes(), turns[1].to_bytes()):
            sender.send(topic, b"u", value, name="an event")
        until(lambda: assistant.asked == 2, SEEN_S, "both turns are asked about")
        assert assistant.rewritten == 1
    finally:
        assistant.stop()
        sender.close(5.0)


def test_a_snapshot_that_was_changed_is_told_of_and_left(settings: Settings, tmp_path: Path) -> None:
    _put(settings, record())
    make_snapshot(settings)
    file = snapshots(snapshot_folder(settings))[0] / "global.msgpack"
    file.write_bytes(file.read_bytes()[:-1])
    with serving(settings, tmp_path / "serve.log") as (worker, client):
        assert "is not what was written" in worker.said
        assert _ask(client, "play maj and dragons") == "play imagine dragons"


def test_a_roll_back_restores_what_changed_and_blocks_what_is_new(settings: Settings) -> None:
    _put(settings, record())
    make_snapshot(settings)
    _put(settings, record(target="play imaginary dragons"), record("put on thundr", "put on thunder"))
    make_snapshot(settings)
    writer = TableWriter(settings)
    try:
        done = roll_back(settings, writer)
    finally:
        writer.close()
    assert (done.number, done.restored, done.blocked) == (1, 1, 1)
    table = {one.source_texts[0]: one for one in read_table(settings).values()}
    assert table["play maj and dragons"].target_text == "play imagine dragons"
    assert table["put on thundr"].blocked_because == "rolled back to snapshot 1"
    assert table["play maj and dragons"].solver == "rolled-back/1", "what is learned changes it no more"

    writer = TableWriter(settings)
    try:
        assert resume(settings, writer) == 2
    finally:
        writer.close()
    freed = read_table(settings).values()
    assert not any(one.blocked or one.solver.startswith("rolled-back") for one in freed)


def _decisions(settings: Settings) -> list[RewriteDecision]:
    with TopicReader(settings, [REWRITE_DECISIONS.full_name(settings)]) as reader:
        return [REWRITE_DECISION.validate_json(one.value) for one in reader.rest() if one.value is not None]

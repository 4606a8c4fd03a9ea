"""`earshot forget` beside a running sink: topics and store hold nothing of the person, and the command says so."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.clickhouse.erasure import rows_of
from infra.clickhouse.store import StoreInUse, open_store
from infra.settings import Settings
from schemas.alarm import Alarm
from schemas.choices import Choices
from schemas.rewrite_trial import RewriteTrial
from streams.forgetting import StoreOutOfReach, forget_person
from streams.serve.feed import Tables, catch_up
from streams.serve.people import Forgotten, People
from streams.serve.preference_book import PreferenceBook
from streams.serve.table_writer import TableWriter
from tests.conftest import EventBuilder
from tests.failures_to_order import AT, alarm
from tests.fleet_of_few import sink_has_read_all
from tests.integration.test_sink_forgetting import life_of, send
from tests.streams_running import Crew, crew, environment_of, until
from tests.taught_to_order import choices, trial
from tests.unit.rewrites_to_order import index_of

pytestmark = [pytest.mark.kafka, pytest.mark.clickhouse, pytest.mark.timeout(300)]


@pytest.fixture
def settings(kafka_settings: Settings, store_settings: Settings, free_ports) -> Settings:
    chosen = {name: getattr(kafka_settings, name) for name in kafka_settings.model_fields_set}
    chosen |= {name: getattr(store_settings, name) for name in store_settings.model_fields_set}
    return Settings(**chosen, page_port=free_ports(1)[0])


@pytest.fixture
def workers(settings: Settings, tmp_path: Path) -> Iterator[Crew]:
    with crew(settings, tmp_path) as started:
        yield started


def earshot(settings: Settings, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "streams.cli.main", *arguments],
        env=environment_of(settings),
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_person_is_forgotten_while_the_sink_runs_and_the_command_proves_it(
    settings: Settings, workers: Crew, build: EventBuilder
) -> None:
    own = trial(10, layer="personal", user_id="u-gone", rewrite_id="own-u-gone-10")
    broke, over = alarm(1), alarm(2, ended_at=AT, revision=1)
    send(
        settings,
        *life_of("u-gone", build, 10),
        *life_of("u-stays", build, 20),
        (RewriteTrial, own.rewrite_id, own.to_bytes()),
        (Choices, "u-gone", choices("u-gone").to_bytes()),
        *((Alarm, one.event_id, one.to_bytes()) for one in (alarm(2), over, broke)),
    )
    workers.start("sink")
    until(lambda: sink_has_read_all(settings), 90, "the sink has read all", poll_s=0.5)
    done = earshot(settings, "forget", "u-gone")
    assert done.returncode == 0, done.stderr
    told = {line.rpartition("  ")[0].strip(): line.rpartition("  ")[2].strip() for line in done.stdout.splitlines()}
    assert told["topic preferences"] == told["topic rewrites"] == told["topic rewrite-trials"] == "1 -> 0"
    assert told["topic choices"] == "1 -> 0"
    assert told["preferences"] == told["turns"] == told["rewrite_trials"] == "1 -> 0"
    assert all(line.endswith("-> 0") for line in done.stdout.splitlines())
    assert "nothing is left of 'u-gone'" in done.stderr
    again = earshot(settings, "forget", "u-gone")
    assert again.returncode == 0
    assert {line.split()[-3] for line in again.stdout.splitlines()} == {"0"}
    others = earshot(settings, "forget", "u-stays", "--within", "60").stdout
    assert "1 -> 0" in others  # it was still there

    listed = earshot(settings, "alarms", "list")
    assert listed.returncode == 0, listed.stderr
    assert [line.split()[0] for line in listed.stdout.splitlines()] == ["alarm-1", "alarm-2"]
    assert "2 alarms, 1 open" in listed.stderr
    assert ("a worker holds the store" in listed.stderr) is (settings.store == "embedded")
    assert len(earshot(settings, "alarms", "list", "--open").stdout.splitlines()) == 1


def test_who_is_forgotten_by_serve_is_gone_from_the_store(
    settings: Settings, workers: Crew, build: EventBuilder
) -> None:
    send(settings, *life_of("u-gone", build, 10), *life_of("u-stays", build, 20))
    sink = workers.start("sink")
    tables = Tables(settings, index_of(), PreferenceBook())
    catch_up(settings, tables)
    writer = TableWriter(settings)
    people = People(tables.index, tables.book, writer, lambda request, preferences, most: [])
    assert people.forget("u-gone") == Forgotten(preferences=1, rewrites=1)
    writer.close()
    until(lambda: sink_has_read_all(settings), 90, "the sink has read all", poll_s=0.5)
    assert sink.terminate() == 0
    store = open_store(settings)
    try:
        assert set(rows_of(store, "u-gone").values()) == {0}
        assert rows_of(store, "u-stays")["preferences"] == 1
    finally:
        store.close()


def test_a_person_is_forgotten_in_a_store_that_nobody_writes(settings: Settings, build: EventBuilder) -> None:
    send(settings, *life_of("u-gone", build, 10))
    done = forget_person(settings, "u-gone", within_s=5.0)
    assert done.left == 0
    assert done.before["topic preferences"] == 1
    assert set(done.after) == set(done.before)


def test_who_cannot_be_asked_for_the_proof_is_named(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, free_ports
) -> None:
    def held(_: Settings) -> None:
        raise StoreInUse("somebody has it")

    monkeypatch.setattr("streams.forgetting.open_store", held)
    with pytest.raises(StoreOutOfReach, match=f"its page at http://127.0.0.1:{settings.page_port} does not count"):
        forget_person(settings, "u-gone", within_s=1.0)

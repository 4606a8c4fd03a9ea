"""Rewrites, decisions and preferences through a real sink; what is forgotten on the topics is gone from the store."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from infra.clickhouse.erasure import rows_of
from infra.clickhouse.store import open_store
from infra.settings import Settings
from schemas.contract import Event
from streams.sending import RecordSender
from tests.conftest import EventBuilder
from tests.fleet_of_few import a_while_ago, sink_has_read_all
from tests.streams_running import Crew, crew, until
from tests.taught_to_order import decision, forgotten, moment, personal, preference, rewrite, trial

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


def send(settings: Settings, *records: tuple[type[Event], str, bytes | None]) -> None:
    with RecordSender(settings) as sender:
        for kind, key, value in records:
            sender.send(f"{settings.topic_prefix}.{kind.topic_suffix}", key.encode(), value, name=kind.__name__)


def of(event: Event, key: str) -> tuple[type[Event], str, bytes]:
    return type(event), key, event.to_bytes()


def life_of(user: str, build: EventBuilder, first: int) -> list[tuple[type[Event], str, bytes]]:
    taste, own = preference(first, user), personal(user, first)
    turn = build.turn(first, user_id=user, occurred_at=a_while_ago() + timedelta(seconds=first))
    return [
        of(turn, user),
        of(taste, taste.key),
        of(own, own.key),
        of(decision(first, user_id=user), user),
        of(moment(first, user_id=user), user),
    ]


def test_what_is_taken_back_or_forgotten_on_the_topics_is_gone_from_the_store_also_after_a_kill(
    settings: Settings, workers: Crew, build: EventBuilder
) -> None:
    kept, gone = rewrite(1), rewrite(2)
    away, stays = preference(1, "u-stays", value="a secret"), preference(2, "u-stays")
    send(
        settings,
        *life_of("u-gone", build, 10),
        *life_of("u-stays", build, 20),
        *(of(one, one.key) for one in (kept, gone, away, stays)),
        of(trial(1), "rewrite-1"),
    )
    sink = workers.start("sink")
    until(lambda: sink_has_read_all(settings), 90, "the sink has read all", poll_s=0.5)
    send(
        settings,
        (type(gone), gone.key, None),
        (type(away), away.key, None),
        of(forgotten("u-gone"), "u-gone"),
    )
    sink.kill()  # whatever it was doing, the next one does again
    sink = workers.start("sink")
    until(lambda: sink_has_read_all(settings), 90, "the next sink has read all", poll_s=0.5)
    send(settings, *life_of("u-gone", build, 10))  # somebody replays what the person said before
    until(lambda: sink_has_read_all(settings), 60, "the sink has read what was sent again", poll_s=0.5)
    assert sink.terminate() == 0
    store = open_store(settings)
    try:
        assert set(rows_of(store, "u-gone").values()) == {0}
        assert rows_of(store, "u-stays")["preferences"] == 2
        words = store.query("SELECT value FROM preferences FINAL WHERE removed = 0 ORDER BY value")
        assert [row["value"] for row in words] == ["shoegaze number 2", "shoegaze number 20"]
        assert "secret" not in str(store.query("SELECT * FROM preferences"))
        rewrites = store.query("SELECT event_id FROM rewrites FINAL WHERE removed = 0 ORDER BY event_id")
        assert [row["event_id"] for row in rewrites] == ["own-u-stays-20", "rewrite-1"]
        assert store.query("SELECT count() AS n FROM rewrite_decisions_per_minute") == [{"n": 1}]
        assert store.query("SELECT sum(turns) AS n FROM turns_per_minute") == [{"n": 1}]
        assert store.query("SELECT count() AS n FROM dead_letters") == [{"n": 0}]
    finally:
        store.close()

"""A planted break becomes one alarm: on its topic, in the store, at the webhook and on the command line."""

import random
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from infra.clickhouse.alarms import AlarmReader
from infra.clickhouse.store import Store, open_store
from infra.settings import Settings
from schemas.alarm import ALARM, Alarm
from schemas.failure_point import FailureAttribution, FailurePoint
from tests.failures_to_order import attribution
from tests.streams_running import Crew, crew, environment_of, until

pytestmark = [pytest.mark.kafka, pytest.mark.clickhouse, pytest.mark.timeout(200)]

USUAL_MINUTES, A_MINUTE = 20, 40
BEGIN = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(minutes=50)


class Pager(ThreadingHTTPServer):
    """Somebody's server: down (503) until it is told to work."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Page)
        self.works = False
        self.refused = 0
        self.taken: list[Alarm] = []
        threading.Thread(target=self.serve_forever, daemon=True).start()


class _Page(BaseHTTPRequestHandler):
    server: Pager

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        if self.server.works:
            self.server.taken.append(ALARM.validate_json(body))
        else:
            self.server.refused += 1
        self.send_response(200 if self.server.works else 503)
        self.end_headers()

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - as the base class has it
        """Nothing is logged."""


@pytest.fixture
def pager() -> Iterator[Pager]:
    server = Pager()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def settings(kafka_settings: Settings, clickhouse_settings: Settings, pager: Pager) -> Settings:
    chosen = {name: getattr(kafka_settings, name) for name in kafka_settings.model_fields_set}
    chosen |= {name: getattr(clickhouse_settings, name) for name in clickhouse_settings.model_fields_set}
    address = f"http://127.0.0.1:{pager.server_address[1]}/alarms"
    return Settings(**chosen, alarm_check_every=timedelta(seconds=0.3), alarm_webhook=address)


@pytest.fixture
def workers(settings: Settings, tmp_path: Path) -> Iterator[Crew]:
    with crew(settings, tmp_path) as started:
        yield started


@pytest.fixture
def stored(settings: Settings) -> Iterator[Store]:
    opened = open_store(settings)
    yield opened
    opened.close()


def minutes(first: int, end: int, asr_in_music: float) -> list[FailureAttribution]:
    """Turns in three domains; the recogniser fails at `asr_in_music` of those in music, and at .02 elsewhere."""
    chance, found = random.Random(first), []
    for minute in range(first, end):
        for n in range(A_MINUTE):
            domain = ("music", "weather", "timers")[n % 3]
            failed = chance.random() < (asr_in_music if domain == "music" else 0.02)
            at = BEGIN + timedelta(minutes=minute, seconds=n) - timedelta(seconds=1000 * minute + n)
            point = FailurePoint.ASR if failed else FailurePoint.CORRECT
            found.append(attribution(1000 * minute + n, point, at=at, domain=domain))
    return found


def produce(settings: Settings, events: list[FailureAttribution]) -> None:
    producer = KafkaProducer(bootstrap_servers=settings.kafka_bootstrap)
    for event in events:
        producer.send(f"{settings.topic_prefix}.failure-points.v1", key=event.user_id.encode(), value=event.to_bytes())
    producer.flush()
    producer.close()


def told(settings: Settings) -> list[Alarm]:
    """Every alarm on the topic."""
    consumer = KafkaConsumer(bootstrap_servers=settings.kafka_bootstrap, enable_auto_commit=False)
    place = TopicPartition(f"{settings.topic_prefix}.alarms.v1", 0)
    consumer.assign([place])
    consumer.seek_to_beginning(place)
    end, found = consumer.end_offsets([place])[place], []
    while consumer.position(place) < end:
        for records in consumer.poll(timeout_ms=200).values():
            found += [ALARM.validate_json(record.value) for record in records]
    consumer.close()
    return found


def count(store: Store, table: str) -> int:
    (row,) = store.query(f"SELECT uniqExact(event_id) AS n FROM {table}")
    return int(str(row["n"]))


def test_a_planted_break_is_one_alarm_though_the_sink_is_killed_and_the_webhook_is_down(
    settings: Settings, workers: Crew, stored: Store, pager: Pager
) -> None:
    first = workers.start("sink")
    usual = minutes(0, USUAL_MINUTES, 0.02)
    broken = minutes(USUAL_MINUTES, USUAL_MINUTES + 4, 0.6)
    produce(settings, [*usual, *broken])
    first.says("alarm: ASR broke in music")
    until(lambda: pager.refused > 0, 30, "the webhook was asked")
    first.kill()

    second = workers.start("sink")
    pager.works = True
    more = minutes(USUAL_MINUTES + 4, USUAL_MINUTES + 8, 0.6)
    produce(settings, [*more, *usual[:50]])  # some are delivered again
    until(lambda: count(stored, "alarm_notices") == 1, 60, "the webhook has taken the alarm")
    until(lambda: count(stored, "failure_points") == len(usual) + len(broken) + len(more), 60, "all are stored")
    produce(settings, minutes(USUAL_MINUTES + 8, USUAL_MINUTES + 22, 0.02))
    until(lambda: any(not one.open for one in told(settings)), 60, "the alarm is over")
    until(lambda: any(not one.open for one in pager.taken), 60, "the webhook knows")
    assert second.terminate() == 0

    alarms = told(settings)
    assert len({one.event_id for one in alarms}) == 1
    assert [one.revision for one in alarms] == list(range(len(alarms)))
    raised, over = alarms[0], alarms[-1]
    assert (raised.failure_point, raised.scope.domain) == (FailurePoint.ASR, "music")
    assert abs(raised.occurred_at - BEGIN - timedelta(minutes=USUAL_MINUTES)) <= timedelta(minutes=1)
    assert over.ended_at is not None
    assert abs(over.ended_at - BEGIN - timedelta(minutes=USUAL_MINUTES + 8)) <= timedelta(minutes=1)
    assert AlarmReader(stored).alarms() == [over]

    listed = subprocess.run(
        [sys.executable, "-m", "streams.cli.main", "alarms", "list"],
        env=environment_of(settings),
        capture_output=True,
        text=True,
        check=True,
    )
    assert over.summary in listed.stdout
    assert "1 alarms, 0 open" in listed.stderr

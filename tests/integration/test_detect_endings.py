"""How a `detect` worker ends: well when told to, with one clear line and a failure when it cannot go on."""

import socket
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType

from infra.kafka.topics import DIALOGUES
from infra.settings import Settings
from streams.fleet import FleetProducer
from tests.fleet_of_few import a_while_ago, fleet_events
from tests.streams_running import Crew, crew

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(200)]


@pytest.fixture
def workers(kafka_settings: Settings, tmp_path: Path) -> Iterator[Crew]:
    with crew(kafka_settings, tmp_path) as started:
        yield started


def last_line(said: str) -> str:
    return said.strip().split("\n")[-1]


def test_a_broker_that_is_not_there_is_one_clear_line_and_a_failure(workers: Crew, free_ports) -> None:
    (port,) = free_ports(1)
    worker = workers.start("detect", "--wait", "2", kafka_bootstrap=f"127.0.0.1:{port}")
    assert worker.ends(30) == 1
    assert worker.said.count("\n") == 1
    assert f"no Kafka broker answers at 127.0.0.1:{port}" in worker.said
    assert "earshot up" in worker.said


def test_somebody_else_on_the_port_of_the_broker_is_one_clear_line_and_a_failure(workers: Crew) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        port = mute.getsockname()[1]
        worker = workers.start("detect", "--wait", "2", kafka_bootstrap=f"127.0.0.1:{port}")
        assert worker.ends(30) == 1
    assert worker.said.count("\n") == 1
    assert f"127.0.0.1:{port}" in worker.said


def test_a_worker_without_work_stops_at_once_when_told_to(workers: Crew) -> None:
    worker = workers.start("detect")
    worker.says("is ready")
    assert worker.terminate() == 0


def test_a_result_that_the_broker_refuses_ends_the_worker_with_its_reason(
    kafka_settings: Settings, workers: Crew
) -> None:
    with KafkaAdminClient(bootstrap_servers=kafka_settings.kafka_bootstrap) as admin:
        admin.alter_configs(
            [ConfigResource(ConfigResourceType.TOPIC, DIALOGUES.full_name(kafka_settings), {"max.message.bytes": "50"})]
        )
    with FleetProducer(kafka_settings, ids_are_pseudonyms=True) as fleet:
        for event in fleet_events(20, a_while_ago(), timedelta(minutes=5)):
            fleet.send(event)
    worker = workers.start("detect")
    assert worker.ends() == 1
    assert "MessageSizeTooLarge" in last_line(worker.said)

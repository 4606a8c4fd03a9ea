"""`detect` with its models on a real broker: it says what the same models say in memory, and tells devices' clocks."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from infra.settings import Settings
from schemas.feedback import Correction, Rephrase
from schemas.turn import DeviceEvent, Response, Span, Turn
from streams.clock_skews import told_skews
from streams.fleet import FleetProducer
from tests.fleet_of_few import a_while_ago, expected, fleet_events, told, untold
from tests.streams_running import Crew, crew, until_none

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(200)]

AHEAD = timedelta(seconds=0.8)
"""How far the clock that stamps answers is off on some devices."""


@pytest.fixture
def hearing_settings(kafka_settings: Settings) -> Settings:
    chosen = {name: getattr(kafka_settings, name) for name in kafka_settings.model_fields_set}
    return Settings(**chosen | {"hearing": "models", "dialogue_gap": timedelta(seconds=5)})


@pytest.fixture
def workers(hearing_settings: Settings, tmp_path: Path) -> Iterator[Crew]:
    with crew(hearing_settings, tmp_path) as started:
        yield started


def skewed(event: DeviceEvent) -> DeviceEvent:
    """With the answer stamped by another clock, on every fourth device."""
    if not isinstance(event, Turn) or event.response is None or int(event.device.id[1:]) % 4:
        return event
    span = event.response.span
    assert span is not None
    late = Span(started_at=span.started_at + AHEAD, ended_at=span.ended_at + AHEAD)
    answered = Response(text=event.response.text, status=event.response.status, span=late)
    return event.model_copy(update={"response": answered})


def test_a_worker_with_models_says_what_they_say_in_memory(hearing_settings: Settings, workers: Crew) -> None:
    worker = workers.start("detect")
    events = [skewed(event) for event in fleet_events(600, a_while_ago(), timedelta(minutes=10))]
    with FleetProducer(hearing_settings, ids_are_pseudonyms=True) as fleet:
        for event in events:
            fleet.send(event)
    wanted = expected(hearing_settings, events)
    until_none(lambda: untold(hearing_settings, wanted), 120, "detect has said it all")
    heard = told(hearing_settings).feedback.values()
    assert any(isinstance(signal, Correction) for signal in heard)
    assert any(isinstance(signal, Rephrase) and signal.cause is not None for signal in heard)
    skews = [
        skew
        for partition in range(hearing_settings.kafka_partitions)
        for skew in told_skews(hearing_settings, partition)
    ]
    off = [skew.offset_ms for skew in skews if int(skew.device_id[1:]) % 4 == 0]
    right = [skew.offset_ms for skew in skews if int(skew.device_id[1:]) % 4]
    assert off
    assert right
    assert min(off) > max(right)
    assert worker.terminate() == 0

"""Record batches that no consumer can read stop their partition with an alarm; all others go on."""

import struct
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from aiokafka.record.util import calc_crc32c
from kafka import KafkaProducer

from infra.kafka.broker import EmbeddedBroker
from infra.kafka.topics import TURN_EVENTS, create_topics
from infra.settings import Settings
from schemas.turn import DeviceEvent
from tests.fleet_of_few import a_while_ago, fleet_events, told
from tests.streams_running import crew, until

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(240)]

CORRUPT, UNKNOWN_CODEC, SOUND = 0, 1, 2
_LENGTH_AT, _CRC_AT, _ATTRIBUTES_AT, _HEADER = 8, 17, 21, 61


@pytest.fixture
def own_broker(tmp_path: Path, free_ports: Callable[[int], list[int]]) -> Iterator[EmbeddedBroker]:
    port, controller_port = free_ports(2)
    broker = EmbeddedBroker(tmp_path, port, controller_port)
    broker.start()
    try:
        broker.wait_ready()
        yield broker
    finally:
        broker.kill()


@pytest.fixture
def settings(own_broker: EmbeddedBroker) -> Settings:
    chosen = Settings(kafka_bootstrap=own_broker.bootstrap, kafka_partitions=3, dialogue_gap=timedelta(seconds=5))
    create_topics(chosen)
    return chosen


def put(settings: Settings, events: Sequence[DeviceEvent], partition: int) -> None:
    """One record batch, the more events the larger."""
    producer = KafkaProducer(bootstrap_servers=settings.kafka_bootstrap, linger_ms=200, batch_size=1 << 20)
    for event in events:
        producer.send(TURN_EVENTS.full_name(settings), event.to_bytes(), event.user_id.encode(), partition=partition)
    producer.flush()
    producer.close()


def segment(home: Path, settings: Settings, partition: int) -> Path:
    (found,) = home.glob(f"**/{TURN_EVENTS.full_name(settings)}-{partition}/00000000000000000000.log")
    return found


def batches(content: bytes) -> list[tuple[int, int]]:
    """Start and end of each record batch in a segment."""
    found: list[tuple[int, int]] = []
    at = 0
    while at + _HEADER <= len(content):
        (length,) = struct.unpack_from(">i", content, at + _LENGTH_AT)
        if length <= 0:
            break
        found.append((at, at + 12 + length))
        at += 12 + length
    return found


def spoil(file: Path, change: Callable[[bytearray, int, int], None]) -> None:
    """Change the second record batch of a segment."""
    content = bytearray(file.read_bytes())
    change(content, *batches(bytes(content))[1])
    file.write_bytes(content)


def flip_a_bit(content: bytearray, start: int, end: int) -> None:
    content[(start + _HEADER + end) // 2] ^= 0x10


def claim_an_unknown_codec(content: bytearray, start: int, end: int) -> None:
    (attributes,) = struct.unpack_from(">h", content, start + _ATTRIBUTES_AT)
    struct.pack_into(">h", content, start + _ATTRIBUTES_AT, (attributes & ~7) | 5)
    struct.pack_into(">I", content, start + _CRC_AT, calc_crc32c(bytes(content[start + _ATTRIBUTES_AT : end])))


def test_unreadable_batches_stop_their_partitions_with_an_alarm_and_no_other(
    own_broker: EmbeddedBroker, settings: Settings, tmp_path: Path
) -> None:
    start = a_while_ago()
    before, inside, after, later = (
        fleet_events(40, start + timedelta(minutes=minute), timedelta(seconds=30), seed=minute)
        for minute in (0, 3, 6, 9)
    )
    for partition in (CORRUPT, UNKNOWN_CODEC, SOUND):
        for batch, some in enumerate((before, inside, after)):
            named = [
                event.model_copy(
                    update={
                        "user_id": f"p{partition}",
                        "dialogue_id": f"{partition}-{batch}-{event.dialogue_id}",
                        "turn_id": f"{partition}-{batch}-{event.turn_id}",
                        "event_id": f"{partition}-{batch}-{event.event_id}",
                    }
                )
                for event in some
            ]
            put(settings, named, partition)
    own_broker.stop()
    spoil(segment(tmp_path, settings, CORRUPT), flip_a_bit)
    spoil(segment(tmp_path, settings, UNKNOWN_CODEC), claim_an_unknown_codec)
    own_broker.start()
    own_broker.wait_ready()

    def dialogues_of(user: str) -> int:
        return sum(dialogue.user_id == user and dialogue.closed for dialogue in told(settings).dialogues.values())

    with crew(settings, tmp_path) as workers:
        worker = workers.start("detect")
        until(lambda: dialogues_of(f"p{SOUND}") >= 120, 60, "the sound partition is told of", poll_s=0.5)
        for partition in (CORRUPT, UNKNOWN_CODEC):
            until(lambda p=partition: dialogues_of(f"p{p}") >= 40, 60, "what came before is told of", poll_s=0.5)
            worker.says(f"partition {partition} at offset {len(before)}")
        put(settings, [event.model_copy(update={"user_id": "p9"}) for event in later], SOUND)
        until(lambda: dialogues_of("p9") >= 40, 60, "the sound partition goes on", poll_s=0.5)
        assert worker.works
        assert dialogues_of(f"p{CORRUPT}") == dialogues_of(f"p{UNKNOWN_CODEC}") == 40
        alarms = [line for line in worker.said.split("\n") if "ALARM" in line]
        assert 2 <= len(alarms) <= 6
        assert len(worker.said.split("\n")) < 60
        assert worker.terminate() == 0

"""The fleet's producer against a real broker."""

import re
import threading
import uuid
from collections.abc import Callable

import pytest
from kafka import KafkaProducer

from infra.kafka.broker import EmbeddedBroker
from infra.kafka.errors import BrokerUnavailable
from infra.kafka.topics import TURN_EVENTS, create_topics
from infra.settings import Settings
from schemas.turn import TURN_EVENT, Asr, Device, Turn
from streams.fleet import EventRefused, FleetProducer
from streams.pseudonym import NoPseudonymKey, Pseudonyms
from streams.sending import BufferFull, DeliveryFailed, RecordSender, TopicMissing
from streams.topic_reader import TopicReader, TopicRecord

pytestmark = pytest.mark.kafka

KEY = "a long random text"
FreePorts = Callable[[int], list[int]]


def turn(number: int, user: str = "anna") -> Turn:
    return Turn(
        event_id=f"e{number}",
        occurred_at="2026-03-02T18:00:00Z",
        turn_id=f"t{number}",
        dialogue_id="d",
        user_id=user,
        device=Device(id="kitchen"),
        asr=Asr(text=f"play song {number}"),
    )


def stored(settings: Settings) -> list[TopicRecord]:
    with TopicReader(settings, [TURN_EVENTS.full_name(settings)]) as reader:
        return list(reader.rest())


def test_events_arrive_under_pseudonyms_and_in_the_order_of_each_user(kafka_settings: Settings) -> None:
    settings = kafka_settings.model_copy(update={"pseudonym_key": Settings(pseudonym_key=KEY).pseudonym_key})
    with FleetProducer(settings) as fleet:
        for number in range(300):
            fleet.send(turn(number, user=f"user {number % 7}"))
    assert fleet.sent == fleet.acknowledged == 300
    records = stored(settings)
    assert len(records) == 300
    users: dict[str, list[int]] = {}
    for record in records:
        event = TURN_EVENT.validate_json(record.value or b"")
        assert record.key == event.user_id.encode()
        assert event.device.id == Pseudonyms(KEY.encode()).device("kitchen")
        users.setdefault(event.user_id, []).append(int(event.event_id[1:]))
    assert set(users) == {Pseudonyms(KEY.encode()).user(f"user {number}") for number in range(7)}
    assert all(numbers == sorted(numbers) for numbers in users.values())
    assert len({(record.partition, record.key) for record in records}) == 7


def test_it_does_not_start_without_a_key_unless_the_ids_are_pseudonyms(kafka_settings: Settings) -> None:
    with pytest.raises(NoPseudonymKey, match="EARSHOT_PSEUDONYM_KEY"):
        FleetProducer(kafka_settings)
    with FleetProducer(kafka_settings, ids_are_pseudonyms=True) as fleet:
        fleet.send(turn(1))
    assert stored(kafka_settings)[0].key == b"anna"


def test_what_would_be_a_dead_letter_is_refused_and_the_others_are_sent(kafka_settings: Settings) -> None:
    settings = kafka_settings.model_copy(update={"max_event_bytes": 500})
    with FleetProducer(settings, ids_are_pseudonyms=True) as fleet:
        with pytest.raises(EventRefused, match="at most 500"):
            fleet.send(turn(1).model_copy(update={"text": "x" * 600}))
        with pytest.raises(EventRefused, match="turn_id"):
            fleet.send(turn(2).model_copy(update={"turn_id": ""}))
        fleet.send(turn(3))
    assert len(stored(settings)) == 1


def test_a_missing_topic_is_an_error_at_once(kafka_settings: Settings) -> None:
    settings = kafka_settings.model_copy(update={"topic_prefix": "nobody"})
    with pytest.raises(TopicMissing, match=r"nobody\.turn-events\.v1 does not exist"):
        FleetProducer(settings, ids_are_pseudonyms=True)


def test_a_broker_that_is_not_there_is_an_error(free_ports: FreePorts) -> None:
    settings = Settings(kafka_bootstrap=f"127.0.0.1:{free_ports(1)[0]}")
    with pytest.raises(BrokerUnavailable, match=re.escape(settings.kafka_bootstrap)):
        FleetProducer(settings, ids_are_pseudonyms=True)


def send_many(fleet: FleetProducer, count: int) -> None:
    for number in range(count):
        fleet.send(turn(number))


def test_a_full_buffer_is_an_error_and_what_was_taken_is_delivered(
    kafka_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    let_go = threading.Event()
    deliver = RecordSender._delivered

    def delivered_later(*arguments: object) -> None:
        let_go.wait()
        deliver(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(RecordSender, "_delivered", delivered_later)
    with FleetProducer(kafka_settings, ids_are_pseudonyms=True, buffer_bytes=5000, max_block_s=0.2) as fleet:
        with pytest.raises(BufferFull, match=r"was not sent: .* wait for the broker"):
            send_many(fleet, 1000)
        taken = fleet.sent
        assert 5 < taken < 30
        let_go.set()
    assert fleet.acknowledged == taken == len(stored(kafka_settings))


def test_what_could_not_be_delivered_is_named(tmp_path_factory: pytest.TempPathFactory, free_ports: FreePorts) -> None:
    port, controller = free_ports(2)
    broker = EmbeddedBroker(tmp_path_factory.mktemp("kafka"), port, controller)
    broker.start()
    try:
        broker.wait_ready()
        settings = Settings(kafka_bootstrap=broker.bootstrap, topic_prefix=f"t{uuid.uuid4().hex[:8]}")
        create_topics(settings)
        fleet = FleetProducer(settings, ids_are_pseudonyms=True, delivery_timeout_s=3.0)
        fleet.send(turn(1))
        fleet.flush()
    finally:
        broker.stop()
    fleet.send(turn(2))
    fleet.send(turn(3))
    with pytest.raises(DeliveryFailed, match=r"2 records were not delivered: event e2 to .*; event e3") as failed:
        fleet.close(timeout_s=20)
    assert failed.value.count == 2
    assert fleet.acknowledged == 1


def test_a_failure_inside_the_block_is_not_hidden_by_the_close(kafka_settings: Settings) -> None:
    def send_and_fail() -> None:
        with FleetProducer(kafka_settings, ids_are_pseudonyms=True) as fleet:
            fleet.send(turn(1))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        send_and_fail()
    assert len(stored(kafka_settings)) == 1


def test_it_sends_idempotently_to_all_replicas(kafka_settings: Settings) -> None:
    with RecordSender(kafka_settings) as sender:
        producer = sender._producer
        assert isinstance(producer, KafkaProducer)
        assert producer.config["enable_idempotence"] is True
        assert producer.config["acks"] in ("all", -1)
        assert producer.config["compression_type"] == "lz4"

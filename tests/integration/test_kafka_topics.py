"""Topics on a real broker."""

import time
import uuid
from dataclasses import replace

import pytest
from kafka import KafkaAdminClient, KafkaProducer
from kafka.admin import ConfigResource, ConfigResourceType

from infra.kafka.broker import EmbeddedBroker
from infra.kafka.connection import kafka_python_options
from infra.kafka.errors import BrokerUnavailable, TopicMismatch
from infra.kafka.topics import DEAD_LETTERS, TOPICS, TURN_EVENTS, Cleanup, Topic, create_topics, topic_states
from infra.settings import Settings

pytestmark = pytest.mark.kafka


@pytest.fixture
def bare_settings(broker: EmbeddedBroker) -> Settings:
    """Settings of a prefix that has no topics yet."""
    return Settings(kafka_bootstrap=broker.bootstrap, topic_prefix=f"test-{uuid.uuid4().hex[:12]}")


def test_every_topic_is_created_with_the_one_partition_count(bare_settings: Settings) -> None:
    settings = bare_settings.model_copy(update={"kafka_partitions": 3})
    assert create_topics(settings) == [topic.full_name(settings) for topic in TOPICS]
    assert {state.partitions for state in topic_states(settings)} == {3}


def test_creating_again_changes_nothing(kafka_settings: Settings) -> None:
    assert create_topics(kafka_settings) == []


def test_only_what_is_missing_is_created(bare_settings: Settings) -> None:
    create_topics(bare_settings, (TURN_EVENTS,))
    assert TURN_EVENTS.full_name(bare_settings) not in create_topics(bare_settings)
    assert len(topic_states(bare_settings)) == len(TOPICS)


def test_another_partition_count_is_refused_and_nothing_is_created(bare_settings: Settings) -> None:
    create_topics(bare_settings, (DEAD_LETTERS,))
    other = bare_settings.model_copy(update={"kafka_partitions": 7})
    with pytest.raises(TopicMismatch, match="has 4 partitions, but every topic of Earshot needs 7"):
        create_topics(other)
    assert [state.name for state in topic_states(other)] == [DEAD_LETTERS.full_name(other)]


def test_the_configuration_reaches_the_broker(kafka_settings: Settings) -> None:
    compacted = Topic("things", Cleanup.COMPACT)
    create_topics(kafka_settings, (compacted,))
    assert _configuration(kafka_settings, compacted)["cleanup.policy"] == "compact"
    turn_events = _configuration(kafka_settings, TURN_EVENTS)
    assert turn_events["retention.ms"] == "604800000"
    assert turn_events["max.message.bytes"] == str(8 << 20)


@pytest.mark.parametrize("years", [-10, 10])
def test_a_device_clock_ten_years_off_gets_no_record_refused(kafka_settings: Settings, years: int) -> None:
    producer = KafkaProducer(**kafka_python_options(kafka_settings))
    now_ms = time.time_ns() // 1_000_000
    sent = producer.send(
        TURN_EVENTS.full_name(kafka_settings), b"{}", timestamp_ms=now_ms + years * 365 * 24 * 3_600_000
    ).get(10)
    producer.close()
    assert abs(sent.timestamp - now_ms) < 60_000


def test_the_largest_dead_letter_passes(kafka_settings: Settings) -> None:
    producer = KafkaProducer(**kafka_python_options(kafka_settings), max_request_size=32 << 20)
    producer.send(DEAD_LETTERS.full_name(kafka_settings), bytes((16 << 20) - 1000)).get(30)
    producer.close()
    assert {state.name: state.records for state in topic_states(kafka_settings)}[
        DEAD_LETTERS.full_name(kafka_settings)
    ] == 1


def test_a_topic_the_broker_refuses_is_one_line(kafka_settings: Settings) -> None:
    nonsense = replace(TURN_EVENTS, name="odd", config={"max.message.bytes": "many"})
    with pytest.raises(BrokerUnavailable, match="could not be created"):
        create_topics(kafka_settings, (nonsense,))


def _configuration(settings: Settings, topic: Topic) -> dict[str, str]:
    with KafkaAdminClient(**kafka_python_options(settings)) as admin:
        resource = ConfigResource(ConfigResourceType.TOPIC, topic.full_name(settings))
        answer = admin.describe_configs([resource], config_filter="all")
    return {name: entry["value"] for name, entry in answer["topic"][topic.full_name(settings)].items()}

"""Simulated events in a real Kafka: all of them, each with the hash of its configuration, no truth among them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from infra.kafka.topics import TURN_EVENTS
from infra.settings import Settings
from streams.decoding import Limits, decode
from streams.sending import TopicMissing
from streams.simulator.simulate import simulate
from streams.simulator.simulate_sinks import into_kafka
from streams.simulator.simulation import CONFIG_HEADER, Simulation
from streams.topic_reader import TopicReader

pytestmark = pytest.mark.kafka

SMALL = Simulation(users=4_000, dialogues=120, seed=13, rate=2.0, begins=datetime.now(UTC) - timedelta(minutes=30))


def test_every_event_arrives_in_its_users_order_and_is_believed(kafka_settings: Settings) -> None:
    made = list(simulate(SMALL))
    assert into_kafka(SMALL, iter(made), kafka_settings) == len(made)
    with TopicReader(kafka_settings, [TURN_EVENTS.full_name(kafka_settings)]) as reader:
        records = list(reader.rest())
    assert len(records) == len(made)
    for user in {sent.key for sent in made}:
        assert [one.value for one in records if one.key == user] == [one.value for one in made if one.key == user]
    limits = Limits.of(kafka_settings)
    for record in records:
        decode(record.key, record.value, record.timestamp_ms, limits)
        assert dict(record.headers)[CONFIG_HEADER] == SMALL.config_hash.encode()


def test_at_a_speed_events_are_sent_as_far_apart_as_they_happened(kafka_settings: Settings) -> None:
    brief = replace(SMALL, dialogues=10)
    made = list(simulate(brief))
    happened_s = (made[-1].sent_ms - made[0].sent_ms) / 1000
    began = datetime.now(UTC)
    into_kafka(brief, iter(made), kafka_settings, speed=happened_s / 2)
    assert (datetime.now(UTC) - began).total_seconds() >= 2


def test_without_topics_it_says_how_to_make_them(kafka_settings: Settings) -> None:
    with pytest.raises(TopicMissing, match="earshot up"):
        into_kafka(SMALL, iter(()), kafka_settings.model_copy(update={"topic_prefix": "nobody"}))

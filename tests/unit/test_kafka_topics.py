"""What a topic is before any broker knows it."""

from infra.kafka.server_properties import LARGEST_RECORD_BYTES
from infra.kafka.topics import DEAD_LETTERS, TOPICS, TURN_EVENTS, Cleanup, Topic
from infra.settings import Settings


def test_a_name_carries_the_prefix_and_the_version() -> None:
    assert TURN_EVENTS.full_name(Settings(topic_prefix="acme")) == "acme.turn-events.v1"


def test_events_are_kept_for_seven_days() -> None:
    assert TURN_EVENTS.broker_config()["retention.ms"] == "604800000"


def test_a_compacted_topic_forgets_nothing_by_age() -> None:
    config = Topic("preferences", Cleanup.COMPACT).broker_config()
    assert config["cleanup.policy"] == "compact"
    assert "retention.ms" not in config


def test_every_turn_event_fits_into_a_dead_letter_and_every_dead_letter_through_the_broker() -> None:
    largest = {topic: int(topic.config.get("max.message.bytes", 0)) for topic in TOPICS}
    assert largest[TURN_EVENTS] < largest[DEAD_LETTERS] <= LARGEST_RECORD_BYTES

"""Earshot's topics, and how they come to exist: by us, with one partition count for all of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from kafka import KafkaAdminClient, TopicPartition
from kafka.admin import OffsetSpec
from kafka.errors import KafkaError as ClientError
from kafka.errors import TopicAlreadyExistsError

from infra.kafka.connection import kafka_python_options
from infra.kafka.errors import BrokerUnavailable, TopicMismatch
from infra.settings import Settings

RETENTION = timedelta(days=7)
_MIB = 1 << 20


class Cleanup(StrEnum):
    """What the broker does with old records: drop them by age, or keep the last one of each key."""

    DELETE = "delete"
    COMPACT = "compact"


@dataclass(frozen=True)
class Topic:
    """One topic as it has to be: `name` without prefix and version, how it is cleaned, what else is configured."""

    name: str
    cleanup: Cleanup = Cleanup.DELETE
    config: Mapping[str, str] = field(default_factory=dict, hash=False)
    version: int = 1

    def full_name(self, settings: Settings) -> str:
        """The name on the broker, such as `earshot.turn-events.v1`."""
        return f"{settings.topic_prefix}.{self.name}.v{self.version}"

    def broker_config(self) -> dict[str, str]:
        """The topic's configuration in Kafka's own words."""
        # The broker's clock, not a device's: a wrong one would get a record refused, or dropped as too old.
        config = {"cleanup.policy": self.cleanup.value, "message.timestamp.type": "LogAppendTime"}
        if self.cleanup is Cleanup.DELETE:
            config["retention.ms"] = str(RETENTION // timedelta(milliseconds=1))
        return config | dict(self.config)


_LONG_TOMBSTONES = {"delete.retention.ms": str(RETENTION // timedelta(milliseconds=1))}
"""Who starts from a snapshot must still find what was taken back since."""

TURN_EVENTS = Topic("turn-events", config={"max.message.bytes": str(8 * _MIB)})
FEEDBACK = Topic("feedback")
DIALOGUES = Topic("dialogues")
FAILURE_POINTS = Topic("failure-points")
ALARMS = Topic("alarms")
PREFERENCES = Topic("preferences", Cleanup.COMPACT, config=_LONG_TOMBSTONES)
PREFERENCE_OUTCOMES = Topic("preference-outcomes")
TEACHABLE_MOMENTS = Topic("teachable-moments")
CHOICES = Topic("choices", Cleanup.COMPACT)
REWRITES = Topic("rewrites", Cleanup.COMPACT, config=_LONG_TOMBSTONES)
TRANSITIONS = Topic("transitions")
SOURCE_MOVES = Topic("source-moves", Cleanup.COMPACT, {"max.message.bytes": str(8 * _MIB)})
REWRITE_DECISIONS = Topic("rewrite-decisions")
REWRITE_OUTCOMES = Topic("rewrite-outcomes")
REWRITE_TRIALS = Topic("rewrite-trials", Cleanup.COMPACT)
REWRITE_REFRESHES = Topic("rewrite-refreshes", Cleanup.COMPACT)
FORGOTTEN_PEOPLE = Topic("forgotten-people")
CLOCK_SKEW = Topic("clock-skew", Cleanup.COMPACT)
DEAD_LETTERS = Topic("dead-letters", config={"max.message.bytes": str(16 * _MIB)})

TOPICS = (
    TURN_EVENTS,
    FEEDBACK,
    DIALOGUES,
    FAILURE_POINTS,
    ALARMS,
    PREFERENCES,
    PREFERENCE_OUTCOMES,
    TEACHABLE_MOMENTS,
    CHOICES,
    TRANSITIONS,
    SOURCE_MOVES,
    REWRITES,
    REWRITE_DECISIONS,
    REWRITE_OUTCOMES,
    REWRITE_TRIALS,
    REWRITE_REFRESHES,
    FORGOTTEN_PEOPLE,
    CLOCK_SKEW,
    DEAD_LETTERS,
)


def create_topics(settings: Settings, topics: tuple[Topic, ...] = TOPICS) -> list[str]:
    """Create the topics that are missing, each with `settings.kafka_partitions`; returns the names of the new ones.

    Returns when every topic has its leaders. Raises `TopicMismatch` when one exists with another partition count
    (nothing is created then) and `BrokerUnavailable` when the broker cannot be asked.
    """
    wanted = {topic.full_name(settings): topic for topic in topics}
    try:
        with KafkaAdminClient(**kafka_python_options(settings), bootstrap_timeout_ms=10_000) as admin:
            missing = _missing(admin, list(wanted), settings.kafka_partitions)
            for name in missing:
                _create(admin, name, wanted[name], settings)
            if missing:
                admin.wait_for_topics(missing, timeout_ms=15_000)
                # Somebody else may have been faster, with another partition count.
                _missing(admin, missing, settings.kafka_partitions)
            return missing
    except ClientError as error:
        raise BrokerUnavailable(f"the topics could not be created at {settings.kafka_bootstrap} ({error})") from error


@dataclass(frozen=True)
class TopicState:
    """A topic as it stands on the broker. `records` counts offsets that are still kept, compacted ones too."""

    name: str
    partitions: int
    records: int


def topic_states(settings: Settings, topics: tuple[Topic, ...] = TOPICS) -> list[TopicState]:
    """Those of `topics` that exist, in that order. Raises `BrokerUnavailable` when the broker cannot be asked."""
    try:
        with KafkaAdminClient(**kafka_python_options(settings), bootstrap_timeout_ms=10_000) as admin:
            existing = _partitions(admin)
            names = [name for topic in topics if (name := topic.full_name(settings)) in existing]
            every = [TopicPartition(name, partition) for name in names for partition in range(existing[name])]
            if not every:
                return []
            first = admin.list_partition_offsets(dict.fromkeys(every, OffsetSpec.EARLIEST))
            end = admin.list_partition_offsets(dict.fromkeys(every, OffsetSpec.LATEST))
    except ClientError as error:
        raise BrokerUnavailable(f"the topics at {settings.kafka_bootstrap} could not be read ({error})") from error
    records = dict.fromkeys(names, 0)
    for partition in every:
        records[partition.topic] += end[partition].offset - first[partition].offset
    return [TopicState(name, existing[name], records[name]) for name in names]


def _create(admin: KafkaAdminClient, name: str, topic: Topic, settings: Settings) -> None:
    try:
        admin.create_topics(
            {
                name: {
                    "num_partitions": settings.kafka_partitions,
                    "replication_factor": settings.kafka_replication,
                    "configs": {
                        # A record that is acknowledged outlives the loss of one broker, where there are enough.
                        "min.insync.replicas": str(max(1, settings.kafka_replication - 1)),
                        **topic.broker_config(),
                    },
                }
            }
        )
    except TopicAlreadyExistsError:
        return


def _missing(admin: KafkaAdminClient, names: list[str], partitions: int) -> list[str]:
    existing = _partitions(admin)
    for name in names:
        if existing.get(name, partitions) != partitions:
            raise TopicMismatch(
                f"topic {name} has {existing[name]} partitions, but every topic of Earshot needs {partitions}; set"
                f" EARSHOT_KAFKA_PARTITIONS={existing[name]}, choose another EARSHOT_TOPIC_PREFIX, or delete the topic"
            )
    return [name for name in names if name not in existing]


def _partitions(admin: KafkaAdminClient) -> dict[str, int]:
    return {topic["name"]: len(topic["partitions"]) for topic in admin.describe_topics()}

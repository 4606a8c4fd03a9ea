"""How far the workers are behind the log: what the live page shows of Kafka."""

import json
import threading
import time
from collections.abc import Sequence

from kafka import KafkaAdminClient, KafkaConsumer, OffsetSpec, TopicPartition
from kafka.errors import KafkaError

from infra.kafka.connection import kafka_python_options
from infra.page.pulse import PartitionLag, PulseUnavailable
from infra.settings import Settings
from schemas.turn import DeviceEvent
from streams.sink_decoding import TOPIC_SUFFIXES

READS = {
    "detect": (DeviceEvent.topic_suffix,),
    "classify": (DeviceEvent.topic_suffix,),
    "sink": TOPIC_SUFFIXES,
}
"""What each role reads."""

OPTIONAL = frozenset({"classify"})
"""Roles that are behind only where they have ever worked."""

HELD_S = 1.0
FETCH_TIMEOUT_MS = 2000


class KafkaPulse:
    """Asks the brokers, at most once a second, whoever asks. Both methods raise `PulseUnavailable`."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._admin: KafkaAdminClient | None = None
        self._consumer: KafkaConsumer | None = None
        self._lag: list[PartitionLag] = []
        self._asked = 0.0
        self._closed = False

    def lag(self) -> Sequence[PartitionLag]:
        with self._lock:
            return self._fresh_lag()

    def behind_s(self) -> float | None:
        """Age of the oldest record that the sink has not stored; 0 when it has stored all."""
        with self._lock:
            waiting = [held for held in self._fresh_lag() if held.role == "sink" and held.lag]
            if not waiting:
                return 0.0
            try:
                return self._age(waiting)
            except KafkaError as exc:
                self._close()
                raise PulseUnavailable(f"the brokers do not answer: {exc}") from exc

    def close(self) -> None:
        """Leave the brokers; who asks later is told so."""
        with self._lock:
            self._closed = True
            self._close()

    def _close(self) -> None:
        for client in (self._admin, self._consumer):
            if client is not None:
                client.close()
        self._admin = self._consumer = None

    def _fresh_lag(self) -> list[PartitionLag]:
        if self._closed:
            raise PulseUnavailable("the brokers are no longer asked: this process is ending")
        if time.monotonic() - self._asked >= HELD_S:
            try:
                self._lag = self._ask()
            except KafkaError as exc:
                self._close()
                raise PulseUnavailable(f"the brokers do not answer: {exc}") from exc
            self._asked = time.monotonic()
        return self._lag

    def _ask(self) -> list[PartitionLag]:
        options = kafka_python_options(self._settings)
        self._admin = self._admin or KafkaAdminClient(**options)
        self._consumer = self._consumer or KafkaConsumer(**options, enable_auto_commit=False, max_poll_records=1)
        found: list[PartitionLag] = []
        for role, suffixes in READS.items():
            places = [
                TopicPartition(f"{self._settings.topic_prefix}.{suffix}", partition)
                for suffix in suffixes
                for partition in range(self._settings.kafka_partitions)
            ]
            committed = self._committed(f"{self._settings.group_prefix}.{role}")
            if role in OPTIONAL and not committed:
                continue
            ends = self._admin.list_partition_offsets(dict.fromkeys(places, OffsetSpec.LATEST))
            starts = self._admin.list_partition_offsets(dict.fromkeys(places, OffsetSpec.EARLIEST))
            for place in places:
                done = max(committed.get(place, 0), starts[place].offset)
                end = ends[place].offset
                found.append(PartitionLag(role, place.topic, place.partition, done, end, max(0, end - done)))
        return found

    def _committed(self, group: str) -> dict[TopicPartition, int]:
        """Up to where a group has worked: `detect` re-reads from further back; the metadata say how far it was."""
        assert self._admin is not None, "asked before the client was made"
        try:
            held = self._admin.list_group_offsets(group)[group]
        except KafkaError as exc:
            if exc.retriable:
                return {}  # a group that nobody has joined yet has no coordinator
            raise
        return {place: at.offset + _emitted(at.metadata) for place, at in held.items()}

    def _age(self, waiting: Sequence[PartitionLag]) -> float | None:
        assert self._consumer is not None, "asked before the client was made"
        places = [TopicPartition(held.topic, held.partition) for held in waiting]
        self._consumer.assign(places)
        for place, held in zip(places, waiting, strict=True):
            self._consumer.seek(place, held.committed)
        oldest: int | None = None
        for records in self._consumer.poll(timeout_ms=FETCH_TIMEOUT_MS, max_records=len(places)).values():
            for record in records:
                oldest = record.timestamp if oldest is None else min(oldest, record.timestamp)
        return None if oldest is None else max(0.0, time.time() - oldest / 1000)


def _emitted(metadata: str | None) -> int:
    try:
        return int(json.loads(metadata)["emitted"]) if metadata else 0
    except (ValueError, KeyError, TypeError):
        return 0

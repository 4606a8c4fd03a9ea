"""Reading topics without a group: from the beginning or from now, partitions merged by time, nothing committed."""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, Self

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError as ClientError

from infra.kafka.connection import kafka_python_options
from infra.kafka.errors import BrokerUnavailable
from infra.settings import Settings
from streams.sending import TopicMissing

_CONNECT_MS: Final = 10_000
_HELD_A_PARTITION: Final = 2000
_POLL_MS: Final = 200


@dataclass(frozen=True, slots=True)
class TopicRecord:
    """A record as it stands on the broker; `timestamp_ms` is the broker's."""

    topic: str
    partition: int
    offset: int
    timestamp_ms: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]


class TopicReader:
    """Reads all partitions of some topics, or the one asked for; records come in the order of their timestamps as far
    as that is known.

    `from_beginning`, or from now on, or from the first record that the broker took at `since_ms` (ms since the epoch)
    or later, or `last` offsets before the end of each partition; `starts` overrides it for single partitions (topic,
    partition) -> offset. Memory is bounded: a partition that is far ahead of the others in time waits. Raises
    `TopicMissing`, `BrokerUnavailable`.
    """

    def __init__(
        self,
        settings: Settings,
        topics: Sequence[str],
        *,
        from_beginning: bool = True,
        starts: Mapping[tuple[str, int], int] | None = None,
        partition: int | None = None,
        since_ms: int | None = None,
        last: int | None = None,
    ) -> None:
        try:
            self._consumer: Any = KafkaConsumer(
                **kafka_python_options(settings),
                group_id=None,
                enable_auto_commit=False,
                auto_offset_reset="earliest",
                bootstrap_timeout_ms=_CONNECT_MS,
                max_partition_fetch_bytes=4 << 20,
                allow_auto_create_topics=False,
                metrics_enabled=False,
            )
        except ClientError as error:
            raise BrokerUnavailable(
                f"no Kafka broker answers at {settings.kafka_bootstrap}; start one with `earshot up` or set "
                f"EARSHOT_KAFKA_BOOTSTRAP ({type(error).__name__})"
            ) from error
        try:
            self._assign(topics, from_beginning, starts or {}, partition, since_ms, last)
        except BaseException:  # whatever it was, nobody gets the reader to close it
            self.close()
            raise

    def _assign(
        self,
        topics: Sequence[str],
        from_beginning: bool,
        starts: Mapping[tuple[str, int], int],
        only: int | None,
        since_ms: int | None,
        last: int | None,
    ) -> None:
        known = self._consumer.topics()
        if missing := [topic for topic in topics if topic not in known]:
            raise TopicMissing(f"topic {missing[0]} does not exist; `earshot up` creates Earshot's topics")
        partitions = [
            TopicPartition(topic, number)
            for topic in topics
            for number in sorted(self._consumer.partitions_for_topic(topic))
            if only is None or number == only
        ]
        self._held: dict[Any, deque[TopicRecord]] = {partition: deque() for partition in partitions}
        first, self._ends = self._consumer.beginning_offsets(partitions), self._consumer.end_offsets(partitions)
        begins: Mapping[Any, int] = first if from_beginning else self._ends
        if since_ms is not None:
            found = self._consumer.offsets_for_times(dict.fromkeys(partitions, since_ms))
            begins = {one: found[one].offset if found[one] is not None else self._ends[one] for one in partitions}
        if last is not None:
            begins = {one: self._ends[one] - last for one in partitions}
        self._positions: dict[Any, int] = {
            partition: max(first[partition], starts.get(tuple(partition), begins[partition]))
            for partition in partitions
        }
        self._followed: set[Any] = set()
        self._follow(set(partitions))

    @property
    def ends(self) -> Mapping[tuple[str, int], int]:
        """(topic, partition) -> the offset after the last record that was there at the start."""
        return {(place.topic, place.partition): end for place, end in self._ends.items()}

    @property
    def at_the_end(self) -> bool:
        """Whether everything that was there at the start has been read and handed out."""
        return not any(self._held.values()) and all(
            self._positions[partition] >= end for partition, end in self._ends.items()
        )

    def read(self, timeout_ms: int = _POLL_MS) -> list[TopicRecord]:
        """The next records, oldest first; empty when none came in time."""
        try:
            fetched = self._consumer.poll(timeout_ms=timeout_ms, max_records=_HELD_A_PARTITION)
        except ClientError as error:
            raise BrokerUnavailable(f"reading stopped: {type(error).__name__}: {error}") from error
        for partition, records in fetched.items():
            held = self._held[partition]
            for one in records:
                headers = tuple((name, value or b"") for name, value in one.headers)
                held.append(
                    TopicRecord(one.topic, one.partition, one.offset, one.timestamp, one.key, one.value, headers)
                )
        for partition in self._followed:
            self._positions[partition] = self._consumer.position(partition)
        ready = self._in_order()
        self._follow({partition for partition, held in self._held.items() if len(held) < _HELD_A_PARTITION})
        return ready

    def _follow(self, partitions: set[Any]) -> None:
        """Fetch these partitions only."""
        # Not `pause`: kafka-python 3.0.12 never hands out the rest of a fetch that a pause has cut in two.
        if partitions != self._followed:
            self._followed = partitions
            self._consumer.assign(list(partitions))
            for partition in partitions:
                self._consumer.seek(partition, self._positions[partition])

    def rest(self) -> Iterator[TopicRecord]:
        """Everything that was there at the start; what comes later may be in it too."""
        while not self.at_the_end:
            yield from self.read()

    def close(self) -> None:
        """Leave the broker."""
        self._consumer.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _in_order(self) -> list[TopicRecord]:
        """Take records as long as no partition that has more to come could have an older one."""
        ready: list[TopicRecord] = []
        silent = [partition for partition, held in self._held.items() if not held]
        blocked = any(self._positions[partition] < self._ends[partition] for partition in silent)
        while not blocked:
            waiting = [(held[0].timestamp_ms, partition) for partition, held in self._held.items() if held]
            if not waiting:
                break
            _, oldest = min(waiting)
            ready.append(self._held[oldest].popleft())
            blocked = not self._held[oldest] and self._positions[oldest] < self._ends[oldest]
        return ready

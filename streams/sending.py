"""Sending records so that none is lost without a word: bounded memory, every delivery checked."""

import contextlib
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, Self

from kafka import KafkaAdminClient, KafkaProducer
from kafka.errors import KafkaError as ClientError
from kafka.errors import KafkaTimeoutError

from infra.kafka.connection import kafka_python_options
from infra.kafka.errors import BrokerUnavailable
from infra.settings import Settings
from streams.errors import StreamError

_FAILURES_KEPT: Final = 100
_FAILURES_SHOWN: Final = 3
_OVERHEAD: Final = 100
"""What a record costs in memory beside its bytes, about."""

_REQUEST_BYTES: Final = 17 << 20
_BATCH_BYTES: Final = 128 << 10
_LINGER_MS: Final = 5
_CONNECT_MS: Final = 10_000

Acknowledged = Callable[[int, int], None]
"""Called with partition and offset once the broker has a record."""


class BufferFull(StreamError):
    """The broker takes records more slowly than they come, or not at all, and waiting did not help."""


class TopicMissing(StreamError):
    """The topic does not exist; a record sent to it would be lost."""


@dataclass(frozen=True, slots=True)
class FailedDelivery:
    """One record that the broker does not have."""

    name: str
    topic: str
    reason: str


class DeliveryFailed(StreamError):
    """Records that were sent are not on the broker. `failures` names the first of them, `count` says how many."""

    def __init__(self, failures: Sequence[FailedDelivery], count: int) -> None:
        self.failures = tuple(failures)
        self.count = count
        shown = "; ".join(f"{one.name} to {one.topic}: {one.reason}" for one in self.failures[:_FAILURES_SHOWN])
        more = f"; and {count - _FAILURES_SHOWN} more" if count > _FAILURES_SHOWN else ""
        super().__init__(f"{count} records were not delivered: {shown}{more}")


class RecordSender:
    """Sends raw records, idempotently and acknowledged by all replicas, from a buffer of bounded size.

    Thread-safe. Use it as a context manager: leaving it waits for what is under way. A record whose delivery failed is
    reported by the next `flush` or `close`.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        buffer_bytes: int = 32 << 20,
        max_block_s: float = 60.0,
        delivery_timeout_s: float = 120.0,
    ) -> None:
        self.acknowledged = 0
        self._settings = settings
        self._buffer_bytes = buffer_bytes
        self._max_block_s = max_block_s
        self._under_way: dict[int, tuple[str, str, int]] = {}
        self._bytes_under_way = 0
        self._next_number = 0
        self._failures: list[FailedDelivery] = []
        self._failed = 0
        self._changed = threading.Condition()
        self._topics: set[str] = set()
        self._closed = False
        request_timeout_s = min(30.0, delivery_timeout_s / 2)
        try:
            self._producer = KafkaProducer(
                **kafka_python_options(settings),
                enable_idempotence=True,
                acks="all",
                compression_type="lz4",
                linger_ms=_LINGER_MS,
                batch_size=_BATCH_BYTES,
                max_request_size=_REQUEST_BYTES,
                allow_auto_create_topics=False,
                max_block_ms=int(max_block_s * 1000),
                request_timeout_ms=int(request_timeout_s * 1000),
                delivery_timeout_ms=int(delivery_timeout_s * 1000),
                reconnect_backoff_max_ms=1000,
                bootstrap_timeout_ms=_CONNECT_MS,
                metrics_enabled=False,
            )
        except ClientError as error:
            raise BrokerUnavailable(
                f"no Kafka broker answers at {settings.kafka_bootstrap}; start one with `earshot up` or set "
                f"EARSHOT_KAFKA_BOOTSTRAP ({type(error).__name__})"
            ) from error

    @property
    def under_way(self) -> int:
        """Records that are sent and neither acknowledged nor failed."""
        return len(self._under_way)

    @property
    def failed(self) -> int:
        """Records whose delivery failed since the last `flush`."""
        return self._failed

    def require_topic(self, topic: str) -> None:
        """Raises `TopicMissing` when `topic` does not exist, `BrokerUnavailable` when nobody can tell."""
        if topic in self._topics:
            return
        # Not `partitions_for`: for a topic that is missing it waits a minute and then only says that it timed out.
        try:
            with KafkaAdminClient(**kafka_python_options(self._settings), bootstrap_timeout_ms=_CONNECT_MS) as admin:
                known = admin.list_topics()
        except ClientError as error:
            raise BrokerUnavailable(f"the broker does not tell whether {topic} exists ({error})") from error
        if topic not in known:
            raise TopicMissing(f"topic {topic} does not exist; `earshot up` creates Earshot's topics")
        self._topics.add(topic)

    def send(
        self,
        topic: str,
        key: bytes | None,
        value: bytes | None,
        *,
        headers: Sequence[tuple[str, bytes]] = (),
        name: str = "record",
        on_acknowledged: Acknowledged | None = None,
        partition: int | None = None,
    ) -> None:
        """Hand one record over; returns before it is delivered. `name` is what an error calls it. `partition`: that of
        the key if None.

        Waits while the buffer is full, at most `max_block_s`, then raises `BufferFull`; the record is not sent then.
        Raises `TopicMissing` and `BrokerUnavailable`. `on_acknowledged` runs on the sending thread: be quick.
        """
        self.require_topic(topic)
        size = len(key or b"") + len(value or b"") + _OVERHEAD
        number = self._reserve(name, topic, size)
        try:
            future = self._producer.send(
                topic,
                value=value if value is not None or key is not None else b"",
                key=key,
                headers=list(headers),
                partition=partition,
            )
        except KafkaTimeoutError as error:
            self._release(number)
            raise BrokerUnavailable(f"the broker does not answer; {name} was not sent ({error})") from error
        except BaseException:  # whatever it was, a place that is not given back is lost to later sends
            self._release(number)
            raise
        future.add_callback(self._delivered, number, on_acknowledged)
        future.add_errback(self._not_delivered, number)

    def flush(self, timeout_s: float = 150.0) -> None:
        """Wait until the broker has everything sent so far.

        Raises `DeliveryFailed` for what failed since the last flush and for what is still under way after
        `timeout_s`.
        """
        with contextlib.suppress(KafkaTimeoutError):  # what is missing is counted below
            self._producer.flush(timeout_s)
        deadline = time.monotonic() + min(timeout_s, 1.0)
        with self._changed:
            # The producer is done with a batch a moment before it has told every record of it.
            while self._under_way and (left := deadline - time.monotonic()) > 0:
                self._changed.wait(left)
            failures, count = self._failures, self._failed
            waiting = [
                FailedDelivery(name, topic, f"not acknowledged within {timeout_s:.0f} s")
                for name, topic, _ in list(self._under_way.values())[:_FAILURES_KEPT]
            ]
            count += len(self._under_way)
            self._failures, self._failed = [], 0
        if count:
            raise DeliveryFailed((failures + waiting)[:_FAILURES_KEPT], count)

    def close(self, timeout_s: float = 150.0) -> None:
        """Flush, then end; takes at most `timeout_s` and a little. Raises `DeliveryFailed` as `flush` does."""
        if self._closed:
            return
        self._closed = True
        try:
            self.flush(timeout_s)
        finally:
            self._producer.close(timeout=2.0)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.close()
        except DeliveryFailed as failed:
            if error is None:
                raise
            error.add_note(str(failed))

    def _reserve(self, name: str, topic: str, size: int) -> int:
        with self._changed:
            # A record larger than the whole buffer may pass alone.
            if self._bytes_under_way and self._bytes_under_way + size > self._buffer_bytes:
                self._wait_for_room(name, size)
            number = self._next_number
            self._next_number += 1
            self._under_way[number] = (name, topic, size)
            self._bytes_under_way += size
        return number

    def _wait_for_room(self, name: str, size: int) -> None:
        deadline = time.monotonic() + self._max_block_s
        while self._bytes_under_way and self._bytes_under_way + size > self._buffer_bytes:
            left = deadline - time.monotonic()
            if left <= 0:
                raise BufferFull(
                    f"{name} was not sent: {len(self._under_way):,} records ({self._bytes_under_way:,} of "
                    f"{self._buffer_bytes:,} bytes) wait for the broker and none left within "
                    f"{self._max_block_s:g} s; is the broker up, or does it need to be faster?"
                )
            self._changed.wait(left)

    def _release(self, number: int) -> tuple[str, str, int]:
        with self._changed:
            entry = self._under_way.pop(number)
            self._bytes_under_way -= entry[2]
            self._changed.notify_all()
        return entry

    def _delivered(self, number: int, on_acknowledged: Acknowledged | None, metadata: Any) -> None:
        if on_acknowledged is not None:
            on_acknowledged(metadata.partition, metadata.offset)
        self._release(number)
        self.acknowledged += 1

    def _not_delivered(self, number: int, error: BaseException) -> None:
        with self._changed:
            name, topic, _ = self._under_way[number]
            self._failed += 1
            if len(self._failures) < _FAILURES_KEPT:
                self._failures.append(FailedDelivery(name, topic, f"{type(error).__name__}: {error}"))
        self._release(number)

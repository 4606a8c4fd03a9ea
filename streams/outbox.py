"""Sends what a batch led to and returns when the brokers have it."""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Sequence

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaConnectionError, KafkaError, KafkaTimeoutError, MessageSizeTooLargeError
from aiokafka.producer.message_accumulator import BatchBuilder

from infra.kafka.connection import aiokafka_options
from infra.settings import Settings
from streams.delivery import Message

log = logging.getLogger(__name__)

LARGEST_REQUEST = 16 << 20
FIRST_PAUSE_S = 0.2
LONGEST_PAUSE_S = 5.0


class Outbox:
    """An idempotent producer that takes whole batches.

    `deliver` returns only when every record is acknowledged by all in-sync replicas. Faults of the brokers are waited
    out with back-off; any other fault is raised, and the caller must not commit.
    """

    def __init__(self, settings: Settings) -> None:
        self._options = aiokafka_options(settings)
        self._producer: AIOKafkaProducer | None = None
        self.retries = 0

    async def start(self) -> None:
        self._producer = AIOKafkaProducer(
            **self._options,
            acks="all",
            enable_idempotence=True,
            compression_type="zstd",
            linger_ms=0,
            max_batch_size=1 << 20,
            max_request_size=LARGEST_REQUEST,
            request_timeout_ms=30_000,
        )
        await self._producer.start()

    async def stop(self) -> None:
        if self._producer is not None:
            await self._producer.stop()

    async def deliver(self, messages: Sequence[Message]) -> None:
        """Send and wait. Records of one partition keep their order unless a broker fails in between."""
        pending = list(messages)
        pause = FIRST_PAUSE_S
        while pending:
            pending = await self._attempt(pending)
            if pending:
                self.retries += 1
                await asyncio.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE_S)

    async def _attempt(self, messages: Sequence[Message]) -> list[Message]:
        """Send once; what was not acknowledged for a reason that may pass is returned."""
        by_partition: defaultdict[tuple[str, int], list[Message]] = defaultdict(list)
        for message in messages:
            by_partition[message.topic, message.partition].append(message)
        sent: list[tuple[_Group, asyncio.Future[object]]] = []
        failed: list[Message] = []
        for (topic, partition), whole in by_partition.items():
            for group in self._fit(whole):
                try:
                    sent.append((group, await self._send(topic, partition, group)))
                except KafkaError as exc:
                    failed += _to_repeat(group, exc)
        for group, future in sent:
            try:
                await future
            except KafkaError as exc:
                failed += _to_repeat(group, exc)
        return failed

    async def _send(self, topic: str, partition: int, group: "_Group") -> "asyncio.Future[object]":
        assert self._producer is not None, "start() comes first"
        return await self._producer.send_batch(group.builder, topic, partition=partition)  # type: ignore[no-any-return]

    def _fit(self, messages: Sequence[Message]) -> "list[_Group]":
        """Cut into as many record batches as their size asks for."""
        assert self._producer is not None, "start() comes first"
        groups: list[_Group] = []
        for message in messages:
            if not groups or not groups[-1].add(message):
                groups.append(_Group(self._producer.create_batch()))
                if not groups[-1].add(message):
                    raise ValueError(f"a record of {len(message.value or b''):,} bytes does not fit an empty batch")
        for group in groups:
            group.builder.close()
        return groups


class _Group(list[Message]):
    """Messages that travel in one record batch."""

    def __init__(self, builder: BatchBuilder) -> None:
        super().__init__()
        self.builder = builder

    def add(self, message: Message) -> bool:
        metadata = self.builder.append(
            timestamp=None, key=message.key, value=message.value, headers=list(message.headers)
        )
        if metadata is None:
            return False
        self.append(message)
        return True


def _to_repeat(group: _Group, exc: KafkaError) -> list[Message]:
    """The messages, when the fault may pass; else the fault is raised."""
    may_pass = exc.retriable or isinstance(exc, KafkaConnectionError | KafkaTimeoutError)
    if isinstance(exc, MessageSizeTooLargeError) or not may_pass:
        raise exc
    log.warning("%d records to %s were not acknowledged, sending again: %s", len(group), group[0].topic, exc)
    return group

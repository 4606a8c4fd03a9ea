"""Puts a stream onto the topic of turn events: as fast as it goes, or each record in its time."""

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from aiokafka import AIOKafkaProducer
from aiokafka.producer.message_accumulator import BatchBuilder
from kafka.partitioner.default import murmur2
from natural_stream import Sent

from infra.kafka.connection import aiokafka_options
from infra.settings import Settings
from schemas.turn import DeviceEvent

_BATCH_BYTES = 1 << 17
_TICK_S = 0.005


@dataclass(frozen=True, slots=True)
class Produced:
    """A record that was sent at `at` (epoch seconds) and where it was put."""

    partition: int
    offset: int
    at: float


def fill(settings: Settings, stream: Iterable[Sent]) -> int:
    """Produce everything, lz4 in batches of 128 kB; returns how many records that were."""
    return asyncio.run(_fill(settings, stream))


async def _fill(settings: Settings, stream: Iterable[Sent]) -> int:
    topic = f"{settings.topic_prefix}.{DeviceEvent.topic_suffix}"
    count = 0
    async with _producer(settings) as producer:
        batches: dict[int, BatchBuilder] = {}
        sending: list[asyncio.Future[object]] = []
        for sent in stream:
            count += 1
            partition = partition_of(sent.key, settings)
            batch = batches.get(partition)
            if batch is None:
                batch = batches[partition] = producer.create_batch()
            if batch.append(timestamp=None, key=sent.key, value=sent.value) is None:
                batch.close()
                sending.append(await producer.send_batch(batch, topic, partition=partition))
                batch = batches[partition] = producer.create_batch()
                batch.append(timestamp=None, key=sent.key, value=sent.value)
        for partition, batch in batches.items():
            batch.close()
            sending.append(await producer.send_batch(batch, topic, partition=partition))
        for future in sending:
            await future
    return count


async def pace(settings: Settings, stream: Sequence[Sent], begins: float) -> list[Produced]:
    """Produce each record at its time after `begins` (epoch seconds); where and when each was put, in their order."""
    topic = f"{settings.topic_prefix}.{DeviceEvent.topic_suffix}"
    under_way: dict[int, tuple[asyncio.Future[object], int, int, float]] = {}
    async with _producer(settings) as producer:
        at = 0
        while at < len(stream):
            await asyncio.sleep(_TICK_S)
            now = time.time()
            first = at
            while at < len(stream) and begins + stream[at].at_ms / 1000 <= now:
                at += 1
            for one in in_batches(stream[first:at], settings, producer.create_batch):
                future = await producer.send_batch(one.builder, topic, partition=one.partition)
                under_way.update(
                    (first + number, (future, one.partition, place, now)) for place, number in enumerate(one.numbers)
                )
        return [
            Produced(partition, (await future).offset + place, now)  # type: ignore[attr-defined]
            for future, partition, place, now in (under_way[number] for number in range(len(stream)))
        ]


@dataclass(frozen=True, slots=True)
class Batch:
    """A closed batch for a partition; `numbers`: of the records in it, by their place among those that were due."""

    partition: int
    builder: BatchBuilder
    numbers: list[int] = field(default_factory=list)


def in_batches(due: Sequence[Sent], settings: Settings, create: Callable[[], BatchBuilder]) -> list[Batch]:
    """All records that are due, those of a partition in their order. After a pause there may be more than one batch
    holds."""
    made: list[Batch] = []
    filling: dict[int, Batch] = {}
    for number, sent in enumerate(due):
        partition = partition_of(sent.key, settings)
        batch = filling.get(partition)
        if batch is None or batch.builder.append(timestamp=None, key=sent.key, value=sent.value) is None:
            batch = filling[partition] = Batch(partition, create())
            made.append(batch)
            batch.builder.append(timestamp=None, key=sent.key, value=sent.value)
        batch.numbers.append(number)
    for batch in made:
        batch.builder.close()
    return made


def partition_of(key: bytes, settings: Settings) -> int:
    """Where the producers of a fleet put a user's records."""
    return int((murmur2(key) & 0x7FFFFFFF) % settings.kafka_partitions)


def _producer(settings: Settings) -> AIOKafkaProducer:
    return AIOKafkaProducer(
        **aiokafka_options(settings), acks="all", compression_type="lz4", max_batch_size=_BATCH_BYTES, linger_ms=0
    )

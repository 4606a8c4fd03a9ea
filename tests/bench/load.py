"""Puts a stream onto the topic of turn events: as fast as it goes, or each record in its time."""

import asyncio
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

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
    places: list[list[tuple[asyncio.Future[object], int, int, float]]] = []
    async with _producer(settings) as producer:
        at = 0
        while at < len(stream):
            await asyncio.sleep(_TICK_S)
            now = time.time()
            batches: dict[int, BatchBuilder] = {}
            tick: list[tuple[int, int]] = []
            while at < len(stream) and begins + stream[at].at_ms / 1000 <= now:
                sent = stream[at]
                partition = partition_of(sent.key, settings)
                batch = batches.get(partition) or batches.setdefault(partition, producer.create_batch())
                tick.append((partition, batch.record_count()))
                batch.append(timestamp=None, key=sent.key, value=sent.value)
                at += 1
            sending: dict[int, asyncio.Future[object]] = {}
            for partition, batch in batches.items():
                batch.close()
                sending[partition] = await producer.send_batch(batch, topic, partition=partition)
            places.append([(sending[partition], partition, place, now) for partition, place in tick])
        return [
            Produced(partition, (await future).offset + place, now)  # type: ignore[attr-defined]
            for tick_places in places
            for future, partition, place, now in tick_places
        ]


def partition_of(key: bytes, settings: Settings) -> int:
    """Where the producers of a fleet put a user's records."""
    return int((murmur2(key) & 0x7FFFFFFF) % settings.kafka_partitions)


def _producer(settings: Settings) -> AIOKafkaProducer:
    return AIOKafkaProducer(
        **aiokafka_options(settings), acks="all", compression_type="lz4", max_batch_size=_BATCH_BYTES, linger_ms=0
    )

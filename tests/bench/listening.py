"""Listening to a topic while something else is produced: each record's value with the time it came."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from aiokafka import AIOKafkaConsumer

from infra.kafka.connection import aiokafka_options
from infra.settings import Settings


@asynccontextmanager
async def listening(settings: Settings, topic_suffix: str, take: Callable[[bytes, float], None]) -> AsyncIterator[None]:
    """Within, `take` gets every record that comes from now on, and when it came."""
    consumer = AIOKafkaConsumer(
        f"{settings.topic_prefix}.{topic_suffix}", **aiokafka_options(settings), auto_offset_reset="latest"
    )
    await consumer.start()
    await consumer.seek_to_end()

    async def listen() -> None:
        while True:
            for records in (await consumer.getmany(timeout_ms=200)).values():
                now = time.time()
                for record in records:
                    take(record.value, now)

    task = asyncio.create_task(listen())
    try:
        yield
    finally:
        task.cancel()
        await consumer.stop()

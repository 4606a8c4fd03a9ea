"""The batching consumer, without a broker."""

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest
from faust.types import TP

from infra.settings import Settings
from streams.application import build_app
from streams.transport import BatchConsumer

PLACE = TP("turns", 0)
RECORDS = {PLACE: ["a record"]}


@pytest.mark.parametrize("freed_after_s", [0.0, 0.05])
def test_reading_goes_on_as_soon_as_a_partition_has_room(tmp_path: Path, freed_after_s: float) -> None:
    async def waited() -> tuple[Any, float]:
        consumer = _full(tmp_path)
        asyncio.get_running_loop().call_later(freed_after_s, consumer.on_buffer_drop, PLACE)
        began = time.monotonic()
        while not (records := (await consumer._wait_next_records(30.0))[0]):
            pass
        return records, time.monotonic() - began

    records, took_s = asyncio.run(waited())
    assert records == RECORDS
    assert freed_after_s <= took_s < 0.8


def test_nothing_is_read_while_no_partition_has_room(tmp_path: Path) -> None:
    async def waited() -> Any:
        return await _full(tmp_path)._wait_next_records(0.01)

    assert asyncio.run(waited()) == ({}, set())


def _full(home: Path) -> BatchConsumer:
    """A consumer whose one partition waits for room; read, it has a record."""
    app = build_app("detect", Settings(home=home))
    consumer = BatchConsumer(
        app.transport, callback=_nothing, on_partitions_revoked=_nothing, on_partitions_assigned=_nothing
    )
    consumer._active_partitions = {PLACE}
    consumer.on_buffer_full(PLACE)

    async def getmany(active_partitions: set[TP], timeout: float) -> Any:
        assert active_partitions == {PLACE}
        return RECORDS

    consumer._getmany = getmany
    return consumer


async def _nothing(*_: object) -> None:
    return None

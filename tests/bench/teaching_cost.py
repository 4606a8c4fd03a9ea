"""What hearing people teach costs `detect`, without a broker."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from natural_stream import NaturalStream

from infra.settings import Settings
from streams.delivery import Committed
from streams.detect_partition import DetectPartition
from streams.record import Record


@dataclass(frozen=True, slots=True)
class Delivered:
    """A record at its offset."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...] = ()


def in_process(rate: float, turns: int) -> tuple[float, float, int]:
    """(CPU microseconds that teaching adds to a record of the natural stream, share of records that the network reads,
    records)."""
    log: list[Record] = [
        Delivered(offset, -1, one.key, one.value)
        for offset, one in enumerate(NaturalStream(rate).records(datetime.now(UTC) - timedelta(days=1), turns))
    ]
    costs: dict[str, float] = {}
    read = 0
    for teaching in ("off", "models"):
        settings = Settings(hearing="rules", teaching=teaching)
        DetectPartition(settings, 0, Committed(-1)).process(log[:500])  # models are loaded, code is warm
        partition = DetectPartition(settings, 0, Committed(-1))
        began = time.process_time()
        for first in range(0, len(log), 500):
            partition.process(log[first : first + 500])
        costs[teaching] = (time.process_time() - began) / len(log) * 1e6
        read = partition.statements_read
    return costs["models"] - costs["off"], read / len(log), len(log)

"""The natural stream as a broker stores it, for benchmarks that run in process."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from natural_stream import NaturalStream


@dataclass(frozen=True, slots=True)
class Stored:
    """A record at its offset."""

    offset: int
    timestamp: int
    key: bytes
    value: bytes
    headers: tuple[()] = ()


def stored(turns: int, rate: float) -> list[Stored]:
    """Records of so many turns, `rate` of them a second of event time, sent until now."""
    begins = datetime.now(UTC) - timedelta(seconds=turns / rate + 120)
    now_ms = int(time.time() * 1000)
    return [
        Stored(offset, now_ms, sent.key, sent.value)
        for offset, sent in enumerate(NaturalStream(rate).records(begins, turns))
    ]

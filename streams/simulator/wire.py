"""From devices to the broker: wrong clocks, lost, doubled and late events, with a truth of its own."""

from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum
from functools import lru_cache
from hashlib import blake2b
from heapq import heappop, heappush
from math import log
from random import Random
from struct import unpack
from typing import Final, NamedTuple

from streams.simulator.chance import normal
from streams.simulator.wire_conditions import WireConditions

_REMEMBERED: Final = 50_000
_WHOLE: Final = 2.0**32
_DRIFT_FROM_MS: Final = 1_767_225_600_000
"""Clocks were set at the beginning of 2026 and have drifted since."""
_SYNC_MS: Final = 86_400_000
"""They are set again every day."""
_DOUBLE_AFTER_MS: Final = 2_000.0


class Parcel(NamedTuple):
    """An event on its way. `at_ms`: true time at which the device sends it; on arrival, when the broker gets it."""

    at_ms: int
    event_id: str
    key: bytes
    value: bytes


class Fate(StrEnum):
    """What the wire did to an event."""

    LOST = "lost"
    DOUBLED = "doubled"
    LATE = "late"


Told = Callable[[str, Fate], None]
"""Gets (event id, fate) of every event to which something happened; a doubled one can be late, too."""


class DeviceClock(NamedTuple):
    """How wrong a device's clocks are. Times are in ms since the epoch."""

    offset_ms: float = 0.0
    drift: float = 0.0
    player_ms: float = 0.0

    def microphone(self, at_ms: int) -> int:
        """The stamp that speech at the true time `at_ms` gets."""
        if not self.drift:
            return at_ms + round(self.offset_ms)
        return at_ms + round(self.offset_ms + self.drift * ((at_ms - _DRIFT_FROM_MS) % _SYNC_MS))

    def player(self, at_ms: int) -> int:
        """The stamp that the assistant's voice, or what plays, at the true time `at_ms` gets."""
        return self.microphone(at_ms) + round(self.player_ms)


RIGHT_CLOCK: Final = DeviceClock()
"""A clock without any error."""


class Wire:
    """The network of a simulation. What happens to an event depends on the seed and the event's id alone."""

    def __init__(self, conditions: WireConditions, seed: str, told: Told | None = None) -> None:
        """`told` is called for every event to which something happens, when it is sent."""
        self._conditions = conditions
        self._seed = seed
        self._salt = blake2b(seed.encode(), digest_size=16).digest()
        self._told: Told = told or _nobody
        self._changes = bool(conditions.loss or conditions.duplicates or conditions.late or conditions.delay_ms)
        self.clock = lru_cache(maxsize=_REMEMBERED)(self._clock)

    def _clock(self, device_id: str) -> DeviceClock:
        """The clocks of a device."""
        conditions = self._conditions
        if not (conditions.skew_ms or conditions.drift_ppm or conditions.player_skew_ms):
            return RIGHT_CLOCK
        rng = Random(f"{self._seed}/clock/{device_id}")
        return DeviceClock(
            conditions.skew_ms * normal(rng),
            conditions.drift_ppm * normal(rng) / 1e6,
            conditions.player_skew_ms * normal(rng),
        )

    def transmit(self, parcels: Iterable[Parcel]) -> Iterator[Parcel]:
        """What arrives, in the order of arrival. `parcels` come in the order of `at_ms`.

        An event that is neither lost nor late arrives after a short delay of its own; a doubled one arrives twice. No
        more is held than what is sent within the longest delay.
        """
        if not self._changes:
            yield from parcels
            return
        on_the_way: list[tuple[int, str, int, Parcel]] = []
        for parcel in parcels:
            while on_the_way and on_the_way[0][0] <= parcel.at_ms:
                yield heappop(on_the_way)[3]
            for copy, arrives_ms in enumerate(self._arrivals(parcel)):
                arrived = Parcel(arrives_ms, parcel.event_id, parcel.key, parcel.value)
                heappush(on_the_way, (arrives_ms, parcel.event_id, copy, arrived))
        while on_the_way:
            yield heappop(on_the_way)[3]

    def _arrivals(self, parcel: Parcel) -> list[int]:
        conditions = self._conditions
        digest = blake2b(parcel.event_id.encode(), digest_size=20, key=self._salt).digest()
        lost, doubled, late, delay, again = (part / _WHOLE for part in unpack("<5I", digest))
        if lost < conditions.loss:
            self._told(parcel.event_id, Fate.LOST)
            return []
        delay_ms = -conditions.delay_ms * log(1.0 - delay)
        if late < conditions.late:
            self._told(parcel.event_id, Fate.LATE)
            delay_ms = conditions.delay_ms + delay * (conditions.most_delay_ms - conditions.delay_ms)
        arrives = [parcel.at_ms + int(min(delay_ms, conditions.most_delay_ms))]
        if doubled < conditions.duplicates:
            self._told(parcel.event_id, Fate.DOUBLED)
            arrives.append(arrives[0] + int(again * min(_DOUBLE_AFTER_MS, conditions.most_delay_ms)))
        return arrives


def _nobody(event_id: str, fate: Fate) -> None:
    """Nobody wants to know."""

"""How long after it was produced a turn has its first failure attribution: one clock, one machine."""

import asyncio
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass

from latency import SETTLING_S
from listening import listening
from load import Produced, pace
from natural_stream import Sent

from infra.settings import Settings
from schemas.failure_point import FailureAttribution

TAIL_S = 10.0


@dataclass(frozen=True, slots=True)
class Attributions:
    """`waited` in milliseconds, sorted; `missing` turns were not told of within ten seconds; `produced` records a
    second were sent."""

    waited: list[float]
    missing: int
    produced: float


def measure_attributions(settings: Settings, stream: Sequence[Sent], begins: float) -> Attributions:
    """Produce in time and wait for what is told of each turn. The worker must be running."""
    produced, told = asyncio.run(_produce_and_listen(settings, stream, begins))
    sent_at: dict[str, float] = {}
    for sent, place in zip(stream, produced, strict=True):
        if sent.is_turn:
            sent_at.setdefault(json.loads(sent.value)["turn_id"], place.at)
    counted = {turn for turn, at in sent_at.items() if at >= produced[0].at + SETTLING_S}
    waited = sorted(1000 * (told[turn] - sent_at[turn]) for turn in counted if turn in told)
    return Attributions(waited, len(counted) - len(waited), len(produced) / (produced[-1].at - produced[0].at))


async def _produce_and_listen(
    settings: Settings, stream: Sequence[Sent], begins: float
) -> tuple[list[Produced], dict[str, float]]:
    """(what was produced, when the first attribution of each turn arrived)."""
    told: dict[str, float] = {}

    def take(value: bytes, at: float) -> None:
        told.setdefault(json.loads(value)["turn_id"], at)

    async with listening(settings, FailureAttribution.topic_suffix, take):
        produced = await pace(settings, stream, begins)
        wanted = {json.loads(sent.value)["turn_id"] for sent in stream if sent.is_turn}
        deadline = time.monotonic() + TAIL_S
        while not wanted <= told.keys() and time.monotonic() < deadline:
            await asyncio.sleep(0.1)
    return produced, told

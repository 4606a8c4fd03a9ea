"""The same fleet in two periods: one to learn from, and one that every arm lives through again."""

from bisect import bisect_left
from collections.abc import Iterator
from operator import itemgetter
from typing import NamedTuple

from streams.simulator.closed_loop import Advisor
from streams.simulator.fleet import Fleet
from streams.simulator.simulate import BlockMaker, Sent
from streams.simulator.simulation import Simulation

_sent_at = itemgetter(0)


class Stretch(NamedTuple):
    """What became known while a block of dialogues was held: the events that were sent before `until_ms`, and a line
    of truth for every turn of the block's dialogues."""

    dialogues: int
    until_ms: int
    events: list[Sent]
    truth: list[bytes]


class Period(NamedTuple):
    """Dialogues of a simulation, by the numbers of their blocks, the last left out."""

    simulation: Simulation
    first: int
    end: int


def periods(simulation: Simulation, learned_from: float) -> tuple[Period, Period]:
    """A simulation cut in two: that share of it first."""
    blocks = Fleet(simulation).blocks
    cut = min(blocks - 1, max(1, round(blocks * learned_from)))
    return Period(simulation, 0, cut), Period(simulation, cut, blocks)


def live(period: Period, advisor: Advisor) -> Iterator[Stretch]:
    """Hold the dialogues of a period, block by block, with an advisor.

    Between two blocks the caller has time to learn: what it learns then is from events that were sent before the
    next block begins, so nobody learns from the future, and an answer rests on what is at most a block's length and a
    dialogue's length old.
    """
    fleet = Fleet(period.simulation)
    maker = BlockMaker(period.simulation, with_truth=True, advisor=advisor)
    waiting: list[tuple[int, bytes, bytes]] = []
    for block in range(period.first, period.end):
        made = maker.make(block)
        waiting.extend(made.records)
        waiting.sort(key=_sent_at)
        until_ms = fleet.begins_ms(block + 1)
        passed = bisect_left(waiting, until_ms, key=_sent_at)
        yield Stretch(made.dialogues, until_ms, list(map(Sent._make, waiting[:passed])), made.truth)
        del waiting[:passed]
    yield Stretch(0, waiting[-1][0] + 1 if waiting else 0, list(map(Sent._make, waiting)), [])

"""A whole simulation: blocks of dialogues made by any number of processes, put in the order in which devices sent them.

Blocks of different sections are independent (see `fleet`), and one process makes all blocks of a section, so any number
of processes makes the same bytes. An event is passed on as soon as no
later block can hold an earlier one; what waits for that is the tail of the open dialogues, so memory does not grow.
"""

import gc
from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from operator import itemgetter
from typing import NamedTuple

import orjson

from streams.simulator.closed_loop import Advisor
from streams.simulator.dialogue import DialogueMaker
from streams.simulator.fleet import Fleet
from streams.simulator.profile import load_profile
from streams.simulator.simulate_workers import Made, made_by
from streams.simulator.simulation import Simulation
from streams.simulator.wire import Fate, Parcel, Wire

_sent_at = itemgetter(0)


class Sent(NamedTuple):
    """A record as its device sends it: when (ms since the epoch), the user, the event's JSON."""

    sent_ms: int
    key: bytes
    value: bytes


@dataclass(slots=True)
class Totals:
    """What a simulation made."""

    dialogues: int = 0
    turns: int = 0
    events: int = 0
    size_bytes: int = 0

    def add(self, made: Made) -> None:
        """Count a block."""
        self.dialogues += made.dialogues
        self.turns += made.turns
        self.events += made.events
        self.size_bytes += made.size_bytes


class BlockMaker:
    """Makes the blocks of one simulation, one at a time, those of a section in order.

    `advisor` is asked before every answer (see `closed_loop`).
    """

    def __init__(self, simulation: Simulation, *, with_truth: bool, advisor: Advisor | None = None) -> None:
        self._fleet = Fleet(simulation)
        conditions = load_profile(simulation.profile).wire_named(simulation.wire)
        self._wire = Wire(conditions, simulation.seed_name, self._on_fate)
        self._dialogues = DialogueMaker(simulation, self._fleet, self._wire, advisor)
        self._truth: list[bytes] | None = [] if with_truth else None
        gc.freeze()  # catalogues and tables stay: a garbage collector that walks them costs a twentieth of the time

    def make(self, block: int) -> Made:
        """The events of a block in the order in which they were sent, and the truth of its turns."""
        sent: list[tuple[int, str, bytes, bytes]] = []
        turns = 0
        starts = self._fleet.starts(block)
        for start in starts:
            turns += self._dialogues.make(start, sent, self._truth)
        sent.sort(key=_sent_at)
        records = [(at_ms, key, value) for at_ms, _, key, value in self._wire.transmit(map(Parcel._make, sent))]
        truth: list[bytes] = []
        if self._truth is not None:
            truth, self._truth = self._truth, []
        return Made(block, len(starts), turns, len(records), sum(len(one[2]) for one in records), records, truth)

    def _on_fate(self, event_id: str, fate: Fate) -> None:
        if fate is Fate.LOST and self._truth is not None:
            self._truth.append(orjson.dumps({"type": "lost", "event_id": event_id}))


Advise = Callable[[], Advisor]
"""Makes the advisor in the process that asks it."""


def simulate(
    simulation: Simulation,
    *,
    workers: int = 1,
    on_truth: Callable[[bytes], None] | None = None,
    on_block: Callable[[Totals], None] | None = None,
    totals: Totals | None = None,
    advise: Advise | None = None,
) -> Iterator[Sent]:
    """The simulation's events in the order in which they were sent.

    `on_truth` gets a JSON line for every turn; `on_block` is told how far it has come. Raises `SimulationError`, the
    errors of packs, and `WorkerFailed` when a process dies.
    """
    totals = totals if totals is not None else Totals()
    fleet = Fleet(simulation)
    waiting: list[tuple[int, bytes, bytes]] = []
    for made in _blocks(simulation, fleet, workers, on_truth, totals, advise):
        waiting.extend(made.records)
        waiting.sort(key=_sent_at)
        passed = bisect_left(waiting, fleet.begins_ms(made.block + 1), key=_sent_at)
        yield from map(Sent._make, waiting[:passed])
        del waiting[:passed]
        if on_block is not None:
            on_block(totals)
    yield from map(Sent._make, waiting)


def simulate_nowhere(
    simulation: Simulation,
    *,
    workers: int = 1,
    on_truth: Callable[[bytes], None] | None = None,
    on_block: Callable[[Totals], None] | None = None,
    advise: Advise | None = None,
) -> Totals:
    """Make everything and keep nothing: events are encoded and put in the order of their block, and dropped there."""
    totals = Totals()
    for _ in _blocks(simulation, Fleet(simulation), workers, on_truth, totals, advise, with_records=False):
        if on_block is not None:
            on_block(totals)
    return totals


def _blocks(
    simulation: Simulation,
    fleet: Fleet,
    workers: int,
    on_truth: Callable[[bytes], None] | None,
    totals: Totals,
    advise: Advise | None,
    *,
    with_records: bool = True,
) -> Iterator[Made]:
    """The blocks in order, counted and their truth handed on."""
    for made in made_by(
        BlockMaker,
        simulation,
        fleet.blocks,
        workers,
        sections=fleet.sections,
        with_truth=on_truth is not None,
        with_records=with_records,
        advise=advise,
    ):
        totals.add(made)
        if on_truth is not None:
            for line in made.truth:
                on_truth(line)
        yield made

"""A whole simulation: blocks of dialogues made by any number of processes, put in the order in which devices sent them.

Blocks of different sections are independent (see `fleet`), and one process makes all blocks of a section, so any number
of processes makes the same bytes. An event is passed on as soon as no
later block can hold an earlier one; what waits for that is the tail of the open dialogues, so memory does not grow.
"""

import gc
from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from operator import itemgetter
from typing import Final, NamedTuple

import orjson

from streams.simulator.closed_loop import Advisor
from streams.simulator.dialogue import DialogueMaker
from streams.simulator.fleet import Fleet
from streams.simulator.meaning import SlotValue
from streams.simulator.pack import load_pack
from streams.simulator.profile import load_profile
from streams.simulator.recurring import Recurring, Spoken
from streams.simulator.simulate_workers import Made, made_by
from streams.simulator.simulation import Simulation
from streams.simulator.truth import TurnTruth, parse_truth
from streams.simulator.wire import Fate, Parcel, Wire

_REHEARSED: Final = 2_000
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
        recurring = _recurring(simulation) if simulation.recurring else None
        self._dialogues = DialogueMaker(simulation, self._fleet, self._wire, advisor, recurring)
        self._truth: list[bytes] | None = [] if with_truth else None
        gc.freeze()  # catalogues and tables stay: a garbage collector that walks them costs a twentieth of the time

    @property
    def blocks(self) -> int:
        """How many blocks there are to make."""
        return self._fleet.blocks

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


def _recurring(simulation: Simulation) -> Recurring:
    """What is hard for the recogniser and the rest of this pack and profile, whatever the seed."""
    name = f"{load_pack(simulation.pack).name}/{load_profile(simulation.profile).name}"
    return Recurring(simulation.recurring, name, _rehearsed(simulation.pack, simulation.profile))


@lru_cache(maxsize=4)
def _rehearsed(pack: str, profile: str) -> tuple[Spoken, ...]:
    """What is said in some dialogues of this pack in which no error recurs."""
    maker = BlockMaker(Simulation(pack=pack, profile=profile, dialogues=_REHEARSED), with_truth=True)
    truths = (parse_truth(line) for block in range(maker.blocks) for line in maker.make(block).truth)
    return tuple(
        Spoken(one.said, tuple(SlotValue(slot.slot, slot.value) for slot in one.meaning.slots) if one.meaning else ())
        for one in truths
        if isinstance(one, TurnTruth) and one.said is not None
    )


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

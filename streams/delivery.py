"""What may be committed: positions whose effects are done, contiguously and in order.

A role takes a batch of a partition, opens an entry in that partition's ledger with the position that the batch leads
to, and closes the entry once everything that the batch caused is acknowledged by the broker or stored. What is
committed is the last position before the first open entry. A crash at any point re-reads from there; nothing is
lost, and what is done twice carries the same ids.
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from faust.types import TP


class Committed(NamedTuple):
    """An offset from which to read on, and what must be known there (at most 4,096 bytes); -1: nothing is committed."""

    offset: int
    metadata: str = ""


Positions = Mapping[TP, Committed]


class Message(NamedTuple):
    """A record to be sent. `partition` is the partition of what caused it: keys and partition counts are the same."""

    topic: str
    partition: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...] = ()


class Outcome(NamedTuple):
    """What a batch leads to: the records to send and, once they are acknowledged, the position to commit."""

    messages: list[Message]
    position: Committed


@dataclass(slots=True, eq=False)
class Entry:
    """A batch under way."""

    position: Committed
    done: bool = False


class Ledger:
    """The batches of one partition, in the order in which they were taken, within one generation of the group."""

    def __init__(self, generation: int) -> None:
        self.generation = generation
        self._entries: deque[Entry] = deque()
        self._ready: Committed | None = None
        self.closed = 0

    def open(self, position: Committed) -> Entry:
        """A batch is taken; when it and all before it are done, `position` may be committed."""
        entry = Entry(position)
        self._entries.append(entry)
        return entry

    def close(self, entry: Entry) -> None:
        """Everything that the batch caused is acknowledged or stored."""
        entry.done = True
        self.closed += 1
        while self._entries and self._entries[0].done:
            self._ready = self._entries.popleft().position

    @property
    def in_flight(self) -> int:
        return len(self._entries)

    @property
    def ready(self) -> Committed | None:
        """The position that may be committed, if there is a new one."""
        return self._ready

    def on_committed(self, position: Committed) -> None:
        if self._ready == position:
            self._ready = None


class Delivery:
    """The ledgers of a worker. One of an older generation is never committed: somebody else may own its partition."""

    def __init__(self) -> None:
        self._ledgers: dict[TP, Ledger] = {}
        self._closed_before = 0

    def begin(self, tp: TP, generation: int) -> Ledger:
        """The partition was assigned anew; what was under way before is void."""
        if tp in self._ledgers:
            self._closed_before += self._ledgers[tp].closed
        ledger = self._ledgers[tp] = Ledger(generation)
        return ledger

    def committable(self, generation: int) -> dict[TP, Committed]:
        return {
            tp: ledger.ready
            for tp, ledger in self._ledgers.items()
            if ledger.generation == generation and ledger.ready is not None
        }

    def committed(self, positions: Positions) -> None:
        for tp, position in positions.items():
            self._ledgers[tp].on_committed(position)

    @property
    def in_flight(self) -> int:
        return sum(ledger.in_flight for ledger in self._ledgers.values())

    @property
    def finished(self) -> int:
        """Batches done so far, for good or in vain."""
        return self._closed_before + sum(ledger.closed for ledger in self._ledgers.values())

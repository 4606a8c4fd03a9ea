"""Processes that make blocks in turn; the parent takes them in order, so at most one block a process waits.

All blocks of a section go to the same process, in order: it makes all dialogues of the section's users, and knows their
past. So more processes than sections would have nothing to do.
"""

import multiprocessing
import signal
from collections.abc import Callable, Iterator
from contextlib import suppress
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from typing import Any, Final, NamedTuple, Protocol

from streams.errors import StreamError
from streams.simulator.closed_loop import Advisor
from streams.simulator.simulation import Simulation

_END_S: Final = 5.0


class WorkerFailed(StreamError):
    """A process of the simulation died or could not go on; the text says why."""


class Made(NamedTuple):
    """A block: its records as (sent at ms, key, value), and a line of truth for every turn."""

    block: int
    dialogues: int
    turns: int
    events: int
    size_bytes: int
    records: list[tuple[int, bytes, bytes]]
    truth: list[bytes]


class Maker(Protocol):
    """Makes blocks."""

    def make(self, block: int) -> Made: ...


class MakerType(Protocol):
    """How a maker is made, in the process that uses it."""

    def __call__(self, simulation: Simulation, *, with_truth: bool, advisor: Advisor | None) -> Maker: ...


def made_by(
    maker: MakerType,
    simulation: Simulation,
    blocks: int,
    workers: int,
    *,
    sections: int,
    with_truth: bool,
    with_records: bool = True,
    advise: Callable[[], Advisor] | None = None,
) -> Iterator[Made]:
    """All blocks in order, those of one section (number modulo `sections`) by one process.

    With one worker they are made in this process. Raises `WorkerFailed`.
    """
    if workers == 1 or blocks == 1:
        one = maker(simulation, with_truth=with_truth, advisor=advise() if advise else None)
        for block in range(blocks):
            made = one.make(block)
            yield made if with_records else made._replace(records=[])
        return
    # Not forked: a Kafka producer's threads in the parent would leave their locks held in the child.
    spawning = multiprocessing.get_context("spawn")
    workers = min(workers, blocks, sections)
    share = [[block for block in range(blocks) if block % sections % workers == number] for number in range(workers)]
    running: list[tuple[SpawnProcess, Connection]] = []
    try:
        for number in range(workers):
            here, there = spawning.Pipe(duplex=False)
            process = spawning.Process(
                target=_work,
                args=(there, maker, simulation, share[number], with_truth, with_records, advise),
                name=f"simulate-{number}",
                daemon=True,
            )
            process.start()
            there.close()
            running.append((process, here))
        for block in range(blocks):
            process, here = running[block % sections % workers]
            try:
                received = here.recv()
            except EOFError as error:
                process.join(_END_S)
                raise WorkerFailed(
                    f"{process.name} died with status {process.exitcode} before block {block} of {blocks}"
                ) from error
            if isinstance(received, str):
                raise WorkerFailed(f"{process.name}, block {block} of {blocks}: {received}")
            yield received
    finally:
        for process, here in running:
            here.close()
            process.terminate()
        for process, _ in running:
            process.join(_END_S)


def _work(
    there: Connection,
    maker: MakerType,
    simulation: Simulation,
    blocks: list[int],
    with_truth: bool,
    with_records: bool,
    advise: Callable[[], Advisor] | None,
) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's, which ends its workers
    answer: Any
    with suppress(BrokenPipeError):  # the parent has ended and wants no more
        try:
            one = maker(simulation, with_truth=with_truth, advisor=advise() if advise else None)
            for block in blocks:
                made = one.make(block)
                there.send(made if with_records else made._replace(records=[]))
        except BrokenPipeError:
            raise
        except Exception as error:  # noqa: BLE001  # told to the parent, which raises it
            answer = f"{type(error).__name__}: {error}"
            there.send(answer)
    there.close()

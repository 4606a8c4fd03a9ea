"""How fast the simulator makes events, how well it shares the work, and whether its memory stays flat.

    python tests/bench/simulator.py [--events 10000000] [--no-kafka] [--json]

`events_per_s`: one process, into nowhere, events a second of CPU time of that process (`events_per_wall_s`: of the wall
clock, which other work on the machine slows). `two_process_ratio`: events a wall second of two processes over those of
one, measured in turns; it needs two idle cores. `two_process_cpu_ratio`: twice the events a CPU second of two processes
and the parent over those of one, which other work disturbs less: what sharing the work costs. `rss_growth_mb`: resident
memory of a process that makes `--events` events and puts them in order, at its end less that when a tenth of them was
made (caches fill at first). `into_kafka_per_s`: delivered to a real broker of its own.
"""

import argparse
import multiprocessing
import os
import resource
import socket
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

import psutil

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from infra.settings import Settings
from streams.evaluate.figures import Figure, Report
from streams.simulator.fleet import Fleet
from streams.simulator.simulate import BlockMaker, Totals, simulate, simulate_nowhere
from streams.simulator.simulate_sinks import into_kafka
from streams.simulator.simulation import Simulation

_ROUNDS: Final = 5
_PAIRS: Final = 5
_WARM_BLOCKS: Final = 20
_EVENTS_A_ROUND: Final = 60_000
_RATE: Final = 40.0
_MB: Final = 1 << 20


def simulation(dialogues: int) -> Simulation:
    """A fleet of 200,000 users that begins 40 dialogues a second."""
    return Simulation(users=200_000, dialogues=dialogues, seed=4, rate=_RATE)


def events_a_dialogue() -> float:
    """About how many events a dialogue has."""
    totals = simulate_nowhere(simulation(400))
    return totals.events / totals.dialogues


def per_core(dialogues: int) -> tuple[list[float], list[float]]:
    """(events per CPU second, events per wall second) of one process, round by round, its start not counted."""
    maker = BlockMaker(simulation(dialogues * _ROUNDS), with_truth=False)
    maker.make(0)
    cpu, wall = [], []
    block = 1
    for _ in range(_ROUNDS):
        events, began_cpu, began = 0, time.process_time(), time.perf_counter()
        while events < _EVENTS_A_ROUND:
            events += maker.make(block).events
            block += 1
        cpu.append(events / (time.process_time() - began_cpu))
        wall.append(events / (time.perf_counter() - began))
    return cpu, wall


def two_processes(dialogues: int) -> tuple[list[float], list[float]]:
    """(by wall clock, by CPU time): two processes over one, a pair a round, in turns which goes first.

    All are processes that are started anew; by wall clock their start does not count.
    """
    by_wall, by_cpu = [], []
    for pair in range(_PAIRS):
        rates: dict[int, tuple[float, float]] = {}
        for workers in (1, 2) if pair % 2 else (2, 1):
            asked = replace(simulation(dialogues * workers), seed=pair)
            began = _cpu_s()
            wall_rate, events = _steady(asked, workers)
            rates[workers] = wall_rate, events / (_cpu_s() - began)
        by_wall.append(rates[2][0] / rates[1][0])
        by_cpu.append(2 * rates[2][1] / rates[1][1])
    return by_wall, by_cpu


def _cpu_s() -> float:
    """CPU time of this process and of its children that have ended."""
    return sum(sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))


def _steady(asked: Simulation, workers: int) -> tuple[float, int]:
    """(events a wall second after every process has warmed up, all events)."""
    marks: list[tuple[float, int]] = []
    blocks = 0

    def note(totals: Totals) -> None:
        nonlocal blocks
        blocks += 1
        if blocks >= _WARM_BLOCKS * workers:
            marks.append((time.perf_counter(), totals.events))

    if workers == 1:  # in a process of its own: this one's caches are warm
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
            return pool.submit(_alone, asked).result()
    totals = simulate_nowhere(asked, workers=workers, on_block=note)
    (first_s, first), (last_s, last) = marks[0], marks[-1]
    return (last - first) / (last_s - first_s), totals.events


def _alone(asked: Simulation) -> tuple[float, int]:
    maker = BlockMaker(asked, with_truth=False)
    blocks = Fleet(asked).blocks
    warm = sum(maker.make(block).events for block in range(_WARM_BLOCKS))
    began = time.perf_counter()
    events = sum(maker.make(block).events for block in range(_WARM_BLOCKS, blocks))
    return events / (time.perf_counter() - began), warm + events


def growth(dialogues: int, events: int) -> tuple[float, float]:
    """(MB that resident memory grew by between a tenth and the end, the peak), of a process that does nothing else."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(_grown, dialogues, events).result()


def _grown(dialogues: int, events: int) -> tuple[float, float]:
    process = psutil.Process()
    tenth = peak = 0.0
    for seen, _ in enumerate(simulate(simulation(dialogues)), start=1):
        if seen % 5_000 == 0:
            resident = process.memory_info().rss / _MB
            peak = max(peak, resident)
            if not tenth and seen >= events / 10:
                tenth = resident
    return process.memory_info().rss / _MB - tenth, peak


@contextmanager
def broker(folder: Path) -> Iterator[Settings]:
    """A Kafka of its own with Earshot's topics."""
    from infra.kafka.broker import EmbeddedBroker
    from infra.kafka.topics import create_topics

    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as other:
        port, controller_port = one.getsockname()[1], other.getsockname()[1]
    embedded = EmbeddedBroker(folder, port, controller_port)
    settings = Settings(home=folder, kafka_bootstrap=embedded.bootstrap)
    embedded.start()
    try:
        embedded.wait_ready(90.0)
        create_topics(settings)
        yield settings
    finally:
        embedded.stop(20.0)


def into_a_broker(dialogues: int) -> float:
    """Events a second that the broker has acknowledged, made by one process and sent by another."""
    with tempfile.TemporaryDirectory(prefix="earshot-bench-") as folder, broker(Path(folder)) as settings:
        asked = simulation(dialogues)
        began = time.perf_counter()
        sent = into_kafka(asked, simulate(asked, workers=1), settings)
        return sent / (time.perf_counter() - began)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=1_000_000, help="of the long run; 10,000,000 takes minutes")
    parser.add_argument("--no-kafka", action="store_true", help="leave out the run into a broker")
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    each = events_a_dialogue()
    a_round = round(_EVENTS_A_ROUND / each) + 400
    tell(f"{each:.1f} events a dialogue; one core")
    cpu, wall = per_core(2 * a_round)
    tell("two processes")
    by_wall, by_cpu = two_processes(a_round)
    figures = {
        "events_per_s": _figure(cpu),
        "events_per_wall_s": _figure(wall),
        "two_process_ratio": _figure(by_wall),
        "two_process_cpu_ratio": _figure(by_cpu),
        "events_per_dialogue": Figure(each),
    }
    if not chosen.no_kafka:
        tell("into Kafka")
        figures["into_kafka_per_s"] = Figure(into_a_broker(a_round))
    tell(f"{chosen.events:,} events for the memory")
    grown, peak = growth(round(chosen.events / each), chosen.events)
    figures["rss_growth_mb"] = Figure(grown, n=chosen.events)
    figures["rss_peak_mb"] = Figure(peak)
    report = Report("simulator", figures, (f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}.",))
    print(report.to_json() if chosen.json else report.to_text())


def _figure(values: list[float]) -> Figure:
    """The median of the rounds with their range."""
    return Figure(statistics.median(values), min(values), max(values), len(values))


def tell(message: str) -> None:
    print(message, file=sys.stderr)


if __name__ == "__main__":
    main()

"""What the spine does a second on one core, beside what others do, and how long a turn takes to lead to something.

Starts a real Kafka and a real ClickHouse in a temporary folder, fills the topic of turn events with a natural
stream and lets one consumer after the other read it, each in a process of its own on one core: a bare aiokafka
loop, a Faust agent and Quix Streams as shipped, all three doing nothing but `json.loads`, and our `detect` and
`sink`. Throughput is counted in records a second of processor time; figures by the wall clock, where broker and store
share the machine, stand beside them.

Then it produces, as a fleet would, and looks at the clock: how long after a turn was produced its feedback can be
consumed and its row be read. Half load is half of what was read by the wall clock on this machine. `feedback_*_ms` is
`detect` alone at half of its own rate, `row_*_ms` the same of `sink`: on two cores there is one for the role and one
for the fleet, the broker and the store together, so this is the software and not the machine. `*_together_ms` is all
at once, both roles at half of what the slower of them can do, on the same cores: what this machine gives, and more of
the work than it has cores for.
"""

import argparse
import json
import os
import shutil
import socket
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from consumers import Sample
from latency import SETTLING_S, measure, quantile
from load import fill
from natural_stream import NaturalStream, Sent
from subjects import Cost, SubjectFailed, running

from infra.clickhouse.server import LocalServer
from infra.kafka.broker import EmbeddedBroker
from infra.kafka.topics import create_topics
from infra.settings import Settings

NAME = "spine"

FLEET_TURNS_PER_S = 500.0
"""How densely the turns of the filled topic lie in event time: the fleet that the memory figures are about."""

FAUST_TURNS = 60_000
"""Faust as shipped reads a few thousand a second: its rate is clear after a part."""

_AHEAD_S = 4.0
_RENDERED_S = 200e-6
_TURNS_OF_RECORDS = 0.95
_JOINED_S = 5.0
_TWO_S = 300.0


@dataclass
class Figures:
    """Named results, with how many observations each rests on."""

    name: str = NAME
    found: dict[str, tuple[float, int]] = field(default_factory=dict)

    def add(self, name: str, value: float, n: int) -> None:
        """Keep a figure and say it."""
        self.found[name] = (value, n)
        say(f"  {name:32s} {value:12,.3f}" if abs(value) < 100 else f"  {name:32s} {value:12,.0f}")

    def json(self) -> str:
        """One object, as every benchmark prints it."""
        figures = {name: {"value": round(value, 4), "n": n} for name, (value, n) in self.found.items()}
        return json.dumps({"name": self.name, "figures": figures})


def say(text: str) -> None:
    """Progress, for whoever waits."""
    print(text, file=sys.stderr, flush=True)


class Bench:
    """One run on servers of its own."""

    def __init__(self, settings: Settings, turns: int, live_s: float, rounds: int) -> None:
        self._settings = settings
        self._turns = turns
        self._live_s = live_s
        self._rounds = rounds
        self._core = max(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None
        self._peak_rss_mb = 0.0
        self.figures = Figures()

    def run(self) -> None:
        """Measure everything."""
        records, few = self._fill("spine", self._turns), self._fill("few", min(FAUST_TURNS, self._turns))
        self.figures.add("records", records, records)
        bare = self._throughput("bare", "spine", records)
        self._throughput("bare-batches", "spine", records)
        faust = self._throughput("faust", "few", few)
        self._throughput("quix", "spine", records)
        sink = self._throughput("sink", "spine", records, _stored)
        detect = self._throughput("detect", "spine", records)
        again = self._throughput("sink", "spine", records, _stored, "sink_all_topics")
        self._peak_rss_mb = max(cost.peak_rss_mb for cost in (sink, detect, again))
        self.figures.add("detect_ratio", detect.by_cpu / bare.by_cpu, records)
        self.figures.add("sink_ratio", sink.by_cpu / bare.by_cpu, records)
        self.figures.add("detect_ratio_by_wall", detect.by_wall / bare.by_wall, records)
        self.figures.add("sink_ratio_by_wall", sink.by_wall / bare.by_wall, records)
        self.figures.add("detect_over_faust", detect.by_cpu / faust.by_cpu, few)
        self._two_workers(detect)
        self._latency(("detect",), detect.by_wall / 2)
        self._latency(("sink",), sink.by_wall / 2)
        self._latency(("detect", "sink"), min(detect.by_wall, records * again.by_wall / again.records) / 2)
        self.figures.add("peak_rss_mb", self._peak_rss_mb, 1)

    def detect_beside_bare(self, prefix: str) -> tuple[float, float]:
        """(records a CPU second of `detect` to those of the bare loop, peak RSS in MB) on a topic of its own."""
        records = self._fill(prefix, self._turns)
        bare, detect = self._throughput("bare", prefix, records), self._throughput("detect", prefix, records)
        return detect.by_cpu / bare.by_cpu, detect.peak_rss_mb

    def _of(self, prefix: str, group: str = "bench") -> Settings:
        return self._settings.model_copy(
            update={"topic_prefix": prefix, "group_prefix": group, "clickhouse_database": f"{prefix}_{group}"}
        )

    def _fill(self, prefix: str, turns: int) -> int:
        settings = self._of(prefix)
        create_topics(settings)
        length = timedelta(seconds=turns / FLEET_TURNS_PER_S)
        stream = NaturalStream(FLEET_TURNS_PER_S)
        say(f"filling {prefix} with {turns:,} turns of {', '.join(stream.sources)}")
        return fill(settings, stream.records(datetime.now(UTC) - length - timedelta(minutes=5), turns))

    def _throughput(
        self, name: str, prefix: str, records: int, done: Callable[[Sample], bool] | None = None, figure: str = ""
    ) -> Cost:
        """The median of some rounds, each of a group that begins at the beginning."""
        figure = figure or name.replace("-", "_")
        costs: list[Cost] = []
        for number in range(self._rounds):
            settings = self._of(prefix, f"{figure}_{number}")
            with running(name, settings, self._core, f"-{figure}-{number}") as subject:
                costs.append(subject.cost(records, done or (lambda sample: True)))
            if self._rounds > 1:
                say(f"    {figure}, round {number + 1}: {costs[-1].by_cpu:,.0f} a CPU second")
        cost = sorted(costs, key=lambda one: one.by_cpu)[len(costs) // 2]
        self.figures.add(f"{figure}_per_s", cost.by_cpu, cost.records)
        self.figures.add(f"{figure}_per_s_by_wall", statistics.median(one.by_wall for one in costs), cost.records)
        self.figures.add(f"{figure}_rss_mb", cost.peak_rss_mb, 1)
        return cost

    def _two_workers(self, one: Cost) -> None:
        """Two workers with half of the partitions each, against one with all of them."""
        settings = self._of("two")
        create_topics(settings)
        cores = sorted(os.sched_getaffinity(0))[:2] if self._core is not None else [None, None]
        with (
            running("detect", settings, cores[0], "-first") as first,
            running("detect", settings, cores[-1], "-second") as second,
        ):
            both = (first, second)
            for worker in both:
                worker.wait(lambda sample: sample.cpu_s > 0)
            time.sleep(_JOINED_S)
            before = [worker.latest() for worker in both]
            records = self._fill("two", max(self._turns // 2, 1))
            deadline = time.monotonic() + _TWO_S
            after = before
            while sum(sample.records for sample in after) < records:
                if time.monotonic() > deadline:
                    raise SubjectFailed(f"two workers have read {after} of {records} records")
                after = [worker.latest() for worker in both]
        if not all(sample.records for sample in after):
            raise SubjectFailed("one of the two workers got no partition")
        together = sum(end.records / (end.cpu_s - begin.cpu_s) for begin, end in zip(before, after, strict=True))
        self.figures.add("two_workers_ratio", together / one.by_cpu, records)
        self._peak_rss_mb = max(self._peak_rss_mb, *(sample.peak_rss_mb for sample in after))

    def _latency(self, roles: tuple[str, ...], per_s: float) -> None:
        """How soon a turn leads to something at `per_s` records a second, as they come from a fleet of that size."""
        together = "_together" if len(roles) > 1 else ""
        name = together or f"_{roles[0]}"
        settings = self._of(f"live{name}")
        create_topics(settings)
        say(f"{' and '.join(roles)}: latency at {per_s:,.0f} records a second for {self._live_s:.0f} s")
        stream = NaturalStream(per_s * _TURNS_OF_RECORDS)
        with ExitStack() as stack:
            workers = [stack.enter_context(running(role, settings, None, f"-live{name}")) for role in roles]
            for worker in workers:
                worker.latest()
            length_s = self._live_s + SETTLING_S
            planned = datetime.now(UTC) + timedelta(seconds=per_s * length_s * _RENDERED_S + _AHEAD_S)
            records = list(_first(stream.records(planned), length_s))
            found = measure(settings, records, planned.timestamp(), rows="sink" in roles)
            self._peak_rss_mb = max(self._peak_rss_mb, *(worker.latest().peak_rss_mb for worker in workers))
        self.figures.add(f"live{name}_per_s", found.produced, len(records))
        for role, figure, values in (("detect", "feedback", found.feedback), ("sink", "row", found.rows)):
            if role in roles:
                self.figures.add(f"{figure}_p50{together}_ms", quantile(values, 0.5), len(values))
                self.figures.add(f"{figure}_p99{together}_ms", quantile(values, 0.99), len(values))
        if "sink" in roles:
            self.figures.add(f"rows_not_found{together}", found.missing_rows, len(found.rows))


def _first(stream: Iterator[Sent], seconds: float) -> Iterator[Sent]:
    """What is sent within the first seconds."""
    for sent in stream:
        if sent.at_ms > seconds * 1000:
            return
        yield sent


def _stored(sample: Sample) -> bool:
    return sample.rows >= sample.records and sample.busy == 0


@contextmanager
def servers(partitions: int) -> Iterator[Settings]:
    """A broker and a store in a folder that is removed afterwards, and settings that point at them."""
    folder = Path(tempfile.mkdtemp(prefix="earshot-bench-"))
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        kafka_port, controller_port, clickhouse_port = _free_ports(3)
        broker = EmbeddedBroker(folder, kafka_port, controller_port)
        stack.callback(broker.stop)
        broker.start()
        store = LocalServer(folder, clickhouse_port)
        stack.callback(store.stop)
        store.start()
        broker.wait_ready()
        store.wait_ready()
        yield Settings(
            home=folder / "workers",
            kafka_bootstrap=broker.bootstrap,
            kafka_partitions=partitions,
            store="clickhouse",
            clickhouse_host=store.host,
            clickhouse_port=clickhouse_port,
            hearing="rules",  # what models add is measured by `hearing.py` and `preferences.py`
            teaching="off",
        )


def _free_ports(count: int) -> list[int]:
    with ExitStack() as sockets:
        opened = [sockets.enter_context(socket.socket()) for _ in range(count)]
        for one in opened:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in opened]


def main() -> None:
    """Run the benchmark as the command line asks."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--turns", type=int, default=500_000, help="turns on the topic (default 500000)")
    parser.add_argument("--live", type=float, default=15.0, metavar="S", help="seconds at half load (default 15)")
    parser.add_argument("--rounds", type=int, default=1, help="rounds a consumer; the median counts (default 1)")
    parser.add_argument("--partitions", type=int, default=4, help="partitions of every topic (default 4)")
    parser.add_argument("--json", action="store_true", help="print one JSON object on standard output")
    chosen = parser.parse_args()
    with servers(chosen.partitions) as settings:
        settings.home.mkdir(parents=True, exist_ok=True)
        bench = Bench(settings, chosen.turns, chosen.live, chosen.rounds)
        bench.run()
    if chosen.json:
        print(bench.figures.json())


if __name__ == "__main__":
    main()

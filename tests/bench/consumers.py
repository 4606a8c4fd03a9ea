"""The consumers that are compared, each to be run as a process of its own: `python consumers.py NAME --records N`.

All read the topic of turn events from its beginning on one core. A line of JSON on standard output says, ten times a
second, how far it has got and what it cost. Settings come from the environment, as those of any worker.
"""

import argparse
import asyncio
import json
import os
import resource
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from aiokafka import AIOKafkaConsumer

from infra import telemetry
from infra.settings import Settings
from schemas.turn import DeviceEvent
from streams.worker import run_worker

PERIOD_S = 0.1


@dataclass(frozen=True, slots=True)
class Sample:
    """What a consumer has done by now: records read, rows written, seconds by the wall and of its processor time."""

    records: int
    rows: int
    busy: int
    wall_s: float
    cpu_s: float
    peak_rss_mb: float


class Tally:
    """Counts the records of the consumers that have no metrics of their own."""

    def __init__(self) -> None:
        self.records = 0

    def sample(self) -> Sample:
        """How far it is and what it cost, threads included."""
        return Sample(
            self.records + _sum("earshot_records_total"),
            _sum("earshot_rows_written_total"),
            _sum("earshot_batches_in_flight"),
            time.monotonic(),
            time.process_time(),
            _peak_rss_mb(),
        )


def _peak_rss_mb() -> float:
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:  # not Linux; what `resource` says there includes what the parent had at the fork
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")) / 1024


def _sum(name: str) -> int:
    metrics = (telemetry.RECORDS, telemetry.ROWS, telemetry.IN_FLIGHT)
    return int(sum(s.value for one in metrics for family in one.collect() for s in family.samples if s.name == name))


def bare(settings: Settings, tally: Tally) -> None:
    """aiokafka as its documentation shows it, and `json.loads`."""

    async def loop() -> None:
        consumer = AIOKafkaConsumer(
            _topic(settings),
            bootstrap_servers=settings.kafka_bootstrap,
            group_id=f"{settings.group_prefix}.bare",
            auto_offset_reset="earliest",
        )
        await consumer.start()
        async for record in consumer:
            json.loads(record.value)
            tally.records += 1

    asyncio.run(loop())


def bare_batches(settings: Settings, tally: Tally) -> None:
    """The same in batches, which is the least that Python can do."""

    async def loop() -> None:
        consumer = AIOKafkaConsumer(
            _topic(settings),
            bootstrap_servers=settings.kafka_bootstrap,
            group_id=f"{settings.group_prefix}.bare-batches",
            auto_offset_reset="earliest",
        )
        await consumer.start()
        while True:
            for records in (await consumer.getmany(timeout_ms=1000)).values():
                for record in records:
                    json.loads(record.value)
                tally.records += len(records)

    asyncio.run(loop())


def faust_agent(settings: Settings, tally: Tally) -> None:
    """A Faust agent as shipped, and `json.loads`."""
    import faust

    app = faust.App(
        f"{settings.group_prefix}.faust",
        broker=f"kafka://{settings.kafka_bootstrap}",
        store="memory://",
        datadir=settings.home / "faust-as-shipped",
        web_enabled=False,
        topic_disable_leader=True,
        topic_allow_declare=False,
        topic_partitions=settings.kafka_partitions,
        consumer_auto_offset_reset="earliest",
    )

    @app.agent(app.topic(_topic(settings), value_serializer="raw"))
    async def read(stream: "faust.Stream[bytes]") -> None:
        async for value in stream:
            json.loads(value)
            tally.records += 1

    faust.Worker(app, loglevel="ERROR", redirect_stdouts=False, override_logging=False).execute_from_commandline()


def quix(settings: Settings, tally: Tally) -> None:
    """Quix Streams as shipped, and `json.loads`."""
    from quixstreams import Application

    app = Application(
        broker_address=settings.kafka_bootstrap,
        consumer_group=f"{settings.group_prefix}.quix",
        auto_offset_reset="earliest",
        auto_create_topics=False,
        state_dir=settings.home / "quix",
        loglevel="ERROR",
    )
    topic = app.topic(_topic(settings), value_deserializer="bytes")

    def read(value: bytes) -> None:
        json.loads(value)
        tally.records += 1

    app.dataframe(topic).update(read)
    app.run()


def role(name: str) -> Callable[[Settings, Tally], None]:
    """One of our own workers."""

    def run(settings: Settings, tally: Tally) -> None:
        run_worker(name, settings)

    return run


CONSUMERS: dict[str, Callable[[Settings, Tally], None]] = {
    "bare": bare,
    "bare-batches": bare_batches,
    "faust": faust_agent,
    "quix": quix,
    "detect": role("detect"),
    "classify": role("classify"),
    "sink": role("sink"),
}


def _topic(settings: Settings) -> str:
    return f"{settings.topic_prefix}.{DeviceEvent.topic_suffix}"


def _report(tally: Tally) -> None:
    parent = os.getppid()
    while os.getppid() == parent:
        print(json.dumps(asdict(tally.sample())), flush=True)
        time.sleep(PERIOD_S)
    os._exit(1)  # nobody listens any more


def main() -> None:
    """Run the consumer that the command line names until it is told to stop."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", choices=sorted(CONSUMERS))
    parser.add_argument("--core", type=int, default=None, help="the core to run on; any by default")
    chosen = parser.parse_args()
    if chosen.core is not None and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {chosen.core})
    settings = Settings()
    Path(settings.home).mkdir(parents=True, exist_ok=True)
    tally = Tally()
    sys.argv = sys.argv[:1]
    threading.Thread(target=_report, args=(tally,), daemon=True).start()
    CONSUMERS[chosen.name](settings, tally)


if __name__ == "__main__":
    main()

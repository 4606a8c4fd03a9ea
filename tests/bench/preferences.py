"""How soon what a person says is known, and how soon what is forgotten is gone, on a real broker.

Starts a Kafka of its own, `earshot worker detect` and `earshot worker serve` with a million stored preferences from a
snapshot, and plays a fleet's natural stream of turns. Among them some people state a preference:
`taught_to_visible_*_ms` is the time from the turn on the wire to the first `GET` that shows it. Meanwhile others are
forgotten by a record without a value: `forgotten_*_ms` is the time from that record on the wire to the first `GET`
that is 404. A `GET` is asked every few milliseconds at first, which is in the figures. `taught_to_made_*_ms` is what
passes until `detect` has made the preference. `*_cores` is the processor time that each process takes in a second.
`in_process_us` is what teaching adds to a turn in `detect`, `read_share` how many turns the network reads.

    python tests/bench/preferences.py                                              # as promised: 2,000 turns/s, 1M
    python tests/bench/preferences.py --stored 20000 --rate 200 --live 15          # a small one
"""

import argparse
import asyncio
import gc
import itertools
import multiprocessing
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import ExitStack, asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection
from pathlib import Path

import httpx
import uvloop
from aiokafka import AIOKafkaProducer
from asker import GIVEN_UP_S, POLL_S, Asker, asking
from latency import SETTLING_S, quantile
from load import pace, partition_of
from natural_stream import NaturalStream, Sent
from rewrites import cpu_s
from spine import Figures, say
from teaching_cost import in_process

from infra.kafka.broker import EmbeddedBroker
from infra.kafka.connection import aiokafka_options
from infra.kafka.topics import PREFERENCES, create_topics
from infra.process import dying_with_parent
from infra.settings import Settings
from models.rewrite.index import RewriteIndex
from schemas.preference import (
    Explicitness,
    Polarity,
    Preference,
    PreferenceScope,
    PreferenceSource,
    PreferenceStatus,
)
from schemas.turn import Asr, Device, Turn
from streams.serve.feed import Tables
from streams.serve.loading import request_encoder, write_tables
from streams.serve.preference_book import PreferenceBook
from streams.topic_reader import TopicReader

NAME = "preferences"
AHEAD_S = 10.0
AHEAD_A_TURN_S = 6e-4
"""A stream takes its time to be made, before anything of it is due."""
READY_S = 300.0
A_PERSON = 4
"""Stored preferences of one person."""
VALUES = ("jazz", "horror movies", "Italian restaurants", "short answers", "poetry books", "the Celtics", "Thai food")


def stored(count: int) -> Iterator[Preference]:
    """Synthetic preferences of many people, `A_PERSON` each."""
    at = datetime.now(UTC) - timedelta(days=3)
    for number in range(count):
        user = f"held-{number // A_PERSON}"
        yield Preference.model_construct(
            schema_version="1.0",
            type="preference",
            event_id=f"{number:08x}-0000-5000-8000-{number:012x}",
            occurred_at=at,
            user_id=user,
            evidence_turn_ids=(f"turn-{number}",),
            attribute=f"music-{number % A_PERSON}",
            value=VALUES[number % len(VALUES)],
            polarity=Polarity.LIKE if number % 3 else Polarity.DISLIKE,
            scope=PreferenceScope.USER,
            valid_from=at,
            status=PreferenceStatus.ACTIVE,
            strength=1.0,
            confidence=0.95,
            source=PreferenceSource.STATEMENT,
            explicitness=Explicitness.STATED,
            consent_version="1",
            detector="bench/1",
            revision=1,
        )


def write_stored(settings: Settings, count: int) -> None:
    """A snapshot of that many preferences, from which `serve` starts."""
    tables = Tables(settings, RewriteIndex(request_encoder()), PreferenceBook())
    for one in stored(count):
        tables.book.put(one, one.to_bytes())
    write_tables(settings, tables)


def lesson(number: int, at: datetime, text: str) -> Turn:
    """Somebody who was not heard of before states a preference."""
    return Turn(
        event_id=f"lesson-{number}-event",
        occurred_at=at,
        turn_id=f"lesson-{number}",
        dialogue_id=f"lesson-{number}-dialogue",
        user_id=f"learner-{number}",
        device=Device(id=f"learner-{number}-device"),
        asr=Asr(text=text),
    )


def fleet(settings: Settings, rate: float, length_s: float, other: Connection) -> None:
    """In a process of its own: the stream of a fleet with lessons among it, each record in its time. Says when it knows
    what people may say, is told when to begin and the lessons, and tells how many records that were and when each
    lesson was on the wire."""
    natural = NaturalStream(rate)
    other.send(None)
    begins, lessons = other.recv()
    records = itertools.takewhile(
        lambda one: one.at_ms <= length_s * 1000, natural.records(datetime.fromtimestamp(begins, UTC))
    )
    stream = sorted([*records, *lessons], key=lambda one: one.at_ms)
    if time.time() > begins:
        raise SystemExit("the stream was not made in time: ask for fewer turns")
    gc.collect()
    gc.freeze()
    produced = asyncio.run(pace(settings, stream, begins))
    learners = {one.key for one in lessons}
    places = zip(stream, produced, strict=True)
    other.send((len(stream), {one.key: place.at for one, place in places if one.key in learners}))


class Live:
    """One run at a rate. `lessons`, `forgets`: how many a second. `workers`: processes whose time is taken, by name."""

    def __init__(
        self,
        settings: Settings,
        workers: Mapping[str, int],
        rate: float,
        live_s: float,
        lessons: float,
        forgets: float,
    ) -> None:
        self._workers = dict(workers)
        self._settings = settings
        self._rate = rate
        self._length_s = live_s + SETTLING_S
        self._lessons = lessons
        self._forgets = forgets
        self.taught: list[float] = []
        self.detected: list[float] = []
        """ms from the wire until `detect` had made a preference of it: what of `taught` is not `serve`'s"""
        self.forgotten: list[float] = []
        self.cores: dict[str, float] = {}
        """processor seconds a second of each worker, and of the fleet"""
        self.missing = 0
        self.sent = 0

    async def run(self) -> None:
        """Produce in time and look at `serve`."""
        await self._warm_up()
        spawn = multiprocessing.get_context("spawn")
        producing, theirs = spawn.Pipe()
        arguments = (self._settings, self._rate, self._length_s, theirs)
        process = spawn.Process(target=fleet, args=arguments, daemon=True)
        process.start()
        theirs.close()
        await asyncio.to_thread(producing.recv)
        begins = time.time() + AHEAD_S + self._rate * self._length_s * AHEAD_A_TURN_S
        planned = datetime.fromtimestamp(begins, UTC)
        lessons = [
            self._filled(Sent(round(1000 * number / self._lessons), f"learner-{number}".encode(), b"", True), planned)
            for number in range(1, int(self._length_s * self._lessons))
        ]
        producing.send((begins, lessons))
        async with asking(self._settings.serve_port) as asker, self._producer() as producer:
            watching = [asyncio.create_task(self._watch(asker, begins, one)) for one in lessons]
            forgetting = asyncio.create_task(self._forget(asker, producer, begins))
            await asyncio.sleep(max(0.0, begins - time.time()))
            assert process.pid is not None
            pids = self._workers | {"fleet": process.pid}
            before, began = {name: cpu_s(pid) for name, pid in pids.items()}, time.monotonic()
            self.sent, on_wire = await asyncio.to_thread(producing.recv)
            lasted = time.monotonic() - began
            self.cores = {name: (cpu_s(pid) - before[name]) / lasted for name, pid in pids.items()}
            seen = dict(await asyncio.gather(*watching))
            await forgetting
        process.join()
        made = self._made()
        for one in lessons:
            if one.at_ms < SETTLING_S * 1000:
                continue
            at = seen[one.key]
            if at is None:
                self.missing += 1
                say(f"{one.key.decode()} was not seen; on the topic: {one.key in made}")
            else:
                self.taught.append(1000 * (at - on_wire[one.key]))
                self.detected.append(1000 * (made[one.key] - on_wire[one.key]))
        self.taught.sort()
        self.detected.sort()
        self.forgotten.sort()

    def _made(self) -> dict[bytes, float]:
        """When the preference of each learner was made, by its record."""
        with TopicReader(self._settings, [PREFERENCES.full_name(self._settings)]) as reader:
            records = [one for one in reader.rest() if one.key is not None and one.value is not None]
        return {one.key.rpartition(b"/")[0]: one.timestamp_ms / 1000 for one in records if one.key is not None}

    async def _warm_up(self) -> None:
        """Wait until the first preference has come all the way."""
        first = Sent(0, b"learner-0", b"", True)
        async with asking(self._settings.serve_port) as asker:
            await pace(self._settings, [self._filled(first, datetime.now(UTC))], time.time())
            _, seen = await self._watch(asker, time.time(), first, READY_S, 0.2)
        if seen is None:
            raise SystemExit(f"nothing that is said is seen: {_said(self._settings, 'detect')}")

    @staticmethod
    def _filled(one: Sent, planned: datetime) -> Sent:
        number = int(one.key.decode().rpartition("-")[2])
        turn = lesson(number, planned + timedelta(milliseconds=one.at_ms), "I don't like horror movies")
        return one._replace(value=turn.to_bytes())

    @staticmethod
    async def _watch(
        asker: "Asker", begins: float, one: Sent, within_s: float = GIVEN_UP_S, poll_s: float = POLL_S
    ) -> tuple[bytes, float | None]:
        await asyncio.sleep(max(0.0, begins + one.at_ms / 1000 - time.time()))
        return one.key, await asker.until(httpx.codes.OK, one.key.decode(), within_s, poll_s)

    async def _forget(self, asker: "Asker", producer: AIOKafkaProducer, begins: float) -> None:
        """Tombstones for people whose preferences came from the snapshot."""
        topic = PREFERENCES.full_name(self._settings)
        checks: list[asyncio.Task[None]] = []

        async def check(user: str, at: float) -> None:
            gone = await asker.until(httpx.codes.NOT_FOUND, user)
            if gone is None:
                self.missing += 1
                say(f"{user} was not gone")
            else:
                self.forgotten.append(1000 * (gone - at))

        for number in range(int(self._length_s * self._forgets)):
            due = begins + SETTLING_S + number / self._forgets
            if due > begins + self._length_s:
                break
            await asyncio.sleep(max(0.0, due - time.time()))
            user = f"held-{number}"
            at = time.time()
            for place in range(number * A_PERSON, (number + 1) * A_PERSON):
                key = f"{user}/{place:08x}-0000-5000-8000-{place:012x}".encode()
                await producer.send(topic, key=key, value=None, partition=partition_of(user.encode(), self._settings))
            checks.append(asyncio.create_task(check(user, at)))
        await asyncio.gather(*checks)

    @asynccontextmanager
    async def _producer(self) -> AsyncIterator[AIOKafkaProducer]:
        producer = AIOKafkaProducer(**aiokafka_options(self._settings), acks="all", linger_ms=0)
        await producer.start()
        try:
            yield producer
        finally:
            await producer.stop()


@contextmanager
def worker(role: str, settings: Settings) -> Iterator[subprocess.Popen[bytes]]:
    """`earshot worker ROLE` as a process that ends with this one."""
    names = settings.model_fields_set
    given = settings.model_dump(mode="json", include=names)
    environment = os.environ | {f"EARSHOT_{name.upper()}": str(given[name]) for name in names}
    log = (settings.home / f"{role}.log").open("wb")
    process = subprocess.Popen(
        [sys.executable, "-m", "streams.cli.main", "worker", role],
        env=environment | {"OMP_NUM_THREADS": "1"},
        stdout=log,
        stderr=log,
        preexec_fn=dying_with_parent(),
    )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
        log.close()


def wait_ready(settings: Settings) -> float:
    """Seconds until `serve` is caught up."""
    began = time.monotonic()
    while time.monotonic() - began < READY_S:
        try:
            if httpx.get(f"http://127.0.0.1:{settings.serve_port}/readyz", timeout=1.0).status_code == httpx.codes.OK:
                return time.monotonic() - began
        except httpx.HTTPError:
            pass
        time.sleep(0.2)
    raise SystemExit(f"serve is not ready after {READY_S:.0f} s: {_said(settings, 'serve')}")


def main() -> None:
    """Run the benchmark as the command line asks."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stored", type=int, default=1_000_000, help="stored preferences (default 1000000)")
    parser.add_argument("--rate", type=float, default=2_000.0, help="turns a second (default 2000)")
    parser.add_argument("--live", type=float, default=40.0, metavar="S", help="seconds that count (default 40)")
    parser.add_argument("--lessons", type=float, default=20.0, help="preferences stated a second (default 20)")
    parser.add_argument("--forgets", type=float, default=5.0, help="people forgotten a second (default 5)")
    parser.add_argument("--turns", type=int, default=20_000, help="turns for the cost in process (default 20000)")
    parser.add_argument("--json", action="store_true", help="print one JSON object on standard output")
    chosen = parser.parse_args()
    figures = Figures(NAME)
    added, share, records = in_process(chosen.rate, chosen.turns)
    figures.add("in_process_us", added, records)
    figures.add("read_share", share, records)
    folder = Path(tempfile.mkdtemp(prefix="earshot-bench-"))
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        ports = _free_ports(3)
        broker = EmbeddedBroker(folder, *ports[:2])
        stack.callback(broker.stop)
        broker.start()
        broker.wait_ready()
        settings = Settings(
            home=folder,
            kafka_bootstrap=broker.bootstrap,
            serve_port=ports[2],
            hearing="rules",
            teaching="models",
            topic_prefix="bench",
            group_prefix="bench",
        )
        create_topics(settings)
        say(f"storing {chosen.stored:,} preferences")
        write_stored(settings, chosen.stored)
        workers = {role: stack.enter_context(worker(role, settings)) for role in ("serve", "detect")}
        figures.add("serve_ready_s", wait_ready(settings), chosen.stored)
        say(f"{chosen.rate:,.0f} turns a second for {chosen.live + SETTLING_S:.0f} s")
        pids = {role: one.pid for role, one in workers.items()} | {"broker": broker.status().pid or 0}
        live = Live(settings, pids, chosen.rate, chosen.live, chosen.lessons, chosen.forgets)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(live.run())
        if live.missing:
            say("".join(f"{role} said: {_said(settings, role)}" for role in ("detect", "serve")))
    figures.add("records", live.sent, live.sent)
    for name, cores in live.cores.items():
        figures.add(f"{name}_cores", cores, live.sent)
    for name, values in (
        ("taught_to_made", live.detected),
        ("taught_to_visible", live.taught),
        ("forgotten", live.forgotten),
    ):
        figures.add(f"{name}_p50_ms", quantile(values, 0.5), len(values))
        figures.add(f"{name}_p99_ms", quantile(values, 0.99), len(values))
    figures.add("not_seen", live.missing, len(live.taught) + len(live.forgotten))
    if chosen.json:
        print(figures.json())


def _said(settings: Settings, role: str) -> str:
    return (settings.home / f"{role}.log").read_text("utf-8", "replace")[-2000:]


def _free_ports(count: int) -> list[int]:
    with ExitStack() as sockets:
        opened = [sockets.enter_context(socket.socket()) for _ in range(count)]
        for one in opened:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in opened]


if __name__ == "__main__":
    main()

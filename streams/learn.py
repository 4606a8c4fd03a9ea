"""The role `learn`: from dialogues to rewrites, for everybody and for single people, and how those do.

Dialogues become moves, moves are kept by source state, and those are solved into the table of everybody's rewrites.
What single people teach is told as soon as it is read, from open dialogues too. Decisions of `serve` are joined with
the verdicts on their turns, and counted by rewrite.

Everything that was learned stands on topics. A partition is committed when what it led to is acknowledged: at once, or
for moves and outcomes when the states and trials that they changed are told. What is delivered twice counts once (see
`processors.source_moves`, `personal_rewrites` and `rewrite_trials`), so a crash at any point loses nothing and counts
nothing twice. All of it scales with partitions; the worker that owns partition 0 of the moves solves, for all of them.
"""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from faust.types import TP
from kafka.errors import KafkaError as ClientError

from infra import telemetry
from infra.kafka.errors import BrokerUnavailable
from infra.kafka.topics import (
    DIALOGUES,
    FORGOTTEN_PEOPLE,
    REWRITE_DECISIONS,
    REWRITE_OUTCOMES,
    REWRITES,
    TRANSITIONS,
)
from infra.settings import Settings
from streams import learn_takeover
from streams.application import Role, RoleApp, build_app
from streams.compacted import wait_for
from streams.delivery import Committed, Entry, Ledger, Message
from streams.feeding import feed
from streams.learn_on_trial import TableOnTrial
from streams.learn_partition import DialogueMoves, SourceCounting
from streams.learn_reading import ROLE
from streams.learn_solver import Solver
from streams.learn_trials import TrialCounting
from streams.lease import Lease
from streams.lost_records import LostRecords
from streams.outbox import Outbox

log = logging.getLogger(__name__)

TELL_S: Final = 1.0
"""States and trials that changed are told this often: one that many people are in changes with every batch."""

SOLVE_S: Final = 1.0
DRAIN_S: Final = 5.0


class _Counts(Protocol):
    rejected: Counter[str]


@dataclass(slots=True)
class _Owned:
    """A partition that this worker owns; `open`: batches whose changes are not told yet."""

    process: Callable[[list[Any]], list[Message]]
    counts: _Counts
    ledger: Ledger
    lost: LostRecords
    tells: SourceCounting | TrialCounting | None = None
    open: list[Entry] = field(default_factory=list)


class Learn(Role):
    """Feeds each owned partition with its batches, tells what changed, and solves where it falls to this worker."""

    def __init__(self, app: RoleApp, settings: Settings) -> None:
        self._app = app
        self._settings = settings
        self._outbox = Outbox(settings)
        self._lease = Lease()
        self._owned: dict[TP, _Owned] = {}
        self._people: dict[int, tuple[int, learn_takeover.People]] = {}
        self._transitions = TRANSITIONS.full_name(settings)
        self._solving = asyncio.Lock()
        self._telling = asyncio.Lock()
        self._solver: Solver | None = None
        self._thread = ThreadPoolExecutor(1, "solver")
        self._on_trial = TableOnTrial(settings)
        self._trial_thread = ThreadPoolExecutor(1, "on-trial")

    async def start(self) -> None:
        await self._outbox.start()

    async def drain(self) -> None:
        """Tell what is known, so that little is read again after a stop."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self.tell(), DRAIN_S)

    async def stop(self) -> None:
        if self._solver is not None:
            await self._in_thread(self._solver.close)
        self._thread.shutdown(wait=False, cancel_futures=True)
        await asyncio.get_running_loop().run_in_executor(self._trial_thread, self._on_trial.close)
        self._trial_thread.shutdown(wait=False, cancel_futures=True)
        await self._outbox.stop()

    async def on_batch(self, tp: TP, generation: int, records: list[Any]) -> None:
        """Process a batch. What it leads to at once is acknowledged when this returns."""
        owned = self._owned.get(tp)
        if owned is None or owned.ledger.generation != generation:
            owned = await self._take_over(tp, generation)
        owned.lost.look_at(records)
        started = time.perf_counter()
        messages = owned.process(records)
        telemetry.BATCH_SECONDS.labels(ROLE).observe(time.perf_counter() - started)
        telemetry.RECORDS.labels(ROLE, tp.topic, tp.partition).inc(len(records))
        entry = owned.ledger.open(Committed(records[-1].offset + 1))
        if not await self._deliver(messages, tp, generation):
            return
        if owned.tells is not None:
            owned.open.append(entry)
        else:
            owned.ledger.close(entry)

    async def tell(self) -> None:
        """Tell every state and trial that changed; what led to it may be committed then."""
        self._lease.beat()
        async with self._telling:
            await self._look_at_the_table()
            for tp, owned in list(self._owned.items()):
                ours = owned.ledger.generation == self._app.consumer_generation_id
                if ours and owned.tells is not None and owned.open:
                    messages, told = owned.tells.tell(), owned.open
                    owned.open = []
                    if await self._deliver(messages, tp, owned.ledger.generation):
                        for entry in told:
                            owned.ledger.close(entry)

    async def _look_at_the_table(self) -> None:
        """Know the rewrites whose trials are to be told."""
        if not any(isinstance(owned.tells, TrialCounting) and owned.open for owned in self._owned.values()):
            return
        try:
            await asyncio.get_running_loop().run_in_executor(self._trial_thread, self._on_trial.step)
        except (BrokerUnavailable, ClientError, OSError) as fault:
            log.warning("trials are told by what was known of their rewrites before: %s", fault)

    async def solve(self) -> None:
        """Solve what changed, if that falls to this worker."""
        if self._solving.locked():
            return
        async with self._solving:
            if not self._solves():
                await self._leave_solver()
                return
            generation = self._app.consumer_generation_id
            solver = self._solver = self._solver or Solver(self._settings)
            try:
                messages = await self._in_thread(solver.step)
            except (BrokerUnavailable, ClientError, OSError) as fault:
                log.warning("the solver could not read, it will begin anew: %s", fault)
                await self._leave_solver()
                return
            if not await self._deliver(messages, TP(self._transitions, 0), generation):
                await self._leave_solver()  # it takes what it said for told

    def report(self) -> None:
        """Bring the gauges up to date."""
        telemetry.IN_FLIGHT.labels(ROLE).set(self._app.delivery.in_flight)
        for owned in self._owned.values():
            _count(owned.counts.rejected, lambda cause, n: telemetry.DEAD_LETTERS.labels(ROLE, cause).inc(n))
            if owned.tells is not None:
                _count(owned.tells.dropped, lambda reason, n: telemetry.DROPPED.labels(ROLE, reason).inc(n))

    async def _deliver(self, messages: list[Message], tp: TP, generation: int) -> bool:
        """Send on behalf of a partition; False, and nothing is sent, when it is somebody else's by now."""
        if not messages:
            return True
        consumer = self._app.batch_consumer

        def still_ours() -> bool:
            return generation == self._app.consumer_generation_id and tp in consumer.assignment()

        async def confirm() -> bool:
            committed = await consumer.committed(tp)
            position = committed._replace(offset=max(0, committed.offset))
            return await consumer.commit_positions({tp: position})

        if not await self._lease.holds(still_ours, confirm):
            log.warning(
                "%d records are not told: partition %d of %s is not ours", len(messages), tp.partition, tp.topic
            )
            return False
        await self._outbox.deliver(messages)
        return True

    def _solves(self) -> bool:
        return TP(self._transitions, 0) in self._app.batch_consumer.assignment()

    async def _leave_solver(self) -> None:
        solver, self._solver = self._solver, None
        if solver is not None:
            await self._in_thread(solver.close)

    async def _in_thread(self, work: Callable[[], Any]) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    async def _take_over(self, tp: TP, generation: int) -> _Owned:
        committed = await self._app.batch_consumer.committed(tp)
        ledger = self._app.delivery.begin(tp, generation)
        lost = LostRecords(ROLE, tp, committed.offset)
        owned = await self._work_of(tp, generation, ledger, lost)
        self._owned = {held: kept for held, kept in self._owned.items() if kept.ledger.generation == generation}
        self._owned[tp] = owned
        return owned

    async def _work_of(self, tp: TP, generation: int, ledger: Ledger, lost: LostRecords) -> _Owned:
        settings, partition = self._settings, tp.partition
        if tp.topic == self._transitions:
            counting = await wait_for(
                lambda: learn_takeover.source_counting(settings, partition), "what is kept of moves"
            )
            log.info("partition %d of %s: %d states are known", partition, tp.topic, len(counting))
            return _Owned(counting.process, counting, ledger, lost, counting)
        if tp.topic == REWRITE_OUTCOMES.full_name(settings):
            trials = await wait_for(
                lambda: learn_takeover.trial_counting(settings, partition, self._on_trial.get),
                "what is known of trials",
            )
            return _Owned(trials.process, trials, ledger, lost, trials)
        people, known_to = await self._people_of(partition, generation)
        if tp.topic == DIALOGUES.full_name(settings):
            moves = DialogueMoves(settings, partition, people)
            return _Owned(moves.process, moves, ledger, lost)
        if tp.topic == REWRITE_DECISIONS.full_name(settings):
            return _Owned(people.decisions, people, ledger, lost)
        if tp.topic == FORGOTTEN_PEOPLE.full_name(settings):
            return _Owned(people.forgotten, people, ledger, lost)
        return _Owned(
            lambda records: people.rewrites([one for one in records if one.offset >= known_to]), people, ledger, lost
        )

    async def _people_of(self, partition: int, generation: int) -> learn_takeover.People:
        """The people of a partition: dialogues, decisions, rewrites and wishes of one person have one number."""
        held = self._people.get(partition)
        if held is None or held[0] != generation:
            decisions = await self._read_from(TP(REWRITE_DECISIONS.full_name(self._settings), partition))
            dialogues = await self._read_from(TP(DIALOGUES.full_name(self._settings), partition))
            people = await wait_for(
                lambda: learn_takeover.people(self._settings, partition, decisions, dialogues),
                "what people have taught",
            )
            self._people = {n: known for n, known in self._people.items() if known[0] == generation}
            held = self._people[partition] = generation, people
            log.info("partition %d: %d people have rewrites of their own", partition, len(people.learning))
        return held[1]

    async def _read_from(self, tp: TP) -> int:
        return (await self._app.batch_consumer.committed(tp)).offset


def _count(counts: Counter[str], add: Callable[[str, int], None]) -> None:
    for name, number in counts.items():
        add(name, number)
    counts.clear()


def learn_app(settings: Settings) -> RoleApp:
    """The Faust app of `learn`."""
    app = build_app(ROLE, settings)
    learn = Learn(app, settings)
    topics = (DIALOGUES, TRANSITIONS, REWRITES, REWRITE_DECISIONS, REWRITE_OUTCOMES, FORGOTTEN_PEOPLE)
    feed(app, learn, ROLE, *(topic.full_name(settings) for topic in topics))

    @app.timer(TELL_S)  # type: ignore[untyped-decorator]
    async def tell() -> None:
        try:
            await learn.tell()
        except Exception as exc:
            await app.fail(exc)
            raise
        learn.report()

    @app.timer(SOLVE_S)  # type: ignore[untyped-decorator]
    async def solve() -> None:
        try:
            await learn.solve()
        except Exception as exc:
            await app.fail(exc)
            raise

    app.role = learn
    return app

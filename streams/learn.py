"""The role `learn`: dialogues into moves, moves into kept moves by source state, those into the rewrite table.

Everything that was learned stands on topics. A dialogue's partition is committed when its moves are acknowledged; a
partition of moves when the states that they changed are. Moves that are delivered twice are counted once (see
`processors.source_moves`), so a crash at any point loses nothing and counts nothing twice. The first two halves scale
with partitions; the worker that owns partition 0 of the moves solves, for all of them.
"""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from faust.types import TP
from kafka.errors import KafkaError as ClientError

from infra import telemetry
from infra.kafka.errors import BrokerUnavailable
from infra.kafka.topics import DIALOGUES, SOURCE_MOVES, TRANSITIONS
from infra.settings import Settings
from processors.source_moves import SourceState
from streams.application import Role, RoleApp, build_app
from streams.compacted import last_words, wait_for
from streams.delivery import Committed, Entry, Ledger
from streams.feeding import feed
from streams.learn_partition import ROLE, DialogueMoves, SourceCounting
from streams.learn_solver import Solver
from streams.lost_records import LostRecords
from streams.outbox import Outbox

log = logging.getLogger(__name__)

TELL_S = 1.0
"""States that changed are told this often: one that many people are in changes with every batch."""

SOLVE_S = 1.0
DRAIN_S = 5.0


@dataclass(slots=True)
class _Owned:
    """A partition that this worker owns; `open`: batches whose states are not told yet."""

    work: DialogueMoves | SourceCounting
    ledger: Ledger
    lost: LostRecords
    open: list[Entry] = field(default_factory=list)


class Learn(Role):
    """Feeds each owned partition with its batches, tells what changed, and solves where it falls to this worker."""

    def __init__(self, app: RoleApp, settings: Settings) -> None:
        self._app = app
        self._settings = settings
        self._outbox = Outbox(settings)
        self._owned: dict[TP, _Owned] = {}
        self._transitions = TRANSITIONS.full_name(settings)
        self._solving = asyncio.Lock()
        self._telling = asyncio.Lock()
        self._solver: Solver | None = None
        self._thread = ThreadPoolExecutor(1, "solver")

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
        await self._outbox.stop()

    async def on_batch(self, tp: TP, generation: int, records: list[Any]) -> None:
        """Process a batch. Of dialogues it returns when their moves are acknowledged."""
        owned = self._owned.get(tp)
        if owned is None or owned.ledger.generation != generation:
            owned = await self._take_over(tp, generation)
        owned.lost.look_at(records)
        started = time.perf_counter()
        messages = owned.work.process(records)
        telemetry.BATCH_SECONDS.labels(ROLE).observe(time.perf_counter() - started)
        telemetry.RECORDS.labels(ROLE, tp.topic, tp.partition).inc(len(records))
        entry = owned.ledger.open(Committed(records[-1].offset + 1))
        if isinstance(owned.work, SourceCounting):
            owned.open.append(entry)
            await self._outbox.deliver(messages)
        else:
            await self._outbox.deliver(messages)
            owned.ledger.close(entry)

    async def tell(self) -> None:
        """Tell every state that changed; what led to it may be committed then."""
        async with self._telling:
            for owned in list(self._owned.values()):
                ours = owned.ledger.generation == self._app.consumer_generation_id
                if ours and isinstance(owned.work, SourceCounting) and owned.open:
                    messages, told = owned.work.tell(), owned.open
                    owned.open = []
                    await self._outbox.deliver(messages)
                    for entry in told:
                        owned.ledger.close(entry)

    async def solve(self) -> None:
        """Solve what changed, if that falls to this worker."""
        if self._solving.locked():
            return
        async with self._solving:
            if not self._solves():
                if self._solver is not None:
                    await self._in_thread(self._solver.close)
                    self._solver = None
                return
            solver = self._solver = self._solver or Solver(self._settings)
            try:
                messages = await self._in_thread(solver.step)
            except (BrokerUnavailable, ClientError, OSError) as fault:
                log.warning("the solver could not read, it will begin anew: %s", fault)
                self._solver = None
                await self._in_thread(solver.close)
                return
            if self._solves():
                await self._outbox.deliver(messages)

    def report(self) -> None:
        """Bring the gauges up to date."""
        telemetry.IN_FLIGHT.labels(ROLE).set(self._app.delivery.in_flight)
        for owned in self._owned.values():
            _count(owned.work.rejected, lambda cause, n: telemetry.DEAD_LETTERS.labels(ROLE, cause).inc(n))
            if isinstance(owned.work, SourceCounting):
                _count(owned.work.dropped, lambda reason, n: telemetry.DROPPED.labels(ROLE, reason).inc(n))

    def _solves(self) -> bool:
        return TP(self._transitions, 0) in self._app.batch_consumer.assignment()

    async def _in_thread(self, work: Callable[[], Any]) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    async def _take_over(self, tp: TP, generation: int) -> _Owned:
        committed = await self._app.batch_consumer.committed(tp)
        work: DialogueMoves | SourceCounting
        if tp.topic == self._transitions:
            known = await wait_for(
                lambda: last_words(self._settings, SOURCE_MOVES, tp.partition), "what is kept of moves"
            )
            states = [state for value in known.values() if (state := SourceState.of_bytes(value)) is not None]
            work = SourceCounting(self._settings, tp.partition, states)
            log.info("partition %d of %s: %d states are known", tp.partition, tp.topic, len(work))
        else:
            work = DialogueMoves(self._settings, tp.partition)
        owned = _Owned(work, self._app.delivery.begin(tp, generation), LostRecords(ROLE, tp, committed.offset))
        self._owned = {held: kept for held, kept in self._owned.items() if kept.ledger.generation == generation}
        self._owned[tp] = owned
        return owned


def _count(counts: Counter[str], add: Callable[[str, int], None]) -> None:
    for name, number in counts.items():
        add(name, number)
    counts.clear()


def learn_app(settings: Settings) -> RoleApp:
    """The Faust app of `learn`."""
    app = build_app(ROLE, settings)
    learn = Learn(app, settings)
    feed(app, learn, ROLE, DIALOGUES.full_name(settings), TRANSITIONS.full_name(settings))

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

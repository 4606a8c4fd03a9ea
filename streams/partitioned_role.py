"""What roles that keep a state for each partition of `turn-events` have in common: take over, feed, deliver, commit."""

import asyncio
import logging
import time
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Generic, ParamSpec, Protocol, TypeVar

from faust.types import TP

from infra import telemetry
from infra.settings import Settings
from schemas.dead_letter import DeadLetterCause
from schemas.turn import DeviceEvent
from streams.application import Role, RoleApp
from streams.delivery import Committed, Entry, Ledger, Message
from streams.feeding import feed
from streams.lost_records import LostRecords
from streams.outbox import Outbox
from streams.record import Record
from streams.unknown_fields import UnknownFields

log = logging.getLogger(__name__)

P = ParamSpec("P")
R = TypeVar("R")

IDLE_CHECK_S = 5.0
DRAIN_S = 5.0


class Led(Protocol):
    """What a batch leads to."""

    @property
    def position(self) -> Committed: ...


O_co = TypeVar("O_co", bound=Led, covariant=True)
O = TypeVar("O", bound=Led)  # noqa: E741 - an outcome


class PartitionState(Protocol[O_co]):
    """The state of a role for one partition."""

    @property
    def watermark(self) -> float: ...
    @property
    def open_segments(self) -> int: ...
    @property
    def unknown_fields(self) -> UnknownFields: ...
    @property
    def dropped(self) -> Counter[str]: ...
    @property
    def rejected(self) -> Counter[DeadLetterCause]: ...
    def process(self, records: Sequence[Record]) -> O_co: ...
    def idle(self, idle: timedelta) -> O_co: ...


S = TypeVar("S", bound=PartitionState[Any])


@dataclass(slots=True)
class _Owned(Generic[S]):
    """A partition that this worker owns."""

    state: S
    ledger: Ledger
    lost: LostRecords
    last_record: float = field(default_factory=time.monotonic)


class PartitionedRole(Role, ABC, Generic[S, O]):
    """Feeds each owned partition's state with its batches and delivers what they lead to."""

    def __init__(
        self, name: str, app: RoleApp, settings: Settings, *, in_flight: int, thread: ThreadPoolExecutor | None = None
    ) -> None:
        """`in_flight`: batches under way at most; reading pauses then. `thread`: where states work, if not on the
        event loop."""
        self._name = name
        self._app = app
        self._outbox = Outbox(settings)
        self._owned: dict[TP, _Owned[S]] = {}
        self._room = asyncio.Semaphore(in_flight)
        self._deliveries: set[asyncio.Task[None]] = set()
        self._thread = thread

    @abstractmethod
    async def _state_of(self, tp: TP, committed: Committed) -> S:
        """The state of a partition that is taken over."""

    @abstractmethod
    def _is_idle(self, outcome: O) -> bool:
        """A batch leads to nothing that has to be delivered."""

    @abstractmethod
    async def _messages_of(self, state: S, outcome: O) -> list[Message]:
        """The records that a batch leads to. Called in the order of the batches, while earlier ones are under way."""

    async def start(self) -> None:
        await self._outbox.start()

    async def drain(self) -> None:
        """Wait, a moment, until what is under way is acknowledged, so that little is done twice after a stop."""
        if self._deliveries:
            await asyncio.wait(self._deliveries, timeout=DRAIN_S)

    async def stop(self) -> None:
        await self._outbox.stop()
        if self._thread is not None:
            self._thread.shutdown(wait=False, cancel_futures=True)

    async def _run(self, work: Callable[P, R], *arguments: P.args, **named: P.kwargs) -> R:
        """Run what touches a partition's state, one after the other."""
        if self._thread is None:
            return work(*arguments, **named)
        return await asyncio.get_running_loop().run_in_executor(self._thread, lambda: work(*arguments, **named))

    async def report(self) -> None:
        """Bring the gauges up to date."""
        await self._run(self._report)

    def _report(self) -> None:
        telemetry.IN_FLIGHT.labels(self._name).set(self._app.delivery.in_flight)
        for tp, owned in self._owned.items():
            state = owned.state
            telemetry.WATERMARK.labels(tp.partition).set(state.watermark)
            telemetry.OPEN_SEGMENTS.labels(tp.partition).set(state.open_segments)
            for path, count in state.unknown_fields.counts.items():
                telemetry.UNKNOWN_FIELDS.labels(path).set(count)
            for reason, count in state.dropped.items():
                telemetry.DROPPED.labels(self._name, reason).inc(count)
            state.dropped.clear()
            for cause, count in state.rejected.items():
                telemetry.DEAD_LETTERS.labels(self._name, cause).inc(count)
            state.rejected.clear()

    async def on_batch(self, tp: TP, generation: int, records: list[Any]) -> None:
        """Process a batch; returns before its results are acknowledged, unless too many batches are under way."""
        owned = self._owned.get(tp)
        if owned is None or owned.ledger.generation != generation:
            owned = await self._take_over(tp, generation)
        owned.lost.look_at(records)
        started = time.perf_counter()
        outcome = await self._run(owned.state.process, records)
        telemetry.BATCH_SECONDS.labels(self._name).observe(time.perf_counter() - started)
        telemetry.RECORDS.labels(self._name, tp.topic, tp.partition).inc(len(records))
        owned.last_record = time.monotonic()
        await self._deliver(owned, owned.ledger.open(outcome.position), outcome)

    async def _take_over(self, tp: TP, generation: int) -> _Owned[S]:
        committed = await self._app.batch_consumer.committed(tp)
        owned = _Owned(
            await self._state_of(tp, committed),
            self._app.delivery.begin(tp, generation),
            LostRecords(self._name, tp, committed.offset),
        )
        self._owned = {held: kept for held, kept in self._owned.items() if kept.ledger.generation == generation} | {
            tp: owned
        }
        log.info("partition %d of %s: reading on from offset %d", tp.partition, tp.topic, max(committed.offset, 0))
        return owned

    async def _deliver(self, owned: _Owned[S], entry: Entry, outcome: O) -> None:
        if self._is_idle(outcome):
            owned.ledger.close(entry)
            return
        await self._room.acquire()
        task = asyncio.create_task(self._deliver_and_close(owned, entry, outcome))
        self._deliveries.add(task)
        task.add_done_callback(self._deliveries.discard)

    async def _deliver_and_close(self, owned: _Owned[S], entry: Entry, outcome: O) -> None:
        try:
            await self._outbox.deliver(await self._messages_of(owned.state, outcome))
            owned.ledger.close(entry)
        except Exception as exc:  # noqa: BLE001 - whatever it is, going on could commit past what was not delivered
            log.critical("results could not be delivered: %s", exc)
            await self._app.fail(exc)
        finally:
            self._room.release()

    async def close_idle(self) -> None:
        """Tell the end of dialogues on partitions that have gone quiet."""
        now = time.monotonic()
        generation = self._app.consumer_generation_id
        for owned in list(self._owned.values()):
            idle = now - owned.last_record
            if idle >= IDLE_CHECK_S and owned.ledger.generation == generation:
                outcome = await self._run(owned.state.idle, timedelta(seconds=idle))
                if not self._is_idle(outcome):
                    await self._deliver(owned, owned.ledger.open(outcome.position), outcome)


def fed_by_turn_events(app: RoleApp, role: PartitionedRole[Any, Any], name: str, settings: Settings) -> RoleApp:
    """The app, with `role` fed by the topic of turn events and asked for silences every few seconds."""
    feed(app, role, name, f"{settings.topic_prefix}.{DeviceEvent.topic_suffix}")

    @app.timer(IDLE_CHECK_S)  # type: ignore[untyped-decorator]
    async def close_idle() -> None:
        await role.close_idle()
        await role.report()

    app.role = role
    return app

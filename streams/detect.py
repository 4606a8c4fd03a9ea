"""The role `detect`: turn events in, feedback, dialogues and dead letters out."""

import asyncio
import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, ParamSpec, TypeVar

from faust.types import TP

from infra import telemetry
from infra.settings import Settings
from schemas.turn import DeviceEvent
from streams.application import Role, RoleApp, batches, build_app
from streams.clock_skews import wait_for_told_skews
from streams.delivery import Entry, Ledger, Message
from streams.detect_partition import ROLE, DetectPartition
from streams.hearing import hearing_of
from streams.lost_records import LostRecords
from streams.outbox import Outbox

log = logging.getLogger(__name__)

P = ParamSpec("P")
R = TypeVar("R")

IN_FLIGHT = 16
IDLE_CHECK_S = 5.0
DRAIN_S = 5.0


@dataclass(slots=True)
class _Owned:
    """A partition that this worker owns."""

    state: DetectPartition
    ledger: Ledger
    lost: LostRecords
    last_record: float = field(default_factory=time.monotonic)


class Detect(Role):
    """Feeds each owned partition's state with its batches and delivers what they lead to."""

    def __init__(self, app: RoleApp, settings: Settings) -> None:
        self._app = app
        self._settings = settings
        self._outbox = Outbox(settings)
        self._owned: dict[TP, _Owned] = {}
        self._room = asyncio.Semaphore(IN_FLIGHT)
        self._deliveries: set[asyncio.Task[None]] = set()
        # Models take their time: in a thread of their own, so that no batch of theirs costs a heartbeat.
        self._thread = ThreadPoolExecutor(1, "hearing") if hearing_of(settings).has_models else None

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
        telemetry.IN_FLIGHT.labels(ROLE).set(self._app.delivery.in_flight)
        for tp, owned in self._owned.items():
            state = owned.state
            telemetry.WATERMARK.labels(tp.partition).set(state.watermark)
            telemetry.OPEN_SEGMENTS.labels(tp.partition).set(state.open_segments)
            for path, count in state.unknown_fields.counts.items():
                telemetry.UNKNOWN_FIELDS.labels(path).set(count)
            for reason, count in state.dropped.items():
                telemetry.DROPPED.labels(ROLE, reason).inc(count)
            state.dropped.clear()
            for cause, count in state.rejected.items():
                telemetry.DEAD_LETTERS.labels(ROLE, cause).inc(count)
            state.rejected.clear()

    async def on_batch(self, tp: TP, generation: int, records: list[Any]) -> None:
        """Process a batch; returns before its results are acknowledged, at most `IN_FLIGHT` batches ahead."""
        owned = self._owned.get(tp)
        if owned is None or owned.ledger.generation != generation:
            owned = await self._take_over(tp, generation)
        owned.lost.look_at(records)
        started = time.perf_counter()
        outcome = await self._run(owned.state.process, records)
        telemetry.BATCH_SECONDS.labels(ROLE).observe(time.perf_counter() - started)
        telemetry.RECORDS.labels(ROLE, tp.topic, tp.partition).inc(len(records))
        owned.last_record = time.monotonic()
        await self._deliver(owned.ledger, owned.ledger.open(outcome.position), outcome.messages)

    async def _take_over(self, tp: TP, generation: int) -> _Owned:
        committed = await self._app.batch_consumer.committed(tp)
        skews = await wait_for_told_skews(self._settings, tp.partition)
        owned = _Owned(
            DetectPartition(self._settings, tp.partition, committed, skews),
            self._app.delivery.begin(tp, generation),
            LostRecords(ROLE, tp, committed.offset),
        )
        self._owned = {held: kept for held, kept in self._owned.items() if kept.ledger.generation == generation} | {
            tp: owned
        }
        log.info("partition %d of %s: reading on from offset %d", tp.partition, tp.topic, max(committed.offset, 0))
        return owned

    async def _deliver(self, ledger: Ledger, entry: Entry, messages: list[Message]) -> None:
        if not messages:
            ledger.close(entry)
            return
        await self._room.acquire()
        task = asyncio.create_task(self._deliver_and_close(ledger, entry, messages))
        self._deliveries.add(task)
        task.add_done_callback(self._deliveries.discard)

    async def _deliver_and_close(self, ledger: Ledger, entry: Entry, messages: list[Message]) -> None:
        try:
            await self._outbox.deliver(messages)
            ledger.close(entry)
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
                if outcome.messages:
                    await self._deliver(owned.ledger, owned.ledger.open(outcome.position), outcome.messages)


def detect_app(settings: Settings) -> RoleApp:
    """The Faust app of `detect`."""
    app = build_app(ROLE, settings)
    detect = Detect(app, settings)
    topic = batches(app, f"{settings.topic_prefix}.{DeviceEvent.topic_suffix}")

    @app.agent(topic, name=ROLE)  # type: ignore[untyped-decorator]
    async def on_turn_events(stream: Any) -> None:
        async for event in stream.noack().events():
            try:
                await detect.on_batch(event.message.tp, event.message.generation_id, event.message.value)
            except Exception as exc:
                await app.fail(exc)
                raise

    @app.timer(IDLE_CHECK_S)  # type: ignore[untyped-decorator]
    async def close_idle() -> None:
        await detect.close_idle()
        await detect.report()

    app.role = detect
    return app

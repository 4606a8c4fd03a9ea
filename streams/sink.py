"""The role `sink`: every topic into the store, exactly once in effect, in raw rows and in rollups.

A batch is decoded on the event loop and written by a thread of its own; rollups of the touched minutes are refreshed by
another. An offset may be committed when its rows are stored and the minutes they touch are refreshed, so a start never
has to ask which minutes are stale: it reads again, skips the rows that landed and refreshes their minutes.
"""

import asyncio
import logging
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from faust.types import TP

from infra import telemetry
from infra.clickhouse.alarms import AlarmReader
from infra.clickhouse.erasure import Erasures
from infra.clickhouse.forgotten import ForgottenPeople, person_of
from infra.clickhouse.migrate import migrate
from infra.clickhouse.prepared import CHUNK, Prepared
from infra.clickhouse.record import Record as Row
from infra.clickhouse.retry import Retry
from infra.clickhouse.store import RowsRefused, Store, StoreUnavailable, open_store
from infra.clickhouse.tables import TARGETS
from infra.clickhouse.writer import Writer, Written
from infra.settings import Settings
from schemas.dead_letter import DeadLetter, DeadLetterCause
from streams.alarms import AlarmWatch
from streams.application import Role, RoleApp, build_app
from streams.dead_letter_message import dead_letter_message
from streams.decoding import Undecodable
from streams.delivery import Committed, Entry, Ledger, Message
from streams.feeding import feed
from streams.lost_records import LostRecords
from streams.outbox import Outbox
from streams.sink_decoding import ROLE, TOPIC_SUFFIXES, RowDecoder

log = logging.getLogger(__name__)

DRAIN_S = 10.0
SHORTEST_REFRESH_PAUSE_S = 0.2
REFRESH_SHARE = 0.5
"""Rollups are refreshed at most this share of the time: under load they wait and take more minutes at once."""


OTHERS_SETTLE_S = 1.0
"""Longer than another worker takes to write down a minute that it has begun to compute."""


@dataclass(slots=True)
class _Gathered:
    """Rows that wait to be written, with what is to be closed afterwards and the records they came from."""

    rows: list[Row] = field(default_factory=list)
    prepared: Prepared = field(default_factory=Prepared)
    entries: list[tuple[Ledger, Entry]] = field(default_factory=list)
    letters: list[Message] = field(default_factory=list)
    raw: list[tuple[str, int, list[Any]]] = field(default_factory=list)
    since: float = 0.0
    forgotten_rows: int | None = None
    """how many were known to be forgotten when the first rows came"""

    @property
    def records(self) -> int:
        return len(self.rows) + self.prepared.records

    def take(self, rows: list[Row], keep: bool) -> None:
        """Turn rows into columns. `keep`: not yet, some of them may be stored already."""
        if not keep:
            try:
                self.prepared.add(rows)
                return
            except (ValueError, OverflowError):  # a value that no column can hold: the writer finds out whose it is
                pass
        self.rows += rows

    def decode_again(self, decoder: RowDecoder, forgotten: ForgottenPeople) -> None:
        """Make rows of everything."""
        self.rows, self.prepared = [], Prepared()
        for suffix, partition, records in self.raw:
            for record in records:
                with suppress(Undecodable):  # it was counted the first time
                    self.rows += forgotten.kept([decoder.row(suffix, partition, record)])

    def users(self) -> set[str]:
        """Everybody whom a row is about."""
        return self.prepared.users() | {user for row in self.rows if (user := person_of(row)) is not None}

    def raw_record(self, suffix: str, partition: int, offset: int) -> Any:
        """The record that a row came from."""
        return next(
            record
            for of_suffix, of_partition, records in self.raw
            if (of_suffix, of_partition) == (suffix, partition)
            for record in records
            if record.offset == offset
        )


class Sink(Role):
    """Gathers rows of all owned partitions, writes them together, refreshes rollups, then lets offsets be committed."""

    def __init__(self, app: RoleApp, settings: Settings, store: Store | None = None) -> None:
        self._app = app
        self._settings = settings
        self._stopping = threading.Event()
        self._store = store if store is not None else open_store(settings)
        self._writer = Writer(self._store, stop=self._stopping, on_retry=self._on_retry)
        self._refresher = Writer(
            self._store if settings.store == "embedded" else open_store(settings),
            stop=self._stopping,
            on_retry=self._on_retry,
            settle_s=0.0 if settings.store == "embedded" else OTHERS_SETTLE_S,
        )
        self._forgotten = ForgottenPeople(self._store)
        self._outbox = Outbox(settings)
        self._decoder = RowDecoder(settings)
        self._ledgers: dict[TP, Ledger] = {}
        self._lost: dict[TP, LostRecords] = {}
        self._gathered = _Gathered()
        self._room = asyncio.Event()
        self._room.set()
        self._wake = asyncio.Event()
        self._stale: defaultdict[str, set[int]] = defaultdict(set)
        self._erasures = Erasures()
        self._written: list[tuple[Ledger, Entry]] = []
        self._threads = tuple(ThreadPoolExecutor(1, name) for name in ("write", "refresh", "watch"))
        self._watch = AlarmWatch(
            settings, AlarmReader(self._store), lambda: app.batch_consumer, self._outbox.deliver, self._threads[2]
        )
        self._tasks: list[asyncio.Task[None]] = []
        self._busy = 0

    @property
    def _work(self) -> tuple[Callable[[], Coroutine[Any, Any, None]], ...]:
        return self._write, self._refresh, self._watch.run

    @property
    def store(self) -> Store:
        return self._store

    async def start(self) -> None:
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._threads[0], self._migrate)
        await self._outbox.start()
        self._tasks = [asyncio.create_task(self._guarded(work)) for work in self._work]

    def _migrate(self) -> None:
        pause = 0.2
        while True:
            try:
                migrate(self._store, self._settings)
                self._forgotten.learn()
                return
            except StoreUnavailable as exc:
                if self._stopping.wait(pause):
                    raise
                log.warning("the store does not answer yet, trying again in %.1f s: %s", pause, exc)
                pause = min(pause * 2, 10.0)

    async def drain(self) -> None:
        self._wake.set()
        deadline = time.monotonic() + DRAIN_S
        while (self._gathered.entries or self._written or self._busy) and time.monotonic() < deadline:
            await asyncio.sleep(0.02)

    async def stop(self) -> None:
        self._stopping.set()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for thread in self._threads:
            thread.shutdown(wait=True, cancel_futures=True)
        await self._outbox.stop()
        self._store.close()

    async def on_batch(self, tp: TP, generation: int, records: list[Any]) -> None:
        """Decode a batch and gather its rows; waits while as many rows as may be held are not yet written."""
        ledger = self._ledgers.get(tp)
        if ledger is None or ledger.generation != generation:
            ledger = await self._take_over(tp, generation)
        self._lost[tp].look_at(records)
        await self._room.wait()
        started = time.perf_counter()
        suffix = tp.topic.removeprefix(f"{self._settings.topic_prefix}.")
        gathered = self._gathered
        gathered.since = gathered.since or time.monotonic()
        unreadable: list[tuple[Any, Undecodable]] = []
        if gathered.forgotten_rows is None:
            gathered.forgotten_rows = self._forgotten.rows
        keep_rows = self._writer.may_have_landed(suffix, tp.partition)
        for start in range(0, len(records), CHUNK):
            rows, bad_ones = self._decoder.rows(suffix, tp.partition, records[start : start + CHUNK])
            unreadable += bad_ones
            gathered.take(self._forgotten.kept(rows), keep_rows)
        gathered.letters += [
            dead_letter_message(
                self._settings.topic_prefix, ROLE, tp.topic, tp.partition, record, bad.cause, bad.reason
            )
            for record, bad in unreadable
        ]
        gathered.raw.append((suffix, tp.partition, records))
        gathered.entries.append((ledger, ledger.open(Committed(records[-1].offset + 1))))
        telemetry.BATCH_SECONDS.labels(ROLE).observe(time.perf_counter() - started)
        telemetry.RECORDS.labels(ROLE, tp.topic, tp.partition).inc(len(records))
        if gathered.records >= self._settings.sink_flush_rows:
            self._room.clear()
        self._wake.set()

    async def _take_over(self, tp: TP, generation: int) -> Ledger:
        committed = await self._app.batch_consumer.committed(tp)
        ledger = self._ledgers[tp] = self._app.delivery.begin(tp, generation)
        self._lost[tp] = LostRecords(ROLE, tp, committed.offset)
        suffix = tp.topic.removeprefix(f"{self._settings.topic_prefix}.")
        loop = asyncio.get_running_loop()
        landed = await loop.run_in_executor(
            self._threads[0], self._writer.resume, suffix, tp.partition, max(committed.offset, 0)
        )
        if landed:
            log.info(
                "%s partition %d: %d records after the committed offset are already stored",
                tp.topic,
                tp.partition,
                landed,
            )
        return ledger

    async def _write(self) -> None:
        """Write what is gathered, at the latest `sink_flush_ms` after its first row."""
        loop = asyncio.get_running_loop()
        longest = self._settings.sink_flush_ms / 1000
        while True:
            await self._wake.wait()
            self._wake.clear()
            if not self._gathered.entries:
                continue
            if self._room.is_set():
                await asyncio.sleep(max(0.0, min(longest, longest - (time.monotonic() - self._gathered.since))))
            gathered, self._gathered = self._gathered, _Gathered()
            self._room.set()
            self._busy += 1
            try:
                started = time.perf_counter()
                written = await loop.run_in_executor(self._threads[0], self._store_all, gathered)
                telemetry.WRITE_SECONDS.observe(time.perf_counter() - started)
                await self._outbox.deliver(gathered.letters + self._letters(gathered, written))
                for table, count in written.rows.items():
                    telemetry.ROWS.labels(table).inc(count)
                for table, minutes in written.minutes.items():
                    self._stale[table] |= minutes
                self._erasures.add(written.erasures)
                self._written += gathered.entries
            finally:
                self._busy -= 1

    def _store_all(self, gathered: _Gathered) -> Written:
        """Write what is gathered; where a row is refused, record by record, to find it."""
        try:
            written = self._writer.put(gathered.prepared)
        except RowsRefused:
            gathered.decode_again(RowDecoder(self._settings), self._forgotten)
            written = self._writer.write(gathered.rows)
        else:
            if gathered.rows:
                written.add(self._writer.write(gathered.rows))
        # Asked after the rows are there: whoever is added later finds them, whoever was added meanwhile is found here.
        self._writer.learn(self._forgotten)
        if gathered.forgotten_rows != self._forgotten.rows:
            written.erasures.forget(self._forgotten.among(gathered.users()))
        return written

    def _letters(self, gathered: _Gathered, written: Written) -> list[Message]:
        """Dead letters for rows that the store refuses. A dead letter that it refuses stays on its topic only."""
        letters: list[Message] = []
        for refused in written.refused:
            row = refused.record
            suffix = TARGETS[type(row.event)].topic_suffix
            if suffix == DeadLetter.topic_suffix:
                log.error("the store refuses a dead letter; it is only on its topic: %s", refused.reason)
                telemetry.DROPPED.labels(ROLE, "dead letter refused by the store").inc()
                continue
            topic = f"{self._settings.topic_prefix}.{suffix}"
            record = gathered.raw_record(suffix, row.partition, row.offset)
            letters.append(
                dead_letter_message(
                    self._settings.topic_prefix, ROLE, topic, row.partition, record,
                    DeadLetterCause.REFUSED_BY_STORE, refused.reason,
                )
            )  # fmt: skip
            telemetry.DEAD_LETTERS.labels(ROLE, DeadLetterCause.REFUSED_BY_STORE).inc()
        return letters

    async def _refresh(self) -> None:
        """Erase what is to be forgotten and refresh the minutes that writes have touched, then close the entries of
        those writes."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(SHORTEST_REFRESH_PAUSE_S)
            if not self._written:
                continue
            stale, self._stale = self._stale, defaultdict(set)
            erasures, self._erasures = self._erasures, Erasures()
            entries, self._written = self._written, []
            self._busy += 1
            try:
                started = time.perf_counter()
                await loop.run_in_executor(self._threads[1], self._bring_up_to_date, erasures, stale)
                took = time.perf_counter() - started
            finally:
                self._busy -= 1
            telemetry.ROLLUP_SECONDS.observe(took)
            for ledger, entry in entries:
                ledger.close(entry)
            telemetry.IN_FLIGHT.labels(ROLE).set(self._app.delivery.in_flight)
            await asyncio.sleep(took * (1 / REFRESH_SHARE - 1))

    def _bring_up_to_date(self, erasures: Erasures, stale: dict[str, set[int]]) -> None:
        self._refresher.erase(erasures)
        self._refresher.refresh(stale)

    async def _guarded(self, work: Any) -> None:
        """A fault of a background task ends the worker: going on would commit past what was not stored."""
        try:
            await work()
        except Exception as exc:  # noqa: BLE001 - handed on as the reason why the worker ends
            if not self._stopping.is_set():
                await self._app.fail(exc)

    def _on_retry(self, retry: Retry) -> None:
        telemetry.STORE_RETRIES.inc()
        log.warning(
            "the store does not answer, trying again in %.1f s (attempt %d): %s",
            retry.wait_s,
            retry.attempt,
            retry.error,
        )


def sink_app(settings: Settings) -> RoleApp:
    """The Faust app of `sink`; with the embedded store it serves the live page as well: one process owns the store."""
    app = build_app(ROLE, settings)
    sink = Sink(app, settings)
    feed(app, sink, ROLE, *(f"{settings.topic_prefix}.{suffix}" for suffix in TOPIC_SUFFIXES))

    if settings.store == "embedded":

        @app.task  # type: ignore[untyped-decorator]
        async def live_page() -> None:
            await _serve_page(sink, settings)

    app.role = sink
    return app


async def _serve_page(sink: Sink, settings: Settings) -> None:
    from infra.page.app import create_app
    from infra.page.serve import serve_page
    from streams.pulse import KafkaPulse

    pulse = KafkaPulse(settings)
    try:
        page = create_app(sink.store, settings, pulse)
        log.info("the live page: http://%s:%d", settings.page_host, settings.page_port)
        await serve_page(page, settings.page_host, settings.page_port)
    finally:
        pulse.close()

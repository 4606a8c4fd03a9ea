"""One poller for everybody who looks: it asks the store once a second and hands the same answer to all."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

from infra.page import metrics
from infra.page.figures import Freshness, Mark, Series, Tables, Totals
from infra.page.health import Health
from infra.page.lag import Lag, LagWatch
from infra.page.pulse import Pulse
from infra.page.queries import Dashboard
from infra.page.reader import Reader, StoreAway
from infra.page.view import View
from infra.page.window import Extent, Window, resolve

TICK_S = 1.0
_FRESHNESS_EVERY_S = 3.0
_TABLES_FOR_S = 2.0
_FORGET_AFTER_S = 60.0
_MOST_VIEWS = 256


@dataclass(frozen=True, slots=True)
class Figures:
    """What one view shows above its tables, and the mark it was computed at."""

    view: View
    window: Window
    extent: Extent | None
    totals: Totals
    series: Series
    mark: Mark


@dataclass(slots=True)
class _Shared:
    """One view's figures, shared by all who look at it."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    figures: Figures | None = None
    tables: Tables | None = None
    tables_mark: Mark | None = None
    tables_window: Window | None = None
    tables_at: float = 0.0
    asked_at: float = 0.0
    watchers: int = 0


class Live:
    """Figures of views, kept current while somebody watches. All methods belong to one event loop."""

    def __init__(self, dashboard: Dashboard, reader: Reader, pulse: Pulse | None) -> None:
        self._dashboard = dashboard
        self._reader = reader
        self._lag = LagWatch(pulse) if pulse else None
        self._views: dict[View, _Shared] = {}
        self._mark: Mark | None = None
        self._mark_at = 0.0
        self._marking = asyncio.Lock()
        self._ticked = asyncio.Event()
        self._someone = asyncio.Event()
        self._watchers = 0
        self._poller: asyncio.Task[None] | None = None
        self._freshness_at = 0.0
        self._freshness = Freshness()
        self.health = Health()
        self.ended = False

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Polls while the block runs."""
        self._poller = asyncio.create_task(self._poll(), name="page-poller")
        if self._lag:
            self._lag.start()
        try:
            yield
        finally:
            if self._lag:
                self._lag.end()
            self._poller.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._poller

    @property
    def alive(self) -> bool:
        """Whether the poller runs."""
        return self._poller is not None and not self._poller.done()

    @property
    def mark(self) -> Mark:
        """What the store held when it was asked last."""
        return self._mark or Mark()

    @contextmanager
    def watching(self, view: View | None) -> Iterator[None]:
        """Keeps a view (None: only the health) current while the block runs."""
        shared = self._shared(view) if view else None
        self._watchers += 1
        self._someone.set()
        if shared:
            shared.watchers += 1
        metrics.CLIENTS.inc()
        try:
            yield
        finally:
            metrics.CLIENTS.dec()
            self._watchers -= 1
            if shared:
                shared.watchers -= 1
            if not self._watchers:
                self._someone.clear()

    def end(self) -> None:
        """Streams are to end now, because the server does."""
        self.ended = True
        self._ticked.set()

    async def next_tick(self) -> None:
        """Returns when the poller has been round once more."""
        await self._ticked.wait()

    async def figures(self, view: View) -> Figures:
        """Totals and series of a view, at most a second old. Raises StoreAway."""
        mark = await self._current_mark()
        shared = self._shared(view)
        async with shared.lock:
            window = resolve(view.range, mark.extent, datetime.now(UTC))
            held = shared.figures
            if held is None or held.mark != mark or held.window != window:
                totals, series = await self._reader.ask(self._dashboard.totals_and_series, window, view.chosen)
                held = shared.figures = Figures(view, window, mark.extent, totals, series, mark)
            return held

    async def window(self, view: View) -> Window:
        """The window of a view as the data lies now. Raises StoreAway."""
        return resolve(view.range, (await self._current_mark()).extent, datetime.now(UTC))

    def held(self, view: View) -> Figures | None:
        """What `figures` found last, without asking."""
        shared = self._views.get(view)
        return shared.figures if shared else None

    async def tables(self, view: View, window: Window, *, current: bool = False) -> Tables:
        """Breakdowns, requests and dead letters; shared between all who ask within two seconds. Raises StoreAway.

        `current`: who asks knows of the last mark and will not ask again for it, so what is older is not given; rather
        they wait until the two seconds are over.
        """
        shared = self._shared(view)
        if current and shared.tables_mark != self.mark:
            await asyncio.sleep(max(0.0, shared.tables_at + _TABLES_FOR_S - time.monotonic()))
        async with shared.lock:
            current = shared.tables_mark == self.mark and shared.tables_window == window
            if shared.tables is None or not (current or time.monotonic() - shared.tables_at < _TABLES_FOR_S):
                mark, began = self.mark, time.monotonic()
                shared.tables = await self._reader.ask(self._dashboard.tables, window, view.chosen)
                # Since when, not until when: who asks again after that long must not get what was read before.
                shared.tables_mark, shared.tables_window, shared.tables_at = mark, window, began
            return shared.tables

    def mark_of_tables(self, view: View) -> Mark:
        """The mark at which the tables that `tables` gave last were computed: they may be older than the figures."""
        shared = self._views.get(view)
        return (shared.tables_mark if shared else None) or self.mark

    async def refresh_health(self) -> Health:
        """Asks for freshness, if the last answer is old, and takes the latest lag; either may be not known."""
        if time.monotonic() - self._freshness_at >= _FRESHNESS_EVERY_S:
            self._freshness_at = time.monotonic()
            try:
                self._freshness = await self._reader.ask(self._dashboard.freshness, self.mark.extent)
            except StoreAway:
                self._freshness = Freshness()
        lag = self._lag.latest if self._lag else Lag()
        self.health = Health(self._freshness, lag.partitions, lag.behind_s, lag.reason)
        return self.health

    async def _current_mark(self) -> Mark:
        async with self._marking:
            if self._mark is None or time.monotonic() - self._mark_at >= TICK_S / 2:
                self._mark = await self._reader.ask(self._dashboard.mark)
                self._mark_at = time.monotonic()
            return self._mark

    def _shared(self, view: View) -> _Shared:
        now = time.monotonic()
        if view not in self._views:
            self._forget(now)
        shared = self._views.setdefault(view, _Shared())
        shared.asked_at = now
        metrics.VIEWS.set(len(self._views))
        return shared

    def _forget(self, now: float) -> None:
        idle = sorted((s.asked_at, i) for i, s in enumerate(self._views.values()) if not s.watchers)
        surplus = len(self._views) - _MOST_VIEWS + 1
        names = list(self._views)
        for rank, (asked_at, i) in enumerate(idle):
            if rank < surplus or now - asked_at > _FORGET_AFTER_S:
                del self._views[names[i]]

    async def _poll(self) -> None:
        while True:
            await self._someone.wait()
            started = time.monotonic()
            with metrics.TICK_SECONDS.time():
                await self._bring_up_to_date()
            ticked, self._ticked = self._ticked, asyncio.Event()
            ticked.set()
            took = time.monotonic() - started
            await asyncio.sleep(max(TICK_S - took, took))  # a slow store is not asked more than half of the time

    async def _bring_up_to_date(self) -> None:
        with contextlib.suppress(StoreAway):  # the reader's state says so to all who watch
            await self._current_mark()
            for view in [view for view, shared in self._views.items() if shared.watchers]:
                await self.figures(view)
        await self.refresh_health()

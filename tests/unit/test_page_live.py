"""One poller for all who look."""

import asyncio
import threading
from collections.abc import Mapping
from datetime import UTC, datetime

import pytest

from infra.clickhouse.store import StoreUnavailable
from infra.page import live as live_module
from infra.page.figures import Counts, Freshness, Mark, Series, Tables, Totals
from infra.page.live import Live
from infra.page.pulse import PartitionLag, PulseUnavailable
from infra.page.queries import Dashboard
from infra.page.reader import Reader, StoreAway
from infra.page.view import Facet, View
from infra.page.window import Extent, Range, Window


class Counting(Dashboard):
    """Answers from memory and counts the questions."""

    def __init__(self) -> None:
        self.asked: dict[str, int] = {}
        self.version = 1
        self.away = False
        self._lock = threading.Lock()

    def _note(self, name: str) -> None:
        with self._lock:
            self.asked[name] = self.asked.get(name, 0) + 1
        if self.away:
            raise StoreUnavailable("nobody is at home")

    def mark(self) -> Mark:
        self._note("mark")
        now = int(datetime.now(UTC).timestamp())
        return Mark((self.version,), Extent(now - now % 60, now - now % 60))

    def totals_and_series(self, window: Window, facets: Mapping[Facet, str]) -> tuple[Totals, Series]:
        self._note("totals")
        return Totals(Counts(self.version), None), Series(60, {})

    def tables(self, window: Window, facets: Mapping[Facet, str]) -> Tables:
        self._note("tables")
        return Tables((), (), True, ())

    def freshness(self, extent: Extent | None) -> Freshness:
        self._note("freshness")
        return Freshness()


@pytest.fixture
def dashboard(monkeypatch: pytest.MonkeyPatch) -> Counting:
    monkeypatch.setattr(live_module, "TICK_S", 0.05)
    return Counting()


async def test_many_who_look_at_one_view_cost_one_question(dashboard: Counting) -> None:
    live = Live(dashboard, Reader(), None)
    found = await asyncio.gather(*(live.figures(View()) for _ in range(50)))
    assert {one.totals.now.turns for one in found} == {1}
    await asyncio.gather(*(live.tables(View(), found[0].window) for _ in range(50)))
    assert dashboard.asked == {"mark": 1, "totals": 1, "tables": 1}


async def test_while_nothing_changes_only_the_mark_is_asked_for(dashboard: Counting) -> None:
    live = Live(dashboard, Reader(), None)
    async with live.running(), asyncio.timeout(5):
        with live.watching(View()), live.watching(View()), live.watching(None):
            for _ in range(4):
                await live.next_tick()
    assert dashboard.asked["mark"] >= 3
    assert dashboard.asked["totals"] <= 2  # the minute may turn once


async def test_a_change_reaches_every_view_that_is_watched(dashboard: Counting) -> None:
    live, day = Live(dashboard, Reader(), None), View().during(Range.DAY)
    async with live.running(), asyncio.timeout(5):
        with live.watching(View()), live.watching(day):
            await live.next_tick()
            dashboard.version = 2
            while {held.totals.now.turns if (held := live.held(v)) else 0 for v in (View(), day)} != {2}:
                await live.next_tick()


async def test_nobody_looking_costs_nothing(dashboard: Counting) -> None:
    live = Live(dashboard, Reader(), None)
    async with live.running():
        with live.watching(None):
            await live.next_tick()
        await asyncio.sleep(0)
        asked = dict(dashboard.asked)
        await asyncio.wait({asyncio.create_task(live.next_tick())}, timeout=0.3)
    assert dashboard.asked["mark"] <= asked["mark"] + 1


async def test_tables_that_took_long_are_as_old_as_their_question_not_as_their_answer(
    dashboard: Counting, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [100.0]
    monkeypatch.setattr(live_module.time, "monotonic", lambda: clock[0])
    live = Live(dashboard, Reader(), None)
    window = await live.window(View())
    answer = dashboard.tables

    def slow(asked: Window, facets: Mapping[Facet, str]) -> Tables:
        clock[0] += 5.0
        return answer(asked, facets)

    monkeypatch.setattr(dashboard, "tables", slow)
    await live.tables(View(), window)
    dashboard.version = 2
    await live.window(View())  # somebody looked: the mark is a new one
    await live.tables(View(), window)
    assert dashboard.asked["tables"] == 2


async def test_who_asks_for_current_tables_gets_none_that_are_older_than_the_mark_and_many_cost_one_question(
    dashboard: Counting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_module, "_TABLES_FOR_S", 0.2)
    live = Live(dashboard, Reader(), None)
    window = await live.window(View())
    await live.tables(View(), window)
    dashboard.version = 2
    await asyncio.sleep(live_module.TICK_S)
    await live.window(View())  # the mark is a new one
    await live.tables(View(), window)
    assert dashboard.asked["tables"] == 1  # a page may show what is two seconds old, and says so
    await asyncio.gather(*(live.tables(View(), window, current=True) for _ in range(20)))
    assert dashboard.asked["tables"] == 2
    assert live.mark_of_tables(View()) == live.mark


async def test_a_store_that_is_away_is_remembered_until_it_answers(dashboard: Counting) -> None:
    reader = Reader()
    live = Live(dashboard, reader, None)
    dashboard.away = True
    with pytest.raises(StoreAway, match="nobody is at home"):
        await live.figures(View())
    assert not reader.state.ok
    dashboard.away = False
    await live.figures(View())
    assert reader.state.ok


async def test_the_poller_outlives_a_store_that_is_away(dashboard: Counting) -> None:
    reader = Reader()
    live = Live(dashboard, reader, None)
    dashboard.away = True
    async with live.running(), asyncio.timeout(5):
        with live.watching(View()):
            while reader.state.ok:
                await live.next_tick()
            dashboard.away = False
            while not reader.state.ok:
                await live.next_tick()
        assert live.alive


async def test_views_that_nobody_watches_are_forgotten(dashboard: Counting, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_module, "_MOST_VIEWS", 3)
    live = Live(dashboard, Reader(), None)
    watched = View().narrowed(Facet.DOMAIN, "music")
    with live.watching(watched):
        await live.figures(watched)
        for n in range(10):
            await live.figures(View().narrowed(Facet.INTENT, str(n)))
        held = [n for n in range(10) if live.held(View().narrowed(Facet.INTENT, str(n)))]
        assert held == [8, 9]
        assert live.held(watched)


class Brokers:
    """A pulse that may be lost, or hang."""

    def __init__(self, *, gone: bool = False, hang: bool = False) -> None:
        self._gone = gone
        self.answering = threading.Event()
        if not hang:
            self.answering.set()

    def lag(self) -> list[PartitionLag]:
        self.answering.wait(10)
        if self._gone:
            raise PulseUnavailable("no broker answers")
        return [PartitionLag("sink", "t", 0, 5, 7, 2), PartitionLag("detect", "t", 0, 7, 7, 0)]

    def behind_s(self) -> float | None:
        return 0.4


@pytest.mark.parametrize(
    ("brokers", "label"),
    [
        (Brokers(), "detect 0 records · sink 2 records"),
        (Brokers(gone=True), "not known: no broker answers"),
    ],
)
async def test_lag_is_summed_by_role_or_not_known(dashboard: Counting, brokers: Brokers, label: str) -> None:
    live = Live(dashboard, Reader(), brokers)
    async with live.running(), asyncio.timeout(5):
        with live.watching(None):
            while live.health.lag_label != label:
                await live.next_tick()


async def test_brokers_that_hang_hold_up_nothing(dashboard: Counting) -> None:
    brokers = Brokers(hang=True)
    live = Live(dashboard, Reader(), brokers)
    async with live.running(), asyncio.timeout(2):
        with live.watching(View()):
            for _ in range(3):
                await live.next_tick()
    assert live.held(View())
    assert live.health.lag_label == "not known"
    brokers.answering.set()

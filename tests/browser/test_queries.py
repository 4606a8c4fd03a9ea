"""The page's queries on both engines: a ClickHouse server and chDB."""

from datetime import UTC, datetime, timedelta

import pytest

from infra.clickhouse.store import Store
from infra.page.figures import Counts
from infra.page.queries import Dashboard
from infra.page.view import UNKNOWN, Facet, Listing, Signal, View
from infra.page.window import Extent, Range, TimeRange, Window, resolve
from schemas.dead_letter import DeadLetterCause
from tests.browser.scenes import Stage, content, dead_letter, frustrated, scene, signal, turn

pytestmark = pytest.mark.clickhouse

NOON = datetime(2025, 3, 1, 12, 0, tzinfo=UTC)
HOUR = Window(int(NOON.timestamp()), int(NOON.timestamp()) + 3600, 60)
NOTHING = Counts()


def at(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


@pytest.fixture
def dashboard(store: Store) -> Dashboard:
    return Dashboard(store)


@pytest.fixture
def stage(store: Store) -> Stage:
    return Stage(store)


def test_an_empty_store_has_no_extent_and_zero_everywhere(dashboard: Dashboard) -> None:
    assert dashboard.mark().extent is None
    totals, series = dashboard.totals_and_series(HOUR, {})
    assert totals.now == NOTHING
    assert totals.before == NOTHING
    assert not series.rows
    tables = dashboard.tables(HOUR, {})
    assert all(not breakdown.rows for breakdown in tables.breakdowns)
    assert not tables.requests
    assert dashboard.freshness(None).p50_s is None
    assert dashboard.dialogue("nobody") is None
    assert dashboard.dialogues(Listing(), HOUR) == []
    assert dashboard.dead_letters(None, 0) == []


def test_counts_fall_into_their_minute_and_into_the_time_before(dashboard: Dashboard, stage: Stage) -> None:
    stage.store(frustrated("a", at(5)).events + content("b", at(5)).events + content("c", at(-10)).events)
    totals, series = dashboard.totals_and_series(HOUR, {})
    assert totals.now == Counts(turns=3, barge_ins=1, repeats=1, defects=1)
    assert totals.before == Counts(turns=1)
    assert series.rows == {int(at(5).timestamp()): totals.now}


def test_writing_again_and_taking_back_changes_what_is_counted_and_the_mark(dashboard: Dashboard, stage: Stage) -> None:
    told = frustrated("a", at(5))
    stage.store(told.events)
    first = dashboard.mark()
    stage.store([signal.model_copy(update={"retracted": True, "revision": 9}) for signal in told.feedback])
    assert dashboard.mark() != first
    totals, _ = dashboard.totals_and_series(HOUR, {})
    assert (totals.now.barge_ins, totals.now.repeats) == (0, 0)
    assert dashboard.dialogues(Listing(signal=Signal.BARGE_IN), HOUR) == []


def test_the_mark_stays_when_nothing_happens(dashboard: Dashboard, stage: Stage) -> None:
    stage.store(content("a", at(5)).events)
    assert dashboard.mark() == dashboard.mark()
    assert dashboard.mark().extent == Extent(int(at(5).timestamp()), int(at(5).timestamp()))


def test_breakdowns_count_every_facet_and_filters_narrow_them(dashboard: Dashboard, stage: Stage) -> None:
    stage.store(frustrated("a", at(5)).events + content("b", at(6), device=1, version=1).events)
    everything = {b.facet: {row.value: row.counts for row in b.rows} for b in dashboard.tables(HOUR, {}).breakdowns}
    assert everything[Facet.DOMAIN]["smart-home"] == Counts(turns=2, barge_ins=1, repeats=1, defects=1)
    assert everything[Facet.DEVICE]["display"].turns == 1
    assert everything[Facet.VERSION]["asr=4.3 nlu=17"].turns == 1
    narrowed = {b.facet: b.rows for b in dashboard.tables(HOUR, {Facet.DOMAIN: "weather"}).breakdowns}
    assert [(row.value, row.counts.turns) for row in narrowed[Facet.INTENT]] == [("GetForecast", 1)]
    assert dashboard.totals_and_series(HOUR, {Facet.LOCALE: "en-US"})[0].now.turns == 3


def test_a_facet_that_is_not_known_can_be_chosen(dashboard: Dashboard, stage: Stage) -> None:
    stage.store([turn("a/1", at(5)).model_copy(update={"nlu": None})])
    assert dashboard.totals_and_series(HOUR, {Facet.DOMAIN: UNKNOWN})[0].now.turns == 1


def test_requests_rank_by_what_is_sure(dashboard: Dashboard, stage: Stage) -> None:
    once = turn("once/1", at(3), "sing")
    stage.store([event for n in range(10) for event in frustrated(f"often{n}", at(4), "lights").events])
    stage.store(scene([once], [signal("stop", once, None)]).events + content("fine", at(5)).events)
    rows = dashboard.tables(HOUR, {}).requests
    assert [(row.request, row.share.hits, row.share.total) for row in rows] == [("lights", 10, 20), ("sing", 1, 1)]


def test_a_listing_tells_each_dialogue_once_latest_first(dashboard: Dashboard, stage: Stage) -> None:
    stage.store(frustrated("a", at(5)).events + content("b", at(9)).events)
    rows = dashboard.dialogues(Listing(), HOUR)
    assert [(row.dialogue_id, row.turns, row.defects) for row in rows] == [("b", 1, 0), ("a", 2, 1)]
    assert rows[1].first_request == "turn on the den lights"
    assert rows[1].signals == {"barge-in": 1, "repeat": 1}
    assert rows[1].started_at == int(at(5).timestamp())


@pytest.mark.parametrize(
    ("listing", "found"),
    [
        (Listing(signal=Signal.DEFECT), ["a"]),
        (Listing(signal=Signal.DEFECT, request="turn on the den lights"), ["a"]),
        (Listing(signal=Signal.DEFECT, request="sing"), []),
        (Listing(signal=Signal.REPEAT), ["a"]),
        (Listing(signal=Signal.REPHRASE), []),
        (Listing(request="what's the weather tomorrow"), ["b"]),
        (Listing(View(facets=((Facet.DEVICE, "display"),))), ["b"]),
    ],
)
def test_a_listing_narrows_down(dashboard: Dashboard, stage: Stage, listing: Listing, found: list[str]) -> None:
    stage.store(frustrated("a", at(5)).events + content("b", at(9), device=1).events)
    assert [row.dialogue_id for row in dashboard.dialogues(listing, HOUR)] == found


def test_a_dialogue_is_told_turn_by_turn_in_order(dashboard: Dashboard, stage: Stage) -> None:
    told = frustrated("a", at(5))
    stage.store(list(reversed(told.events)))
    story = dashboard.dialogue("a")
    assert story
    assert [t.turn_id for t in story.turns] == ["turn-a/1", "turn-a/2"]
    first = story.turns[0]
    assert first.occurred_ms == int(at(5).timestamp() * 1000)
    assert first.asr_n_best == ["turn on the den lights", "turn on the den lights please"]
    assert first.versions == [("asr", "4.2"), ("nlu", "17")]
    assert {signal.type for signal in first.signals} == {"barge-in", "repeat"}
    assert first.signals[0].by_turn_id == "turn-a/2"
    assert first.verdict
    assert first.verdict.defect
    assert story.closed
    assert story.satisfaction == 0.5


def test_a_dialogue_whose_labels_are_not_there_yet_is_told_all_the_same(dashboard: Dashboard, stage: Stage) -> None:
    stage.store([turn("a/1", at(5))])
    story = dashboard.dialogue("a")
    assert story
    assert not story.closed
    assert story.turns[0].verdict is None


def test_the_latest_revision_of_a_dialogue_counts(dashboard: Dashboard, stage: Stage) -> None:
    one = turn("a/1", at(5))
    stage.store(scene([one], [signal("stop", one, None)], revision=3).events)
    stage.store([scene([one], [], revision=5).dialogue])
    story = dashboard.dialogue("a")
    assert story
    assert story.satisfaction == 1.0
    assert story.turns[0].verdict
    assert not story.turns[0].verdict.defect
    assert dashboard.totals_and_series(HOUR, {})[0].now.defects == 0


def test_freshness_is_from_the_log_to_the_row(dashboard: Dashboard, stage: Stage) -> None:
    stage.store(content("a", at(5)).events, delay=timedelta(seconds=20))
    fresh = dashboard.freshness(dashboard.mark().extent)
    assert fresh.rows == 1
    assert fresh.p50_s is not None
    assert 18 < fresh.p50_s < 30


def test_dead_letters_are_counted_by_cause_and_listed(dashboard: Dashboard, stage: Stage) -> None:
    letters = [
        dead_letter(1, at(1), DeadLetterCause.INVALID_JSON, "EOF at column 27"),
        dead_letter(2, at(2), DeadLetterCause.INVALID_JSON, "EOF at column 9"),
        dead_letter(3, at(3), DeadLetterCause.NULL_KEY, "no key"),
    ]
    stage.store([*letters, letters[0]])
    causes = dashboard.tables(HOUR, {}).dead_letters
    assert [(row.cause, row.count) for row in causes] == [("invalid-json", 2), ("null-key", 1)]
    assert [row.reason for row in dashboard.dead_letters(None, 0)] == ["no key", "EOF at column 9", "EOF at column 27"]
    assert [row.offset for row in dashboard.dead_letters("null-key", 0)] == [3]


@pytest.mark.parametrize("text", ["it's", "a\\'b", "%", "%(start)s", "tab\there", "nul\0", "😀", "'; DROP TABLE turns"])
def test_any_text_is_only_a_text(dashboard: Dashboard, stage: Stage, text: str) -> None:
    stage.store(frustrated("a", at(5), text, domain=text).events)
    assert dashboard.totals_and_series(HOUR, {Facet.DOMAIN: text})[0].now.turns == 2
    assert len(dashboard.dialogues(Listing(signal=Signal.DEFECT, request=text), HOUR)) == 1
    assert dashboard.tables(HOUR, {}).requests[0].request == text
    assert dashboard.dialogue(text) is None


def test_all_data_is_cut_into_few_buckets(dashboard: Dashboard, stage: Stage) -> None:
    stage.store(content("a", at(0)).events + content("b", at(60 * 24 * 20)).events)
    window = resolve(TimeRange(Range.ALL), dashboard.mark().extent, at(60 * 24 * 40))
    totals, series = dashboard.totals_and_series(window, {})
    assert totals.now.turns == 2
    assert totals.before is None
    assert len(window.buckets) <= 181
    assert set(series.rows) <= set(window.buckets)

"""What a client is told, and what it is not told twice."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from infra.page.figures import Counts, Freshness, Mark, Series, Totals
from infra.page.health import Health
from infra.page.live import Figures
from infra.page.reader import StoreState
from infra.page.text import duration
from infra.page.tiles import Sense, tiles
from infra.page.told import Teller, first_payload
from infra.page.view import View
from infra.page.window import Extent, Window

WINDOW = Window(6000, 6900, 60)
MARK = Mark((1, 2), Extent(6000, 6840))


def figures(rows: dict[int, Counts], window: Window = WINDOW) -> Figures:
    turns = sum(row.turns for row in rows.values())
    return Figures(View(), window, MARK.extent, Totals(Counts(turns), Counts(10)), Series(60, rows), MARK)


def tell(teller: Teller, shown: Figures | None, state: StoreState | None = None, health: Health | None = None) -> Any:
    return orjson.loads(teller.tell(state or StoreState(), health or Health(), MARK, shown))


def test_the_first_message_holds_the_series_and_the_next_only_what_changed() -> None:
    teller = Teller()
    first = tell(teller, figures({6000: Counts(3), 6060: Counts(4)}))["figures"]["series"]
    assert (first["full"], first["t"], first["turns"]) == (True, [6000, 6060], [3, 4])
    second = tell(teller, figures({6000: Counts(3), 6060: Counts(5), 6120: Counts(1)}))["figures"]["series"]
    assert (second["full"], second["t"], second["turns"]) == (False, [6060, 6120], [5, 1])


def test_a_bucket_that_became_empty_is_told_as_zero() -> None:
    teller = Teller()
    tell(teller, figures({6000: Counts(3)}))
    series = tell(teller, figures({}))["figures"]["series"]
    assert (series["t"], series["turns"]) == ([6000], [0])


def test_nothing_new_is_a_short_sign_of_life() -> None:
    teller = Teller()
    shown = figures({6000: Counts(3)})
    tell(teller, shown)
    assert "figures" not in tell(teller, shown)


def test_other_buckets_are_told_whole() -> None:
    teller = Teller()
    tell(teller, figures({6000: Counts(3)}))
    assert tell(teller, figures({6000: Counts(3)}, Window(6000, 9000, 300)))["figures"]["series"]["full"] is True


def test_a_page_without_figures_is_told_the_state_alone() -> None:
    said = tell(Teller(), None)
    assert said["state"] == "live"
    assert "figures" not in said


def test_a_store_that_is_away_is_told_with_since_and_why() -> None:
    away = StoreState(False, datetime(2026, 1, 1, 8, 5, 9, tzinfo=UTC), "it does not answer")
    said = tell(Teller(), figures({}), away)
    assert said["store"] == {
        "ok": False,
        "reason": "it does not answer",
        "label": "store cut off – retrying since 08:05:09 UTC",
    }
    assert "figures" not in said


@pytest.mark.parametrize(
    ("health", "label"),
    [
        (Health(), "live"),
        (Health(Freshness(10, 4.0, 60.0)), "live"),
        (Health(Freshness(10, 12.0, 60.0)), "behind by 12 s"),
        (Health(Freshness(10, 12.0, 60.0), (), 0.0), "live"),
        (Health(Freshness(), (), 300.0), "behind by 5 min"),
    ],
)
def test_late_rows_are_called_so(health: Health, label: str) -> None:
    assert tell(Teller(), None, health=health)["label"] == label


def test_the_first_payload_has_every_bucket() -> None:
    payload = first_payload(figures({6060: Counts(4)}))
    assert payload["t"] == list(range(6000, 6900, 60))
    assert payload["turns"] == [0, 4, *[0] * 13]


@pytest.mark.parametrize(
    ("now", "before", "change", "sense"),
    [
        (Counts(10, 6), Counts(10, 4), "▲ +50 % vs 15 min before", Sense.WORSE),
        (Counts(10, 3), Counts(10, 4), "▼ −25 % vs 15 min before", Sense.BETTER),
        (Counts(10, 4), Counts(10, 4), "as in the 15 min before", Sense.NEUTRAL),
        (Counts(10, 4), Counts(10, 0), "none in the 15 min before", Sense.NEUTRAL),
        (Counts(10, 4), None, "", Sense.NEUTRAL),
    ],
)
def test_a_number_says_how_it_changed(now: Counts, before: Counts | None, change: str, sense: Sense) -> None:
    shown = {tile.key: tile for tile in tiles(View(), WINDOW, Totals(now, before))}["barge-in"]
    assert (shown.change, shown.sense) == (change, sense)


def test_defects_are_told_per_thousand_turns() -> None:
    totals = Totals(replace(Counts(200), defects=7), None)
    shown = {tile.key: tile for tile in tiles(View(), WINDOW, totals)}["defect"]
    assert shown.value == "35.0"
    assert shown.address == "/dialogues?signal=defect"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.25, "250 ms"), (3.21, "3.2 s"), (65, "65 s"), (900, "15 min"), (90_000, "25 h"), (864_000, "10 days")],
)
def test_a_duration_has_the_digits_that_matter(seconds: float, text: str) -> None:
    assert duration(seconds) == text

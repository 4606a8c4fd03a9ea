"""The overview in a real browser, over a real store."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, expect

from infra.page.pulse import PartitionLag
from schemas.dead_letter import DeadLetterCause
from tests.browser.scenes import Stage, content, dead_letter, evening, frustrated

pytestmark = [pytest.mark.browser, pytest.mark.clickhouse]

Look = Callable[..., Page]


def ago(minutes: float) -> datetime:
    return datetime.now(UTC) - timedelta(minutes=minutes)


def three_dialogues(stage: Stage) -> None:
    stage.store(frustrated("lights", ago(3)).events)
    stage.store(content("rain", ago(4)).events)
    stage.store(content("sun", ago(5), device=2, version=1).events)


def test_first_paint_shows_the_numbers_without_any_script(stage: Stage, look: Look) -> None:
    three_dialogues(stage)
    page = look(java_script_enabled=False)
    assert page.locator("[data-number=turns]").inner_text() == "4"
    assert page.locator("[data-number=barge-in]").inner_text() == "1"
    assert page.locator("[data-number=repeat]").inner_text() == "1"
    assert page.locator("[data-number=defect]").inner_text() == "250.0"
    assert page.locator("#requests tbody tr").count() == 1


def test_charts_are_drawn_and_say_in_words_what_they_show(stage: Stage, look: Look) -> None:
    three_dialogues(stage)
    page = look()
    expect(page.locator(".chart canvas")).to_have_count(3)
    expect(page.get_by_role("img", name="Feedback per minute")).to_have_attribute("aria-label", _saying("highest 1"))


def test_numbers_charts_and_tables_update_by_themselves(stage: Stage, look: Look) -> None:
    three_dialogues(stage)
    page = look()
    page.evaluate("window.sameDocument = true")
    expect(page.locator("#pulse")).to_have_text("live")
    in_one_minute = ago(1).replace(second=5)
    stage.store([event for n in range(4) for event in frustrated(f"more{n}", in_one_minute).events])
    expect(page.locator("[data-number=turns]")).to_have_text("12")
    expect(page.locator("[data-number=barge-in]")).to_have_text("5")
    expect(page.get_by_role("img", name="Turns per minute")).to_have_attribute("aria-label", _saying("highest 8"))
    expect(page.locator("#requests tbody tr").first).to_contain_text("50.0 %")
    expect(page.locator("#table-domain")).to_contain_text("smart-home")
    assert page.evaluate("window.sameDocument") is True


def test_an_empty_store_says_what_to_do_and_fills_by_itself(stage: Stage, look: Look) -> None:
    page = look()
    expect(page.locator("#no-data")).to_contain_text("make demo")
    stage.store(content("first", ago(1)).events)
    expect(page.locator("[data-number=turns]")).to_have_text("1")
    expect(page.locator(".chart canvas")).to_have_count(3)


def test_an_old_recording_is_shown_where_its_data_is_and_the_page_says_so(stage: Stage, look: Look) -> None:
    stage.store(frustrated("old", datetime(2024, 5, 1, 18, 30, tzinfo=UTC)).events)
    page = look("/?range=1h")
    expect(page.locator("#moved")).to_contain_text("2024-05-01 18:30 UTC")
    expect(page.locator("[data-number=turns]")).to_have_text("2")
    stage.store(frustrated("later", datetime(2024, 5, 1, 18, 50, tzinfo=UTC)).events)
    expect(page.locator("[data-number=turns]")).to_have_text("4")
    expect(page.locator("#window-span")).to_contain_text("18:51")


def test_a_facet_filters_every_figure_and_stands_in_the_address(stage: Stage, look: Look) -> None:
    three_dialogues(stage)
    page = look("/?range=1h")
    page.get_by_role("link", name="Show only domain weather").click()
    expect(page.locator("[data-number=turns]")).to_have_text("2")
    expect(page.locator("[data-number=barge-in]")).to_have_text("0")
    assert "domain=weather" in page.url
    page.get_by_role("link", name="Show only device type phone").click()
    expect(page.locator("[data-number=turns]")).to_have_text("1")
    page.get_by_role("link", name="Remove the filter Domain").click()
    expect(page).to_have_url(_ending("/?range=1h&device=phone"))
    expect(page.locator("[data-number=turns]")).to_have_text("1")


def test_a_time_range_changes_in_place_and_back_returns(stage: Stage, look: Look) -> None:
    three_dialogues(stage)
    stage.store(content("earlier", ago(40)).events)
    page = look()
    page.evaluate("window.sameDocument = true")
    page.get_by_role("link", name="1 h", exact=True).click()
    expect(page.locator("[data-number=turns]")).to_have_text("5")
    expect(page.locator(".chart canvas")).to_have_count(3)
    assert page.evaluate("window.sameDocument") is True
    stage.store(content("now", ago(1)).events)
    expect(page.locator("[data-number=turns]")).to_have_text("6")
    page.go_back()
    expect(page.locator("[data-number=turns]")).to_have_text("5")


def test_the_charts_have_a_table_that_leads_to_the_dialogues_of_a_minute(stage: Stage, look: Look) -> None:
    three_dialogues(stage)
    page = look()
    page.get_by_text("Charts as a table").click()
    page.locator("#series-rows").get_by_role("link", name="1 barge-ins").click()
    expect(page.locator("#dialogues tbody tr")).to_have_count(1)
    expect(page.locator("#dialogues")).to_contain_text("turn on the den lights")


def test_a_bar_of_a_chart_leads_to_the_dialogues_behind_it(stage: Stage, look: Look) -> None:
    three_dialogues(stage)
    page = look()
    box = page.locator("#chart-turns .u-over").bounding_box()
    assert box
    page.mouse.click(box["x"] + box["width"] * 0.5, box["y"] + box["height"] / 2)
    page.wait_for_url("**/dialogues?**range=custom**")


class Slow:
    """Brokers that say how far the sink is behind."""

    def lag(self) -> list[PartitionLag]:
        return [PartitionLag("sink", "earshot.turn-events.v1", 0, 100, 4200, 4100)]

    def behind_s(self) -> float:
        return 42.0


@pytest.mark.parametrize("pulse", [Slow()])
def test_it_says_that_rows_are_late(stage: Stage, look: Look) -> None:
    three_dialogues(stage)
    page = look()
    expect(page.locator("#pulse")).to_have_text("behind by 42 s")
    expect(page.locator("[data-health=lag]")).to_have_text("sink 4,100 records")


@pytest.mark.parametrize("pulse", [Slow()])
def test_what_a_person_opened_stays_open_while_tables_update(stage: Stage, look: Look) -> None:
    three_dialogues(stage)
    page = look()
    expect(page.locator("#pulse")).to_have_text("behind by 42 s")
    page.get_by_text("By role and partition").click()
    stage.store(frustrated("more", ago(1)).events)
    expect(page.locator("#requests tbody tr").first).to_contain_text("4")
    expect(page.locator("#lag")).to_be_visible()


def test_without_a_pulse_lag_is_not_known(stage: Stage, look: Look) -> None:
    three_dialogues(stage)
    expect(look().locator("[data-health=lag]")).to_have_text("not known")


def test_dead_letters_are_counted_by_cause_and_listed_with_their_reason(stage: Stage, look: Look) -> None:
    three_dialogues(stage)
    stage.store([dead_letter(1, ago(2), DeadLetterCause.NULL_KEY, "no key: set it to the user's id")])
    page = look()
    page.locator("#dead-letter-causes").get_by_role("link", name="null-key").click()
    expect(page.locator("#letters")).to_contain_text("no key: set it to the user's id")
    expect(page.locator("#letters")).to_contain_text("earshot.turn-events.v1 1:1")


def test_a_busy_evening_fits_on_one_screen_width(stage: Stage, look: Look) -> None:
    stage.store([event for scene in evening(ago(0), 30, 4) for event in scene.events])
    for width in (1440, 1024, 400):
        page = look("/?range=1h")
        page.set_viewport_size({"width": width, "height": 900})
        expect(page.locator(".chart canvas")).to_have_count(3)
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def _saying(text: str) -> re.Pattern[str]:
    return re.compile(re.escape(text))


def _ending(text: str) -> re.Pattern[str]:
    return re.compile(re.escape(text) + "$")

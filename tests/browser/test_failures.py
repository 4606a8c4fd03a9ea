"""Failure points and alarms in a real browser, over a real store."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, expect

from infra.clickhouse.record import StoredEvent
from schemas.alarm import Alarm, AlarmScope
from schemas.failure_point import FailurePoint
from tests.browser.scenes import Stage, content, turn
from tests.failures_to_order import alarm, attribution

pytestmark = [pytest.mark.browser, pytest.mark.clickhouse]

Look = Callable[..., Page]

NAMELESS = """() => [...document.querySelectorAll('a, button, [role=img]')]
  .filter((e) => !(e.getAttribute('aria-label') || e.textContent).trim()).map((e) => e.outerHTML)"""
SHARED_IDS = """() => { const ids = [...document.querySelectorAll('[id]')].map((e) => e.id);
  return ids.filter((id, i) => ids.indexOf(id) !== i); }"""


def minute_ago(minutes: int) -> datetime:
    return (datetime.now(UTC) - timedelta(minutes=minutes)).replace(second=1, microsecond=0)


def judged(minutes: int, count: int, first: int = 0, **facets: object) -> list[StoredEvent]:
    """Turns of a minute, half of which the recogniser got wrong, and one that nobody could judge."""
    points = [FailurePoint.ASR if n % 2 else FailurePoint.CORRECT for n in range(count)]
    at = minute_ago(minutes)
    said: list[StoredEvent] = [
        attribution(first + n, point, at=at - timedelta(seconds=first), **facets) for n, point in enumerate(points)
    ]
    said.append(attribution(first + count, None, at=at - timedelta(seconds=first), **facets))
    turns = [turn(f"judged{first + n}/1", at + timedelta(seconds=n), domain="music") for n in range(count + 1)]
    return [*turns, *said]


def now_broken(**changes: object) -> Alarm:
    since = minute_ago(4).replace(second=0)
    summary = f"ASR broke in music on speakers since {since:%H:%M} UTC"
    return alarm(1, occurred_at=since, raised_at=since + timedelta(minutes=2), summary=summary, **changes)


def test_without_attributions_there_is_no_panel_and_without_alarms_no_banner(stage: Stage, look: Look) -> None:
    stage.store(content("rain", minute_ago(3)).events)
    page = look()
    expect(page.locator("#pulse")).to_have_text("live")
    expect(page.locator("#failures")).to_have_count(0)
    expect(page.locator("#failure-tables")).to_have_count(0)
    expect(page.locator("#alarms")).to_be_hidden()


def test_shares_are_drawn_over_time_and_told_by_domain_device_and_version(stage: Stage, look: Look) -> None:
    stage.store(judged(3, 9))
    page = look()
    chart = page.get_by_role("img", name=re.compile("^Failure points per minute"))
    expect(chart.locator("canvas")).to_have_count(1)
    expect(chart).to_have_attribute("aria-label", re.compile("ASR: latest 0%, highest 40%"))
    row = page.locator("#failures-domain tbody tr")
    expect(row).to_contain_text("music")
    expect(row.locator("td")).to_have_text(["10", "0", "40.0 %", "0", "0", "0", "10.0 %"])
    expect(page.locator("#failures-device tbody tr")).to_contain_text("speaker")
    expect(page.locator("#failures-version tbody tr")).to_contain_text("asr=4.1")


def test_the_panel_appears_and_follows_by_itself(stage: Stage, look: Look) -> None:
    stage.store(content("rain", minute_ago(5)).events)
    page = look()
    expect(page.locator("#pulse")).to_have_text("live")
    page.evaluate("window.sameDocument = true")
    stage.store(judged(3, 9))
    expect(page.locator("#failures-domain tbody tr td").first).to_have_text("10")
    expect(page.locator("#chart-failures canvas")).to_have_count(1)
    stage.store(judged(2, 9, first=20))
    expect(page.locator("#failures-domain tbody tr td").first).to_have_text("20")
    assert page.evaluate("window.sameDocument") is True


def test_a_filter_narrows_the_failure_points_as_well(stage: Stage, look: Look) -> None:
    stage.store([*judged(3, 9), *judged(3, 4, first=20, domain="weather")])
    page = look()
    page.get_by_role("link", name="Show only domain weather, by failure point").click()
    expect(page.locator("#failures-domain tbody tr")).to_have_count(1)
    expect(page.locator("#failures-domain tbody tr td").first).to_have_text("5")


def test_the_charts_table_holds_the_shares(stage: Stage, look: Look) -> None:
    stage.store(judged(3, 9))
    page = look()
    page.get_by_text("Charts as a table").click()
    expect(page.locator("#series-rows thead")).to_contain_text("Abstained")
    expect(page.locator("#series-rows tbody tr").first).to_contain_text("40.0 %")


def test_an_open_alarm_is_said_at_once_and_goes_when_it_is_over(stage: Stage, look: Look) -> None:
    stage.store(content("rain", minute_ago(1)).events)
    page = look()
    expect(page.locator("#pulse")).to_have_text("live")
    raised = now_broken()
    stage.store([raised])
    banner = page.get_by_role("alert").filter(has_text="ASR broke")
    expect(banner).to_contain_text(raised.summary)
    expect(banner).to_contain_text("25.0 % of 84 turns failed there since, 2.0 % were expected")
    expect(page.locator("#latest-alarms")).to_contain_text("open")
    page.evaluate("document.querySelector('.alarm').dataset.same = 'yes'")
    stage.store(content("sun", minute_ago(1), device=2).events)
    expect(page.locator("[data-number=turns]")).to_have_text("2")
    expect(page.locator("#table-device")).to_contain_text("phone")
    expect(page.locator(".alarm")).to_have_attribute("data-same", "yes")  # nothing new: not said again
    stage.store([raised.model_copy(update={"ended_at": minute_ago(0), "revision": 1, "summary": "ASR was broken"})])
    expect(page.locator(".alarm")).to_have_count(0)
    expect(page.locator("#latest-alarms")).to_contain_text("ASR was broken")


def test_the_banner_leads_by_keyboard_to_where_it_broke(stage: Stage, look: Look) -> None:
    stage.store([*judged(3, 9), now_broken(scope=AlarmScope(domain="music", device_type="speaker", locale="en-US"))])
    page = look("/?range=24h&domain=weather")
    page.get_by_role("link", name=re.compile("^Show only where ASR broke")).focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/?device=speaker&domain=music&locale=en-US")
    expect(page.locator("#chip-domain")).to_contain_text("music")


def test_the_banner_and_the_panel_are_there_without_any_script(stage: Stage, look: Look) -> None:
    stage.store([*judged(3, 9), now_broken()])
    page = look(java_script_enabled=False)
    assert "ASR broke in music on speakers" in page.locator("#alarms").inner_text()
    assert page.locator("#failures-domain tbody tr").count() == 1


def test_everything_has_a_name_of_its_own_and_fits(stage: Stage, look: Look) -> None:
    stage.store([*judged(3, 9), now_broken()])
    page = look()
    expect(page.locator("#chart-failures canvas")).to_have_count(1)
    assert page.evaluate(NAMELESS) == []
    assert page.evaluate(SHARED_IDS) == []
    for width in (1440, 1024, 400):
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_function("width => document.documentElement.scrollWidth <= width", arg=width)  # charts follow

"""What the page says when the stream or the store is away, and that it comes back by itself."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, expect

from tests.browser.running import RunningPage
from tests.browser.scenes import Stage, content

pytestmark = [pytest.mark.browser, pytest.mark.clickhouse]

Look = Callable[..., Page]


def talk(stage: Stage, name: str) -> None:
    stage.store(content(name, datetime.now(UTC) - timedelta(minutes=1)).events)


def test_it_says_since_when_the_stream_is_cut_off_and_catches_up(stage: Stage, site: RunningPage, look: Look) -> None:
    talk(stage, "before")
    page = look()
    expect(page.locator("#pulse")).to_have_text("live")
    site.stop()
    expect(page.locator("#pulse")).to_have_text(re.compile(r"^cut off – retrying since \d\d:\d\d:\d\d$"))
    expect(page.locator("[data-number=turns]")).to_have_text("1")
    talk(stage, "meanwhile")
    site.start()
    expect(page.locator("#pulse")).to_have_text("live")
    expect(page.locator("[data-number=turns]")).to_have_text("2")


def test_it_says_that_the_store_is_away_and_catches_up(stage: Stage, site: RunningPage, look: Look) -> None:
    talk(stage, "before")
    page = look()
    expect(page.locator("#pulse")).to_have_text("live")
    site.cable.pulled = True
    expect(page.locator("#trouble")).to_contain_text("somebody pulled the cable")
    expect(page.locator("#pulse")).to_have_text(re.compile(r"^store cut off – retrying since \d\d:\d\d:\d\d UTC$"))
    expect(page.locator("[data-number=turns]")).to_have_text("1")
    talk(stage, "meanwhile")
    site.cable.pulled = False
    expect(page.locator("#trouble")).to_be_hidden()
    expect(page.locator("[data-number=turns]")).to_have_text("2")
    expect(page.locator("#pulse")).to_have_text("live")


def test_it_says_that_the_store_takes_long_and_catches_up(stage: Stage, site: RunningPage, look: Look) -> None:
    talk(stage, "before")
    page = look()
    expect(page.locator("#pulse")).to_have_text("live")
    site.cable.flowing.clear()
    expect(page.locator("#trouble")).to_contain_text("It takes long to answer.")
    talk(stage, "meanwhile")
    site.cable.flowing.set()
    expect(page.locator("#trouble")).to_be_hidden()
    expect(page.locator("[data-number=turns]")).to_have_text("2")


@pytest.mark.parametrize("path", ["/", "/dialogues", "/dialogues/before", "/dead-letters"])
def test_opened_without_a_store_it_fills_once_the_store_is_there(
    stage: Stage, site: RunningPage, look: Look, path: str
) -> None:
    talk(stage, "before")
    site.cable.pulled = True
    page = look(path)
    expect(page.get_by_role("alert")).to_contain_text("The store does not answer.")
    site.cable.pulled = False
    expect(page.locator("#trouble")).to_be_hidden()
    expect(page.locator("[data-number=turns], #dialogues, .turn, .empty").first).to_be_visible()


def test_what_it_says_is_announced(stage: Stage, look: Look) -> None:
    talk(stage, "before")
    pulse = look().locator("#pulse")
    expect(pulse).to_have_attribute("aria-live", "polite")
    expect(pulse).to_have_attribute("role", "status")

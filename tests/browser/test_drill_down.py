"""From a figure to the dialogues behind it, and what a dialogue tells."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, expect

from schemas.dead_letter import DeadLetterCause
from tests.browser.scenes import Stage, content, dead_letter, frustrated, scene, signal, turn

pytestmark = [pytest.mark.browser, pytest.mark.clickhouse]

Look = Callable[..., Page]
HOSTILE = '</script><script>window.hacked = 1</script><img src=x onerror="window.hacked = 2">\' OR 1=1 -- \\'


def ago(minutes: float) -> datetime:
    return datetime.now(UTC) - timedelta(minutes=minutes)


def test_a_big_number_leads_to_the_dialogue_and_tells_what_was_heard_and_why(stage: Stage, look: Look) -> None:
    stage.store(frustrated("lights", ago(3)).events + content("rain", ago(4)).events)
    page = look()
    page.locator("#tile-barge-in").click()
    expect(page.locator("#dialogues tbody tr")).to_have_count(1)
    page.get_by_role("link", name="turn on the den lights").click()
    first = page.locator(".turn").first
    expect(first).to_contain_text("turn on the den lights please")
    expect(first).to_contain_text("confidence 0.91")
    expect(first).to_contain_text("smart-home › TurnOn")
    expect(first).to_contain_text("Sorry, I can't find “then lights”.")
    expect(first).to_contain_text("barge-in: correction")
    expect(first).to_contain_text("spoke 1.1 s into an answer of 4.0 s and said it again")
    expect(first).to_contain_text("share_heard 0.28")
    expect(first).to_contain_text("tier: implicit")
    expect(first.get_by_role("img", name=re.compile("the person spoke again 1.1 s into it"))).to_be_visible()
    expect(first.locator("rect.both")).to_have_count(1)
    expect(page.locator(".turn").nth(1)).to_contain_text("no defect")


def test_a_defective_request_leads_to_its_dialogues(stage: Stage, look: Look) -> None:
    stage.store(frustrated("a", ago(3)).events + frustrated("b", ago(4), "play frozen soundtrack").events)
    page = look()
    row = page.locator("#requests tbody tr", has_text="play frozen soundtrack")
    row.get_by_role("link", name="1 defects").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Dialogues with a defect")
    expect(page.locator("#dialogues tbody tr")).to_have_count(1)
    expect(page.locator("#dialogues")).to_contain_text("play frozen soundtrack")
    page.get_by_role("link", name="Remove the filter Request").click()
    expect(page.locator("#dialogues tbody tr")).to_have_count(2)


def test_one_unlucky_turn_does_not_top_the_most_defective_requests(stage: Stage, look: Look) -> None:
    stage.store([e for n in range(12) for e in frustrated(f"often{n}", ago(3), "turn on the den lights").events])
    unlucky = turn("once/1", ago(4), "sing a song")
    stage.store(scene([unlucky], [signal("stop", unlucky, None)]).events)
    rows = look().locator("#requests tbody tr")
    expect(rows).to_have_count(2)
    expect(rows.first).to_contain_text("turn on the den lights")


def test_a_list_goes_on_to_older_dialogues(stage: Stage, look: Look) -> None:
    stage.store([event for n in range(55) for event in content(f"d{n}", ago(1 + n / 10)).events])
    page = look("/dialogues")
    expect(page.locator("#dialogues tbody tr")).to_have_count(50)
    page.get_by_role("link", name="Older").click()
    expect(page.locator("#dialogues tbody tr")).to_have_count(5)
    page.get_by_role("link", name="Newer").click()
    expect(page.locator("#dialogues tbody tr")).to_have_count(50)


def test_a_list_and_a_dialogue_update_by_themselves(stage: Stage, look: Look) -> None:
    began = ago(2)  # once: a turn of another minute is another row
    stage.store(content("first", began).events)
    listed, opened = look("/dialogues"), look("/dialogues/first")
    expect(opened.locator(".turn")).to_have_count(1)
    again = [turn("first/1", began), turn("first/2", ago(1.9), "not that one")]
    stage.store(scene(again, [signal("rephrase", again[0], again[1])], revision=5).events)
    stage.store(content("second", ago(1)).events)
    expect(listed.locator("#dialogues tbody tr")).to_have_count(2)
    expect(opened.locator(".turn")).to_have_count(2)
    expect(opened.locator(".turn").first).to_contain_text("other words, alike in sound")


def test_a_dialogue_that_is_not_there_is_said_so(look: Look) -> None:
    page = look("/dialogues/nobody")
    expect(page.get_by_role("heading", level=1)).to_have_text("No such dialogue")


def test_hostile_words_are_shown_and_never_run(stage: Stage, look: Look) -> None:
    stage.store(frustrated("evil/../<b>", ago(3), HOSTILE, domain='"><svg onload=alert(1)>', intent=HOSTILE).events)
    stage.store([dead_letter(1, ago(2), DeadLetterCause.INVALID_JSON, HOSTILE)])
    page = look()
    expect(page.locator("#requests tbody tr").first).to_contain_text(HOSTILE)
    page.locator("#table-intent").get_by_role("link", name="Show only intent").click()
    expect(page.locator("[data-number=turns]")).to_have_text("2")
    expect(page.locator("#chip-intent")).to_contain_text(HOSTILE)
    page.locator("#tile-defect").click()
    page.locator("#dialogues tbody a").first.click()
    expect(page.locator(".heard").first).to_have_text(HOSTILE)
    assert page.evaluate("window.hacked") is None
    letters = look("/dead-letters")
    expect(letters.locator("#letters")).to_contain_text(HOSTILE)
    assert letters.evaluate("window.hacked") is None

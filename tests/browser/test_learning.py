"""Rewrites and teaching in a real browser, over a real store."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, expect

from infra.clickhouse.record import StoredEvent
from tests.browser.running import RunningPage
from tests.browser.scenes import Stage
from tests.browser.test_failures import NAMELESS, SHARED_IDS
from tests.taught_to_order import (
    SOURCE,
    TARGET,
    decision,
    moment,
    outcome,
    personal,
    preference,
    rewrite,
    trial,
    untouched,
)

pytestmark = [pytest.mark.browser, pytest.mark.clickhouse]

Look = Callable[..., Page]
WORDS_TOKEN = "for eyes of few"


def now(minutes: float = 2.0) -> datetime:
    return datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=minutes)


def asked() -> list[StoredEvent]:
    """Ten requests: four served by three layers, one held back, five left alone."""
    at = now()
    layers = ("personal", "precomputed", "precomputed", "global")
    return [
        *(decision(n, occurred_at=at, layer=layer) for n, layer in enumerate(layers)),
        decision(4, occurred_at=at, arm="holdout", reason="held-out"),
        *(untouched(n, occurred_at=at, domain="weather") for n in range(5, 9)),
        untouched(9, "denied", occurred_at=at),
    ]


def learned() -> list[StoredEvent]:
    """A win, a loss that is blocked, one without a trial, and one of a single person."""
    return [
        rewrite(1),
        trial(1, worse=0.004, uses=120),
        rewrite(2, blocked=True, blocked_because="people fare worse with it"),
        trial(2, worse=0.99, uses=40),
        rewrite(3, first_seen=now(10)),
        personal("u-secret", 7, source_texts=("a secret wish",), target_text="a secret target"),
    ]


def taught(**changes: object) -> list[StoredEvent]:
    """Four preferences of two days and two moments."""
    today, before = now(), now() - timedelta(days=1)
    yes = {"explicitness": "confirmed", "source": "system-initiated"}
    return [
        preference(1, "u-1", occurred_at=today, value="a secret band", **changes),
        preference(2, "u-1", occurred_at=before, attribute="cuisine", **yes),
        preference(3, "u-2", occurred_at=before, attribute="music-genre", status="revoked"),
        preference(4, "u-2", occurred_at=before, status="pending", explicitness="shown", source="inferred"),
        moment(1, occurred_at=today),
        moment(2, occurred_at=before, kind="repeated"),
    ]


def test_without_rewrites_the_page_says_what_to_do(look: Look) -> None:
    page = look("/rewrites")
    expect(page.locator("#nothing-asked")).to_contain_text("earshot worker serve")
    expect(page.locator("#no-rewrites")).to_contain_text("earshot worker learn")


def test_coverage_is_told_by_layer_by_domain_and_why_not(stage: Stage, look: Look) -> None:
    stage.store([*asked(), *learned()])
    page = look("/rewrites")
    expect(page.locator("#n-asked")).to_have_text("10")
    expect(page.locator("#n-coverage")).to_have_text("40.0 %")
    expect(page.get_by_role("img", name=re.compile("^Coverage by layer"))).to_have_attribute(
        "aria-label", re.compile("40.0 % of 10 requests were rewritten")
    )
    assert page.locator("#coverage .piece").evaluate_all("all => all.map((e) => e.dataset.hue)") == [
        "personal", "precomputed", "global",
    ]  # fmt: skip
    expect(page.locator("#decision-layers tbody tr")).to_have_text(
        [r"Personal100", r"Precomputed200", r"Found by search110"]
    )
    expect(page.locator("#reasons tbody tr").first).to_contain_text("nothing-found")
    expect(page.locator("#decision-domains tbody tr").first).to_contain_text("66.7 %")
    page.get_by_text("Coverage as a table").click()
    expect(page.locator("#coverage-table tbody tr").first).to_contain_text("40.0 %")
    page.get_by_role("link", name="Show only domain weather").click()
    expect(page.locator("#n-asked")).to_have_text("4")
    expect(page.locator("#chip-domain")).to_contain_text("weather")


def test_rewrites_are_listed_by_use_newness_wins_losses_and_blocks(stage: Stage, look: Look) -> None:
    stage.store(learned())
    page = look("/rewrites")
    expect(page.locator("#top-rewrites tbody th")).to_have_text(["play maj and dragons 1", "play maj and dragons 2"])
    expect(page.locator("#newest-rewrites tbody th").first).to_have_text("play maj and dragons 3")
    expect(page.locator("#wins tbody th")).to_have_text(["play maj and dragons 1"])
    expect(page.locator("#losses tbody th")).to_have_text(["play maj and dragons 2"])
    expect(page.locator("#blocked-rewrites tbody")).to_contain_text("people fare worse with it")
    expect(page.locator("#n-wins")).to_have_text("1 : 1")
    expect(page.locator("#n-personal")).to_have_text("1")
    assert "secret" not in page.content()


def test_a_rewrite_opens_to_its_reason_and_the_ways_that_people_went(stage: Stage, look: Look) -> None:
    stage.store(learned())
    page = look("/rewrites")
    page.get_by_role("link", name="Show the rewrite of play maj and dragons 1 among wins").click()
    expect(page.locator("#reason")).to_have_text("30 people went on to what works")
    expect(page.locator("#chains li")).to_have_count(2)
    expect(page.locator("#chains li").first).to_contain_text(f"{SOURCE} 1")
    expect(page.locator("#chains li").nth(1)).to_contain_text("12 people")
    expect(page.locator("#chains li").nth(1)).to_contain_text(TARGET)
    expect(page.locator("#success tbody tr")).to_have_count(4)


def test_of_a_single_persons_rewrite_nothing_but_figures_is_shown(stage: Stage, look: Look) -> None:
    stage.store(learned())
    page = look("/rewrites/own-u-secret-7")
    expect(page.locator("main dl.facts")).to_contain_text("One person's. Its words are not kept here.")
    expect(page.locator("#chains")).to_have_count(0)
    assert "u-secret" not in page.locator("main").inner_text().replace("own-u-secret-7", "")
    assert "secret target" not in page.content()


def test_an_unknown_rewrite_is_not_found(look: Look) -> None:
    expect(look("/rewrites/nope").locator("main")).to_contain_text("The table has no rewrite 'nope'")


def test_the_rewrites_follow_by_themselves(stage: Stage, look: Look) -> None:
    stage.store(asked())
    page = look("/rewrites")
    expect(page.locator("#pulse")).to_have_text("live")
    page.evaluate("window.sameDocument = true")
    stage.store([decision(50, occurred_at=now())])
    expect(page.locator("#n-asked")).to_have_text("11")
    stage.store([rewrite(8)])
    expect(page.locator("#n-everybody")).to_have_text("1")
    assert page.evaluate("window.sameDocument") is True


def test_before_anything_is_taught_the_page_says_how_to(look: Look) -> None:
    page = look("/teaching")
    expect(page.locator("#nothing-taught")).to_contain_text("POST /v1/users/ID/preferences")


def test_what_was_taught_is_told_by_day_attribute_and_source_without_words(stage: Stage, look: Look) -> None:
    stage.store(taught())
    page = look("/teaching")
    for name, number in (("taught", 2), ("confirmed", 1), ("declined", 1), ("waiting", 1), ("moments", 2)):
        expect(page.locator(f"#n-{name}")).to_have_text(str(number))
    expect(page.get_by_role("img", name=re.compile("^Taught per day: 2 taught and 1 declined"))).to_be_visible()
    expect(page.locator("#attributes tbody tr")).to_have_text([r"music-genre1011", r"cuisine1100"])
    expect(page.locator("#sources")).to_contain_text("system-initiated")
    expect(page.locator("#moments")).to_contain_text("unknown-concept")
    page.get_by_text("Days as a table").click()
    expect(page.locator("#days tbody tr")).to_have_count(2)
    assert "secret" not in page.content()


def test_obeyed_or_ignored_is_told_by_day_and_attribute_without_words(stage: Stage, look: Look) -> None:
    today, before = now(), now() - timedelta(days=1)
    stage.store(
        [
            *taught(),
            outcome(1, occurred_at=today),
            outcome(2, occurred_at=today, obeyed=False),
            outcome(3, occurred_at=before),
            outcome(4, occurred_at=before, attribute="cuisine"),
            outcome(5, occurred_at=before, attribute="cuisine", retracted=True),
        ]
    )
    page = look("/teaching")
    expect(page.locator("#n-obeyed")).to_have_text("75.0 %")
    expect(
        page.get_by_role("img", name=re.compile("^Obeyed or ignored per day: 3 obeyed and 1 ignored"))
    ).to_be_visible()
    expect(page.locator("#obeyed tbody tr")).to_have_text([r"music-genre32166.7 %", r"cuisine110100.0 %"])
    page.get_by_text("Obeyed by day as a table").click()
    expect(page.locator("#obeyed-days-table tbody tr")).to_have_count(2)
    page.evaluate("window.sameDocument = true")
    stage.store([outcome(6, occurred_at=today, obeyed=False)])
    expect(page.locator("#n-obeyed")).to_have_text("60.0 %")
    assert page.evaluate("window.sameDocument") is True
    assert "secret" not in page.content()


def test_without_an_outcome_the_panel_says_what_a_device_has_to_tell(stage: Stage, look: Look) -> None:
    stage.store(taught())
    expect(look("/teaching").locator("#no-outcomes")).to_contain_text("in the slots of the turn")


@pytest.mark.parametrize("page_settings", [{"page_words_token": WORDS_TOKEN, "page_token": "for everybody"}])
def test_after_a_wrong_token_the_login_still_leads_to_where_one_wanted(stage: Stage, look: Look) -> None:
    stage.store(taught())
    page = look("/teaching?a=1")
    for token in ("none of them", "for everybody"):
        page.get_by_label("Token").fill(token)
        page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", name="Teaching", exact=True)).to_be_visible()
    assert page.url.endswith("/teaching?a=1")


def test_the_words_of_a_person_are_for_nobody_where_no_token_is_set(stage: Stage, look: Look) -> None:
    stage.store(taught())
    page = look("/teaching/people?user=u-1")
    expect(page.locator("main")).to_contain_text("EARSHOT_PAGE_WORDS_TOKEN is not set")
    assert "secret" not in page.content()


@pytest.mark.parametrize("page_settings", [{"page_words_token": WORDS_TOKEN}])
def test_the_words_of_a_person_are_shown_to_who_has_the_role(stage: Stage, look: Look, site: RunningPage) -> None:
    stage.store(taught())
    page = look("/teaching/people?user=u-1")
    expect(page.locator("main")).to_contain_text("log in at /login with the token set as EARSHOT_PAGE_WORDS_TOKEN")
    page.goto(f"{site.url}/teaching")
    page.get_by_role("link", name="Log in").click()
    page.get_by_label("Token").fill(WORDS_TOKEN)
    page.get_by_role("button", name="Log in").click()
    page.get_by_role("textbox", name="Person").fill("u-1")
    page.get_by_role("button", name="Show").click()
    expect(page.locator("#taught tbody tr")).to_have_count(2)
    expect(page.locator("#taught")).to_contain_text("a secret band")


@pytest.mark.parametrize("path", ["/rewrites", "/rewrites/rewrite-1", "/teaching"])
def test_everything_has_a_name_of_its_own_and_fits(stage: Stage, look: Look, path: str) -> None:
    stage.store([*asked(), *learned(), *taught(), outcome(1, occurred_at=now())])
    page = look(path)
    expect(page.locator("#shown")).to_be_visible()
    assert page.evaluate(NAMELESS) == []
    assert page.evaluate(SHARED_IDS) == []
    for width in (1440, 1024, 400):
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_function("width => document.documentElement.scrollWidth <= width", arg=width)


def test_keys_lead_to_the_pages(stage: Stage, look: Look) -> None:
    page = look()
    page.keyboard.press("r")
    expect(page.get_by_role("heading", name="Rewrites", exact=True)).to_be_visible()
    page.wait_for_load_state()  # keys are listened to from then on
    page.keyboard.press("p")
    expect(page.get_by_role("heading", name="Teaching", exact=True)).to_be_visible()

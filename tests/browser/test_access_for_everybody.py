"""Keyboard, names, light and dark."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, expect

from tests.browser.scenes import Stage, frustrated

pytestmark = [pytest.mark.browser, pytest.mark.clickhouse]

Look = Callable[..., Page]
LIGHT, DARK = "rgb(244, 246, 248)", "rgb(14, 17, 22)"

NAMELESS = """() => [...document.querySelectorAll('a, button, summary, input:not([type=hidden]), [role=img], canvas')]
  .filter((e) => !e.closest('.chart') || e.matches('.chart'))
  .filter((e) => !(e.getAttribute('aria-label') || e.labels?.[0]?.textContent || e.textContent).trim())
  .map((e) => e.outerHTML)"""
SHARED_IDS = """() => { const ids = [...document.querySelectorAll('[id]')].map((e) => e.id);
  return ids.filter((id, i) => ids.indexOf(id) !== i); }"""


@pytest.fixture(autouse=True)
def lights(stage: Stage) -> None:
    stage.store(frustrated("lights", datetime.now(UTC) - timedelta(minutes=3)).events)


def focused(page: Page) -> str:
    return str(page.evaluate("document.activeElement.id || document.activeElement.className"))


def test_the_first_tab_stop_skips_to_the_content(look: Look) -> None:
    page = look()
    page.keyboard.press("Tab")
    assert focused(page) == "skip"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert focused(page) == "range-15m"


def test_a_figure_is_followed_to_its_dialogue_by_keyboard_alone(look: Look) -> None:
    page = look()
    expect(page.locator("#pulse")).to_have_text("live")
    _tab_to(page, "tile-repeat")
    page.keyboard.press("Enter")
    expect(page.locator("#dialogues tbody tr")).to_have_count(1)
    target = page.locator("#dialogues tbody a").get_attribute("id")
    assert target
    _tab_to(page, target)
    page.keyboard.press("Enter")
    expect(page.locator(".turn")).to_have_count(2)


def test_focus_is_visible(look: Look) -> None:
    page = look()
    _tab_to(page, "tile-turns")
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"


def test_focus_stays_on_a_link_while_tables_update(look: Look, stage: Stage) -> None:
    page = look()
    expect(page.locator("#pulse")).to_have_text("live")
    link = page.locator("#requests tbody a").first
    name = link.get_attribute("id")
    link.focus()
    stage.store(frustrated("more", datetime.now(UTC) - timedelta(minutes=2)).events)
    expect(page.locator("#requests tbody tr").first).to_contain_text("4")
    assert focused(page) == name


def test_a_question_mark_opens_the_shortcuts_and_escape_closes_them(look: Look) -> None:
    page = look()
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="Keyboard shortcuts")
    expect(dialog).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()


def test_keys_change_range_page_and_filter(look: Look) -> None:
    page = look("/?domain=smart-home")
    page.keyboard.press("2")
    page.wait_for_url("**/?range=1h&domain=smart-home")
    page.keyboard.press("c")
    page.wait_for_url("**/?range=1h")
    page.keyboard.press("d")
    page.wait_for_url("**/dialogues")
    page.keyboard.press("x")
    page.wait_for_url("**/dead-letters")
    page.keyboard.press("o")
    expect(page.locator("[data-number=turns]")).to_have_text("2")


def test_it_is_dark_where_the_system_is(look: Look) -> None:
    background = "getComputedStyle(document.body).backgroundColor"
    assert look(color_scheme="dark").evaluate(background) == DARK
    assert look(color_scheme="light").evaluate(background) == LIGHT


def test_a_chosen_theme_stays(look: Look) -> None:
    page = look(color_scheme="light")
    page.get_by_role("button", name="Switch between light and dark").click()
    background = "getComputedStyle(document.body).backgroundColor"
    assert page.evaluate(background) == DARK
    page.reload()
    assert page.evaluate(background) == DARK
    page.keyboard.press("t")
    assert page.evaluate(background) == LIGHT


@pytest.mark.parametrize("path", ["/", "/dialogues", "/dialogues/lights", "/dead-letters"])
def test_everything_has_a_name_and_one_main_heading(look: Look, path: str) -> None:
    page = look(path)
    expect(page.locator("#pulse")).to_have_text("live")
    assert page.evaluate(NAMELESS) == []
    assert page.evaluate(SHARED_IDS) == []
    expect(page.get_by_role("heading", level=1)).to_have_count(1)
    expect(page.get_by_role("main")).to_have_count(1)
    expect(page.locator("html")).to_have_attribute("lang", "en")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", ["/", "/dialogues/lights"])
def test_text_stands_out_from_its_ground(look: Look, scheme: str, path: str) -> None:
    assert look(path, color_scheme=scheme).evaluate(FAINT) == []


def _tab_to(page: Page, name: str) -> None:
    for _ in range(80):
        page.keyboard.press("Tab")
        if focused(page) == name:
            return
    raise AssertionError(f"#{name} is not reached by Tab")


FAINT = """() => {
  const canvas = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true });
  const over = (ground, css) => {
    canvas.fillStyle = `rgb(${ground.join(',')})`; canvas.fillRect(0, 0, 1, 1);
    canvas.fillStyle = css; canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3);
  };
  const bright = (rgb) => rgb.map((v) => v / 255)
    .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = (e) => over(e ? ground(e.parentElement) : [255, 255, 255],
    e ? getComputedStyle(e).backgroundColor : 'white');
  const faint = [];
  const words = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (words.nextNode()) {
    const e = words.currentNode.parentElement;
    if (!words.currentNode.textContent.trim() || !e.checkVisibility()) continue;
    if (e.closest('svg, script, .visually-hidden')) continue;
    const back = ground(e), a = bright(over(back, getComputedStyle(e).color)), b = bright(back);
    const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (contrast < 4.5) faint.push(`${contrast.toFixed(2)} ${e.outerHTML.slice(0, 120)}`);
  }
  return faint;
}"""
"""Texts whose contrast (WCAG 2.2, 1.4.3) is below 4.5."""

"""Answers that take longer than the page waits between two refreshes."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import APIResponse, Page, Route, expect

from tests.browser.scenes import Stage, content

pytestmark = [pytest.mark.browser, pytest.mark.clickhouse]

A_REFRESH_LATER = "since => performance.now() - since > 3500"


def test_what_changed_while_the_tables_were_under_way_is_shown_in_the_end(
    stage: Stage, look: Callable[..., Page]
) -> None:
    at = datetime.now(UTC) - timedelta(minutes=3)
    stage.store(content("rain", at).events)
    page = look()
    expect(page.locator("#pulse")).to_have_text("live")
    held: list[tuple[Route, APIResponse]] = []

    def hold_the_first(route: Route) -> None:
        if held:
            route.continue_()
        else:
            held.append((route, route.fetch()))

    page.route("**/fragments/tables*", hold_the_first)
    stage.store(content("sun", at, device=1).events)
    expect(page.locator("#tables")).to_have_class("stack htmx-request")
    stage.store(content("snow", at, device=2).events)
    expect(page.locator("[data-number=turns]")).to_have_text("3")
    page.wait_for_function(A_REFRESH_LATER, arg=page.evaluate("performance.now()"))
    ((route, answer),) = held
    route.fulfill(response=answer)
    expect(page.locator("#table-device")).to_contain_text("phone")

"""A page over a real store, and a real Chromium that looks at it."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from infra.clickhouse.migrate import migrate
from infra.clickhouse.store import Store, open_store
from infra.page.pulse import Pulse
from infra.settings import Settings
from tests.browser.running import PATIENCE_S, RunningPage
from tests.browser.scenes import Stage

CHROMIUM = "/usr/bin/chromium"
FLAGS = [
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-default-apps",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-domain-reliability",
    "--metrics-recording-only",
    "--disable-features=Translate,OptimizationHints,MediaRouter,AutofillServerCommunication",
]
expect.set_options(timeout=PATIENCE_S * 1000)


@pytest.fixture
def server_store(clickhouse_settings: Settings) -> Iterator[Store]:
    """Empty tables on a real ClickHouse server."""
    opened = open_store(clickhouse_settings)
    migrate(opened, clickhouse_settings)
    yield opened
    opened.execute(f"DROP DATABASE IF EXISTS {clickhouse_settings.clickhouse_database}")
    opened.close()


@pytest.fixture
def stage(server_store: Store) -> Stage:
    """Writes scenes into the store that the page reads."""
    return Stage(server_store)


@pytest.fixture
def pulse() -> Pulse | None:
    """Nobody tells the page about lag, unless a test is parametrised with somebody who does."""
    return None


@pytest.fixture
def page_settings() -> dict[str, object]:
    """Settings of the page beside its port; a test may be parametrised with others."""
    return {}


@pytest.fixture
def site(
    server_store: Store,
    free_ports: Callable[[int], list[int]],
    pulse: Pulse | None,
    page_settings: dict[str, object],
) -> Iterator[RunningPage]:
    """A running page."""
    page = RunningPage(server_store, free_ports(1)[0], pulse, page_settings)
    page.start()
    yield page
    page.stop()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """One browser for all tests of a file; when it is closed, others may use the event loop again."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def look(chromium: Browser, site: RunningPage) -> Iterator[Callable[..., Page]]:
    """Opens a path of the page in a fresh context; fails the test if a script fails or a policy is violated."""
    contexts = []
    troubles: list[str] = []

    def open_path(path: str = "/", **context: object) -> Page:
        opened = chromium.new_context(viewport={"width": 1280, "height": 900}, **context)  # type: ignore[arg-type]
        contexts.append(opened)
        page = opened.new_page()
        page.on("pageerror", lambda error: troubles.append(f"script: {error}"))
        page.on("console", lambda said: troubles.append(said.text) if "Content Security" in said.text else None)
        page.on("request", lambda r: troubles.append(f"went to {r.url}") if not r.url.startswith(site.url) else None)
        page.goto(site.url + path)
        return page

    yield open_path
    for opened in contexts:
        opened.close()
    assert not troubles

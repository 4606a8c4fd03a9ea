"""Who may see the page, and with which headers."""

from collections.abc import Iterator, Mapping, Sequence

import pytest
from fastapi.testclient import TestClient
from pydantic import SecretStr

from infra.access import OpenToStrangers
from infra.clickhouse.store import StoreUnavailable
from infra.page.access import COOKIE, cookie_of
from infra.page.app import create_app
from infra.settings import Settings

TOKEN = "correct horse battery staple"
HTML = {"accept": "text/html"}


class NoStore:
    """A store that is not there."""

    def insert(self, table: str, columns: Mapping[str, Sequence[object]]) -> None:
        raise StoreUnavailable("no store here")

    def query(self, sql: str, parameters: Mapping[str, object] | None = None) -> list[dict[str, object]]:
        raise StoreUnavailable("no store here")

    def execute(self, sql: str, parameters: Mapping[str, object] | None = None) -> None:
        raise StoreUnavailable("no store here")

    def create_database(self) -> None:
        raise StoreUnavailable("no store here")

    def close(self) -> None: ...


@pytest.fixture
def here() -> Iterator[TestClient]:
    with TestClient(create_app(NoStore(), Settings()), "http://127.0.0.1:8700") as client:
        yield client


@pytest.fixture
def away() -> Iterator[TestClient]:
    settings = Settings(page_host="0.0.0.0", page_token=SecretStr(TOKEN))
    with TestClient(create_app(NoStore(), settings), "http://earshot.example", follow_redirects=False) as client:
        yield client


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.4", "earshot.example"])
@pytest.mark.parametrize("token", [None, SecretStr("")])
def test_a_page_for_other_machines_refuses_to_start_without_a_token(host: str, token: SecretStr | None) -> None:
    with pytest.raises(OpenToStrangers, match="set EARSHOT_PAGE_TOKEN"):
        create_app(NoStore(), Settings(page_host=host, page_token=token))


@pytest.mark.parametrize("host", ["127.0.0.1", "127.3.2.1", "::1", "localhost"])
def test_loopback_needs_no_token(host: str) -> None:
    create_app(NoStore(), Settings(page_host=host))


@pytest.mark.parametrize("path", ["/", "/healthz", "/static/page.css", "/nowhere", "/?range=nonsense"])
def test_every_answer_forbids_foreign_and_inline_scripts(here: TestClient, path: str) -> None:
    policy = here.get(path).headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "unsafe" not in policy


def test_a_rebound_name_does_not_reach_the_open_page(here: TestClient) -> None:
    assert here.get("/healthz", headers={"host": "evil.example"}).status_code == 421


@pytest.mark.parametrize("path", ["/", "/dialogues", "/dead-letters", "/events", "/fragments/tables", "/metrics"])
def test_nothing_is_shown_without_the_token(away: TestClient, path: str) -> None:
    assert away.get(path).status_code == 401
    answer = away.get(path, headers=HTML)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/login?next=/")


def test_a_wrong_bearer_is_refused_and_the_right_one_let_in(away: TestClient) -> None:
    assert away.get("/metrics", headers={"authorization": "Bearer wrong"}).status_code == 401
    assert away.get("/metrics", headers={"authorization": f"Bearer {TOKEN}"}).status_code == 200


def test_health_is_open_to_orchestrators(away: TestClient) -> None:
    assert away.get("/healthz").status_code == 200


def test_logging_in_sets_a_cookie_that_opens_the_page_and_goes_back(away: TestClient) -> None:
    answer = away.post("/login", data={"token": TOKEN, "next": "/dialogues?signal=defect"})
    assert answer.status_code == 303
    assert answer.headers["location"] == "/dialogues?signal=defect"
    cookie = answer.headers["set-cookie"]
    assert TOKEN not in cookie
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert away.get("/metrics", cookies={COOKIE: cookie_of(TOKEN)}).status_code == 200


def test_a_wrong_token_sets_no_cookie(away: TestClient) -> None:
    answer = away.post("/login", data={"token": "wrong"})
    assert answer.status_code == 401
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("elsewhere", ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:1"])
def test_logging_in_never_leads_elsewhere(away: TestClient, elsewhere: str) -> None:
    assert away.post("/login", data={"token": TOKEN, "next": elsewhere}).headers["location"] == "/"


def test_a_huge_login_is_refused(away: TestClient) -> None:
    assert away.post("/login", content=b"token=" + b"x" * 100_000).status_code == 401


def test_without_a_store_the_page_says_so_and_is_not_ready(here: TestClient) -> None:
    answer = here.get("/")
    assert answer.status_code == 503
    assert "no store here" in answer.text
    assert here.get("/readyz").status_code == 503
    assert "earshot_page_store_up 0.0" in here.get("/metrics").text


@pytest.mark.parametrize("path", ["/?range=nonsense", "/events?range=nonsense", "/dialogues?signal=anger"])
def test_an_address_that_means_nothing_is_a_bad_request_with_a_reason(here: TestClient, path: str) -> None:
    answer = here.get(path)
    assert answer.status_code == 400
    assert "is not one of" in answer.text

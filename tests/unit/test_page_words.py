"""Who may read on the page what single people taught: who has the role `words`, and nobody without a token for it."""

from collections.abc import Mapping

import pytest
from fastapi.testclient import TestClient
from pydantic import SecretStr

from infra.page.access import COOKIE, cookie_of
from infra.page.app import create_app
from infra.settings import Settings
from tests.unit.test_page_access import HTML, TOKEN, NoStore

WORDS = "for eyes of few"
PERSON = "/teaching/people?user=u-1"


class OnePreference(NoStore):
    """A store in which somebody likes a band."""

    def query(self, sql: str, parameters: Mapping[str, object] | None = None) -> list[dict[str, object]]:
        if "FROM preferences FINAL" not in sql:
            return super().query(sql, parameters)
        names = "canonical_value stands_for person condition time".split()
        said = {"attribute": "band", "value": "the secret band", "polarity": "like", "scope": "user"}
        return [dict.fromkeys(names, "") | said | {"status": "active", "source": "statement", "at": 1_767_607_200}]


def page(**settings: object) -> TestClient:
    chosen = Settings.model_validate({"page_words_token": SecretStr(WORDS)} | settings)
    base = "http://127.0.0.1:8700" if "page_host" not in settings else "http://earshot.example"
    return TestClient(create_app(OnePreference(), chosen), base, follow_redirects=False)


@pytest.mark.parametrize(
    "carried",
    [
        {"headers": {"authorization": f"Bearer {WORDS}"}},
        {"cookies": {COOKIE: cookie_of(WORDS)}},
    ],
)
def test_the_token_or_its_cookie_opens_the_words_also_from_other_machines(carried: dict[str, dict[str, str]]) -> None:
    for client in (page(), page(page_host="0.0.0.0", page_token=SecretStr(TOKEN))):
        client.cookies.update(carried.get("cookies", {}))
        answer = client.get(PERSON, headers=carried.get("headers"))
        assert answer.status_code == 200
        assert "the secret band" in answer.text


@pytest.mark.parametrize("given", ["", TOKEN, "wrong", cookie_of(WORDS)])
def test_no_other_token_does(given: str) -> None:
    client = page(page_host="0.0.0.0", page_token=SecretStr(TOKEN))
    answer = client.get(PERSON, headers={"authorization": f"Bearer {given}"})
    assert answer.status_code == (403 if given == TOKEN else 401)
    assert "the secret band" not in answer.text


def test_without_a_token_for_it_nobody_has_the_role_and_the_refusal_says_so() -> None:
    for token in (None, SecretStr("")):
        answer = page(page_words_token=token).get(PERSON, headers={"authorization": "Bearer "} | HTML)
        assert answer.status_code == 403
        assert "EARSHOT_PAGE_WORDS_TOKEN" in answer.text


def test_logging_in_with_it_gives_its_cookie_which_opens_the_rest_as_well() -> None:
    client = page(page_host="0.0.0.0", page_token=SecretStr(TOKEN))
    answer = client.post("/login", data={"token": WORDS, "next": "/teaching"})
    assert answer.status_code == 303
    assert answer.cookies[COOKIE] == cookie_of(WORDS)
    assert client.get("/dialogues").status_code == 503  # no store, but no login either
    assert client.get(PERSON).status_code == 200


def test_the_pages_of_rewrites_and_teaching_say_when_the_store_is_away() -> None:
    for path in ("/rewrites", "/rewrites/x", "/teaching"):
        answer = page().get(path, headers=HTML)
        assert answer.status_code == 503
        assert "no store here" in answer.text


def test_rows_of_nobody_cannot_be_counted() -> None:
    answer = page().get("/v1/rows")
    assert (answer.status_code, answer.json()) == (422, {"detail": "say about whom: ?user=ID"})
    assert page().get("/v1/rows?user=u").status_code == 503

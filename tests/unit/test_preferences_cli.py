"""`earshot preferences`: lists, explains and deletes through `serve`."""

from typing import Any

import httpx
import pytest
from click.testing import CliRunner, Result
from fastapi.testclient import TestClient

from infra.settings import Settings
from streams.cli import preferences as command
from streams.serve.client import ServeAway, ServeClient
from tests.unit.test_serve_http import Bench


class ToTheBench(httpx.BaseTransport):
    """Answers from a server in this process."""

    def __init__(self, http: TestClient) -> None:
        self._http = http

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        answer = self._http.request(
            request.method,
            str(request.url.copy_with(host="127.0.0.1", port=None)),
            content=request.content,
            headers=dict(request.headers) | {"host": "127.0.0.1"},
        )
        return httpx.Response(answer.status_code, content=answer.content)


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Bench:
    made = Bench(Settings())
    monkeypatch.setattr(
        command, "_client", lambda _url: ServeClient("http://127.0.0.1", transport=ToTheBench(made.http))
    )
    return made


def run(*arguments: str, **more: Any) -> Result:
    return CliRunner().invoke(command.preferences, list(arguments), **more)


def teach(bench: Bench, value: str, **more: Any) -> str:
    answer = bench.http.post("/v1/users/cy/preferences", json={"attribute": "music", "value": value} | more)
    return str(answer.json()["event_id"])


def test_all_are_listed_with_what_became_of_them(bench: Bench) -> None:
    teach(bench, "jazz")
    teach(bench, "horror", polarity="dislike", condition="for dinner")
    said = run("cy").output
    assert "you like jazz" in said
    assert "you do not like horror for dinner" in said


def test_nothing_known_is_said_so(bench: Bench) -> None:
    assert "nothing is known of nobody" in run("nobody").output


def test_one_is_explained(bench: Bench) -> None:
    said = run("cy", "--explain", teach(bench, "jazz", time="today")).output
    assert "told outright" in said
    assert "holds until" in said


def test_one_is_deleted_and_then_unknown(bench: Bench) -> None:
    one = teach(bench, "jazz")
    assert run("cy", "--delete", one).exit_code == 0
    again = run("cy", "--delete", one)
    assert again.exit_code == 1
    assert "`earshot preferences cy` lists them" in again.output


def test_all_are_deleted_after_a_yes(bench: Bench) -> None:
    teach(bench, "jazz")
    assert run("cy", "--delete-all", input="n\n").exit_code == 1
    assert "forgotten: 1 preferences" in run("cy", "--delete-all", input="y\n").output
    assert "nothing is known" in run("cy").output


def test_two_things_at_once_are_refused(bench: Bench) -> None:
    said = run("cy", "--explain", "a", "--delete-all")
    assert said.exit_code == 2
    assert "cannot be used together" in said.output


def test_a_server_that_is_away_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EARSHOT_SERVE_PORT", "1")
    said = run("cy", "--url", "http://127.0.0.1:1")
    assert isinstance(said.exception, ServeAway)
    assert "127.0.0.1:1 does not answer" in str(said.exception)

"""The assistant's client: it never waits longer than it may, and leaves a server alone that does not answer."""

import json
from collections.abc import Callable

import httpx
import pytest
from pydantic import SecretStr

from schemas.rewrite_decision import DecisionReason
from streams.serve.asked import RewriteRequest
from streams.serve.client import Breaker, Circuit, ServeAway, ServeClient, ServeRefused

ASKED = RewriteRequest(text="play maj and dragons")
ANSWER = {
    "decision_id": "d",
    "rewrite": {"rewrite_id": "r", "text": "play imagine dragons"},
    "arm": "served",
    "reason": "rewritten",
    "index_version": "v",
}


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Server:
    """Answers as it is told to, and counts."""

    def __init__(self) -> None:
        self.asked: list[httpx.Request] = []
        self.answer: Callable[[httpx.Request], httpx.Response] = lambda _: httpx.Response(200, json=ANSWER)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        return self.answer(request)

    def falls_silent(self) -> None:
        def silent(request: httpx.Request) -> httpx.Response:
            raise httpx.ReadTimeout("too late", request=request)

        self.answer = silent


def _client(server: Server, clock: Clock | None = None, token: str | None = None) -> ServeClient:
    breaker = Breaker(open_after=3, open_for_s=2.0, clock=clock or Clock())
    secret = SecretStr(token) if token else None
    return ServeClient(token=secret, breaker=breaker, transport=httpx.MockTransport(server))


def test_an_answer_is_typed() -> None:
    answer = _client(Server()).rewrite(ASKED)
    assert answer.rewrite is not None
    assert (answer.rewrite.text, answer.reason) == ("play imagine dragons", DecisionReason.REWRITTEN)


def test_the_token_is_sent() -> None:
    server = Server()
    _client(server, token="secret").rewrite(ASKED)
    assert server.asked[0].headers["authorization"] == "Bearer secret"


def test_a_server_that_is_silent_is_no_rewrite() -> None:
    server = Server()
    server.falls_silent()
    assert _client(server).rewrite(ASKED).reason is DecisionReason.TIMED_OUT
    assert [one.reason for one in _client(server).rewrites([ASKED, ASKED])] == [DecisionReason.TIMED_OUT] * 2


@pytest.mark.parametrize("content", [b"", b"{}", b"<html>"])
def test_an_answer_that_cannot_be_read_is_no_rewrite(content: bytes) -> None:
    server = Server()
    server.answer = lambda _: httpx.Response(200, content=content)
    assert _client(server).rewrite(ASKED).rewrite is None


def test_after_failures_in_a_row_nothing_is_asked_until_a_trial_goes_well() -> None:
    server, clock = Server(), Clock()
    client = _client(server, clock)
    server.falls_silent()
    for _ in range(5):
        client.rewrite(ASKED)
    assert (len(server.asked), client.breaker.circuit) == (3, Circuit.OPEN)

    clock.now = 2.0
    assert client.breaker.circuit is Circuit.HALF_OPEN
    client.rewrite(ASKED)
    client.rewrite(ASKED)
    assert (len(server.asked), client.breaker.circuit) == (4, Circuit.OPEN)

    clock.now, server.answer = 4.0, lambda _: httpx.Response(200, json=ANSWER)
    assert client.rewrite(ASKED).rewrite is not None
    assert client.breaker.circuit is Circuit.CLOSED


def test_while_a_trial_is_under_way_nobody_else_is_let_through() -> None:
    clock = Clock()
    breaker = Breaker(open_after=1, open_for_s=2.0, clock=clock)
    breaker.failed()
    clock.now = 2.0
    assert breaker.lets_through()
    assert not breaker.lets_through()
    breaker.went_well()
    assert breaker.lets_through()


def test_one_answer_ends_a_row_of_failures() -> None:
    breaker = Breaker(open_after=2)
    for _ in range(3):
        breaker.failed()
        breaker.went_well()
    assert breaker.circuit is Circuit.CLOSED


def test_a_refusal_is_raised_and_does_not_open_the_circuit() -> None:
    server = Server()
    server.answer = lambda _: httpx.Response(401, json={"detail": "send the token"})
    client = _client(server)
    for _ in range(5):
        with pytest.raises(ServeRefused, match="401"):
            client.rewrite(ASKED)
    assert client.breaker.circuit is Circuit.CLOSED


def test_nothing_held_of_a_person_is_none() -> None:
    server = Server()
    server.answer = lambda _: httpx.Response(404, json={"detail": "nothing is held of this id"})
    client = _client(server)
    assert client.known("ann") is None
    assert client.forget("ann") is None
    assert client.preferences("ann", "weather") == []
    assert not client.forget_preference("ann", "p")


def test_ids_and_words_are_quoted_in_addresses() -> None:
    server = Server()
    server.answer = lambda _: httpx.Response(200, json=[])
    _client(server).preferences("a/b?c", "rock & roll", 3)
    assert server.asked[0].url.raw_path == b"/v1/users/a%2Fb%3Fc/preferences?for=rock%20%26%20roll&k=3"


def test_what_must_not_be_lost_is_raised() -> None:
    server = Server()
    server.answer = lambda _: httpx.Response(503, json={"detail": "no broker"})
    with pytest.raises(ServeAway, match="503"):
        _client(server).forget("ann")


def test_a_request_is_sent_as_the_server_reads_it() -> None:
    server = Server()
    _client(server).rewrite(RewriteRequest(text="x", user_id="ann", n_best=("y",)))
    assert json.loads(server.asked[0].content) == {"text": "x", "user_id": "ann", "n_best": ["y"]} | {
        "device": {"child_profile": False},
        "already_rewritten": False,
    }

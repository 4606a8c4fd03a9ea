"""The assistant's side: asks for a rewrite and never costs more than its time-out.

A circuit breaker (Nygard, Release It!, 2007) stops asking a server that does not answer, and tries it again with one
request after a while.
"""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from types import TracebackType
from typing import Final, Self
from urllib.parse import quote

import httpx
from pydantic import SecretStr, TypeAdapter, ValidationError

from schemas.preference import Preference
from schemas.rewrite_decision import DecisionArm, DecisionReason
from streams.errors import StreamError
from streams.serve.asked import RewriteAnswer, RewriteAnswers, RewriteBatch, RewriteRequest
from streams.serve.people import Forgotten, Known, RankedPreference, Teaching
from streams.serve.teaching_dialogues import BeginTeaching, TeachingAnswer, TeachingTurn

OPEN_AFTER: Final = 5
"""Failures in a row after which nothing is asked for a while."""

OPEN_FOR_S: Final = 2.0

_RANKED: Final = TypeAdapter(list[RankedPreference])


class ServeRefused(StreamError):
    """The server answered, and said no; the text says why. `status` is HTTP's."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(f"the server answers {status}: {detail}")
        self.status = status


class ServeAway(StreamError):
    """No answer came in time, or none that can be read."""


class Circuit(StrEnum):
    """Whether requests are let through."""

    CLOSED = "closed"  # all of them
    OPEN = "open"  # none
    HALF_OPEN = "half-open"  # one, to see


@dataclass
class Breaker:
    """Counts failures in a row. Safe for threads. `clock` gives seconds that only grow."""

    open_after: int = OPEN_AFTER
    open_for_s: float = OPEN_FOR_S
    clock: Callable[[], float] = time.monotonic
    _failures: int = 0
    _opened_at: float | None = None
    _trying: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def circuit(self) -> Circuit:
        """How it stands."""
        if self._opened_at is None:
            return Circuit.CLOSED
        return Circuit.HALF_OPEN if self.clock() - self._opened_at >= self.open_for_s else Circuit.OPEN

    def lets_through(self) -> bool:
        """Whether to ask now. Who is let through says afterwards how it went."""
        with self._lock:
            circuit = self.circuit
            if circuit is Circuit.HALF_OPEN and not self._trying:
                self._trying = True
                return True
            return circuit is Circuit.CLOSED

    def went_well(self) -> None:
        """An answer came."""
        with self._lock:
            self._failures, self._opened_at, self._trying = 0, None, False

    def failed(self) -> None:
        """No answer came."""
        with self._lock:
            self._failures += 1
            self._trying = False
            if self._failures >= self.open_after or self._opened_at is not None:
                self._opened_at = self.clock()


class ServeClient:
    """Talks to one server over a pool of connections. Safe for threads; close it, or use it as a context manager.

    `timeout_s` bounds a rewrite; what changes things may take `patience_s`.
    """

    def __init__(
        self,
        url: str = "http://127.0.0.1:8710",
        token: SecretStr | None = None,
        timeout_s: float = 0.06,
        patience_s: float = 10.0,
        breaker: Breaker | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        headers = {"authorization": f"Bearer {token.get_secret_value()}"} if token else {}
        self._http = httpx.Client(base_url=url, headers=headers, timeout=timeout_s, transport=transport)
        self._patience_s = patience_s
        self.breaker = breaker or Breaker()

    def rewrite(self, request: RewriteRequest) -> RewriteAnswer:
        """What to understand instead. Never raises for a server that is away or slow: the answer is then none, with the
        reason. Raises `ServeRefused` for a request or a token that is wrong."""
        try:
            return RewriteAnswer.model_validate_json(self._ask("POST", "/v1/rewrite", _body(request)))
        except (ServeAway, ValidationError):
            return _no_answer()

    def rewrites(self, requests: Sequence[RewriteRequest]) -> list[RewriteAnswer]:
        """The same for many, in their order."""
        if not requests:
            return []
        body = _body(RewriteBatch(requests=tuple(requests)))
        try:
            content = self._ask("POST", "/v1/rewrite/batch", body)
            return list(RewriteAnswers.model_validate_json(content).answers)
        except (ServeAway, ValidationError):
            return [_no_answer() for _ in requests]

    def explain(self, request: RewriteRequest) -> bytes:
        """How an answer comes about, as JSON. Raises `ServeAway`, `ServeRefused`."""
        return self._ask("POST", "/v1/rewrite/explain", _body(request), self._patience_s)

    def known(self, user_id: str) -> Known | None:
        """What is held of a person; None if nothing. Raises `ServeAway`, `ServeRefused`."""
        content = self._about(user_id, "GET")
        return Known.model_validate_json(content) if content is not None else None

    def forget(self, user_id: str) -> Forgotten | None:
        """Forget a person; None where nothing was held. Raises `ServeAway`, `ServeRefused`."""
        content = self._about(user_id, "DELETE")
        return Forgotten.model_validate_json(content) if content is not None else None

    def preferences(self, user_id: str, request: str | None = None, k: int = 5) -> list[RankedPreference]:
        """A person's preferences; with a request, the `k` that matter for it. Raises `ServeAway`, `ServeRefused`."""
        query = f"?for={quote(request, safe='')}&k={k}" if request is not None else ""
        content = self._about(user_id, "GET", f"/preferences{query}")
        return _RANKED.validate_json(content) if content is not None else []

    def preference(self, user_id: str, preference_id: str) -> Preference | None:
        """One of a person's preferences; None for an id that is not theirs. Raises `ServeAway`, `ServeRefused`."""
        content = self._about(user_id, "GET", f"/preferences/{quote(preference_id, safe='')}")
        return Preference.model_validate_json(content) if content is not None else None

    def teach(self, user_id: str, taught: Teaching) -> Preference:
        """Teach outright; it holds when this returns. Raises `ServeAway`, `ServeRefused`."""
        content = self._about(user_id, "POST", "/preferences", _body(taught))
        if content is None:
            raise ServeRefused(404, "no such place")
        return Preference.model_validate_json(content)

    def forget_preference(self, user_id: str, preference_id: str) -> bool:
        """Forget one; whether it was there. Raises `ServeAway`, `ServeRefused`."""
        return self._about(user_id, "DELETE", f"/preferences/{quote(preference_id, safe='')}") is not None

    def begin_teaching(self, user_id: str, begin: BeginTeaching) -> TeachingTurn:
        """Begin a teaching dialogue. Raises `ServeAway`, `ServeRefused`."""
        path = f"/v1/users/{quote(user_id, safe='')}/teaching"
        return TeachingTurn.model_validate_json(self._ask("POST", path, _body(begin), self._patience_s))

    def answer_teaching(self, user_id: str, teaching_id: str, text: str) -> TeachingTurn:
        """What the person said in a teaching dialogue. Raises `ServeAway`, `ServeRefused`: 410 once it is over."""
        path = f"/v1/users/{quote(user_id, safe='')}/teaching/{quote(teaching_id, safe='')}/answer"
        content = self._ask("POST", path, _body(TeachingAnswer(text=text)), self._patience_s)
        return TeachingTurn.model_validate_json(content)

    def forget_preferences(self, user_id: str) -> int:
        """Forget all preferences of a person; how many there were. Raises `ServeAway`, `ServeRefused`."""
        content = self._about(user_id, "DELETE", "/preferences")
        return Forgotten.model_validate_json(content).preferences if content is not None else 0

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _about(self, user_id: str, method: str, path: str = "", body: bytes | None = None) -> bytes | None:
        try:
            return self._ask(method, f"/v1/users/{quote(user_id, safe='')}{path}", body, self._patience_s)
        except ServeRefused as refused:
            if refused.status == httpx.codes.NOT_FOUND:
                return None
            raise

    def _ask(self, method: str, path: str, body: bytes | None, timeout_s: float | None = None) -> bytes:
        if not self.breaker.lets_through():
            raise ServeAway(f"{self._http.base_url} did not answer {self.breaker.open_after} times; it is left alone")
        headers = {"content-type": "application/json"} if body is not None else {}
        timeout = httpx.USE_CLIENT_DEFAULT if timeout_s is None else timeout_s
        try:
            answer = self._http.request(method, path, content=body, headers=headers, timeout=timeout)
        except httpx.HTTPError as fault:
            self.breaker.failed()
            raise ServeAway(f"{self._http.base_url} does not answer: {type(fault).__name__}") from fault
        if answer.is_server_error:
            self.breaker.failed()
            raise ServeAway(f"{self._http.base_url} answers {answer.status_code}: {answer.text[:200]}")
        self.breaker.went_well()
        if answer.is_error:
            raise ServeRefused(answer.status_code, answer.text[:500])
        return answer.content


def _body(sent: RewriteRequest | RewriteBatch | Teaching | BeginTeaching | TeachingAnswer) -> bytes:
    return sent.model_dump_json(exclude_none=True).encode()


def _no_answer() -> RewriteAnswer:
    return RewriteAnswer(
        decision_id="none", arm=DecisionArm.NONE, reason=DecisionReason.TIMED_OUT, index_version="none"
    )

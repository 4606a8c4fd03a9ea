"""What the assistant asks before every answer, without what FastAPI does for a request: it costs a third.

Only well-formed requests from who may ask are answered here; all others take the ordinary way, so that what is refused,
and in which words, is said in one place. So is what is published of the two endpoints.
"""

from collections.abc import Awaitable, Callable
from typing import Final

from pydantic import TypeAdapter, ValidationError
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from streams.serve.access import Caller, caller_of
from streams.serve.asked import RewriteAnswer, RewriteAnswers, RewriteBatch, RewriteRequest
from streams.serve.service import RewriteService

_JSON: Final = b"application/json"
_REQUEST: Final = TypeAdapter(RewriteRequest)
_BATCH: Final = TypeAdapter(RewriteBatch)
_ANSWER: Final = TypeAdapter(RewriteAnswer)
_ANSWERS: Final = TypeAdapter(RewriteAnswers)

Answering = Callable[[bytes, Caller], Awaitable[bytes | None]]
"""Body and caller to the answer's body; None where it is not well-formed, or not this caller's to ask."""


class AskedOften:
    """ASGI middleware behind `Gate`: answers `POST /v1/rewrite` and `/v1/rewrite/batch`, and hands on the rest."""

    def __init__(self, app: ASGIApp, service: RewriteService) -> None:
        self._app = app
        self._service = service
        self._answering: dict[str, Answering] = {"/v1/rewrite": self._one, "/v1/rewrite/batch": self._many}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        answering = self._answering.get(scope["path"]) if _sends_json(scope) else None
        if answering is None:
            await self._app(scope, receive, send)
            return
        parts: list[Message] = [await receive()]
        while parts[-1].get("more_body"):
            parts.append(await receive())
        answer = await answering(b"".join(part.get("body", b"") for part in parts), caller_of(scope))
        if answer is None:
            await self._app(scope, _again(parts, receive), send)
            return
        headers = [(b"content-length", b"%d" % len(answer)), (b"content-type", _JSON)]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": answer})

    async def _one(self, body: bytes, caller: Caller) -> bytes | None:
        try:
            asked = _REQUEST.validate_json(body)
        except ValidationError:
            return None
        return _ANSWER.dump_json(await self._service.answer(asked)) if caller.may_ask_about(asked.user_id) else None

    async def _many(self, body: bytes, caller: Caller) -> bytes | None:
        try:
            asked = _BATCH.validate_json(body)
        except ValidationError:
            return None
        if not all(caller.may_ask_about(one.user_id) for one in asked.requests):
            return None
        return _ANSWERS.dump_json(RewriteAnswers(answers=tuple(await self._service.answers(asked.requests))))


def _sends_json(scope: Scope) -> bool:
    return (
        scope["type"] == "http"
        and scope["method"] == "POST"
        and any(value == _JSON for name, value in scope["headers"] if name == b"content-type")
    )


def _again(parts: list[Message], receive: Receive) -> Receive:
    """What was received, once more, and then what comes."""
    left = iter(parts)

    async def received() -> Message:
        part = next(left, None)
        return part if part is not None else await receive()

    return received

"""Who may ask what: the assistant everything; a person, with a token of their own, only about themselves."""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from functools import lru_cache
from hashlib import sha256
from http import HTTPStatus
from typing import Annotated, Final
from urllib.parse import urlsplit

from fastapi import Depends, HTTPException, Request
from pydantic import SecretStr
from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from infra.access import bearer, is_loopback, same_secret

_OPEN_PATHS: Final = ("/healthz", "/readyz")
_CALLER: Final = "earshot.caller"


def user_token(secret: SecretStr, user_id: str) -> str:
    """The token of one person; it is as good as the assistant's for what is theirs, and for nothing else."""
    name = urlsafe_b64encode(user_id.encode()).decode().rstrip("=")
    return f"user.{name}.{_signature(secret.get_secret_value(), user_id)}"


class Caller:
    """Who asks. `user_id` is None for the assistant itself."""

    __slots__ = ("user_id",)

    def __init__(self, user_id: str | None) -> None:
        self.user_id = user_id

    def may_ask_about(self, user_id: str | None) -> bool:
        """Whether this caller is the assistant, or this very person."""
        return self.user_id is None or self.user_id == user_id

    def require(self, user_id: str | None) -> None:
        """Raises 403 unless this caller may ask about this person. Whether such a person is known is not told."""
        if not self.may_ask_about(user_id):
            raise HTTPException(HTTPStatus.FORBIDDEN, "this token is another person's")

    def require_assistant(self) -> None:
        """Raises 403 for a person's token."""
        if self.user_id is not None:
            raise HTTPException(HTTPStatus.FORBIDDEN, "this takes the assistant's token, not a person's")


def caller_of(scope: Scope) -> Caller:
    """Whom `Gate` let in."""
    caller: Caller = scope[_CALLER]
    return caller


async def _caller(request: Request) -> Caller:
    # As a plain function it would cost every request a hop to another thread and back.
    return caller_of(request.scope)


Asking = Annotated[Caller, Depends(_caller)]
"""The caller, as an endpoint's parameter."""


class Gate:
    """ASGI middleware: 401 without a token, when one is set.

    Without one it answers only on loopback and only to the machine's own names, so that no web site reaches it by
    rebinding a name.
    """

    def __init__(self, app: ASGIApp, host: str, token: SecretStr | None) -> None:
        self._app = app
        self._local = is_loopback(host)
        self._secret = token.get_secret_value() if token else ""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            refusal = self._refusal(scope)
            if refusal is not None:
                await refusal(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _refusal(self, scope: Scope) -> Response | None:
        scope[_CALLER] = Caller(None)
        if not self._secret:
            named = next((value for name, value in scope["headers"] if name == b"host"), b"")
            host = _hostname(named) if named else HTTPConnection(scope).url.hostname or ""
            if not (self._local and _is_here(host)):
                return _problem(HTTPStatus.MISDIRECTED_REQUEST, f"this server is not {host!r}")
            return None
        if scope["path"] in _OPEN_PATHS:
            return None
        given = bearer(Headers(scope=scope))
        if same_secret(given, self._secret):
            return None
        user_id = _user_of(given, self._secret)
        if user_id is None:
            return _problem(HTTPStatus.UNAUTHORIZED, "send the token as `Authorization: Bearer ...`")
        scope[_CALLER] = Caller(user_id)
        return None


_is_here: Final = lru_cache(maxsize=64)(is_loopback)


@lru_cache(maxsize=64)
def _hostname(named: bytes) -> str:
    """The name in a host header, without its port; empty where it cannot be read."""
    try:
        return urlsplit(f"http://{named.decode('ascii')}/").hostname or ""
    except ValueError:
        return ""


def _user_of(given: str, secret: str) -> str | None:
    kind, _, rest = given.partition(".")
    name, _, signature = rest.partition(".")
    if kind != "user" or not signature:
        return None
    try:
        user_id = urlsafe_b64decode(name + "=" * (-len(name) % 4)).decode()
    except ValueError:
        return None
    return user_id if same_secret(signature, _signature(secret, user_id)) else None


def _signature(secret: str, user_id: str) -> str:
    return hmac.new(secret.encode(), b"earshot user " + user_id.encode(), sha256).hexdigest()


def _problem(status: HTTPStatus, detail: str) -> Response:
    headers = {"www-authenticate": "Bearer"} if status is HTTPStatus.UNAUTHORIZED else None
    return JSONResponse({"detail": detail}, status, headers)

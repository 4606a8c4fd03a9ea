"""Who may see the page: everybody on this machine; from elsewhere, who holds the token. What single people taught, in
their words, is for who has the role `words`: it has a token of its own, which opens everything else as well."""

import hmac
from hashlib import sha256
from http import HTTPStatus
from urllib.parse import parse_qs, quote

from pydantic import SecretStr
from starlette.datastructures import URL
from starlette.requests import HTTPConnection, Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from infra.access import bearer, is_loopback, same_secret

COOKIE = "earshot-page"
_COOKIE_AGE_S = 12 * 3600
_OPEN_PATHS = ("/login", "/static/", "/healthz", "/readyz")
_MOST_LOGIN_BYTES = 4096

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = (
    (b"content-security-policy", CONTENT_SECURITY_POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
)


class Door:
    """ASGI middleware: security headers on every answer; 401 or the login page without token, when one is set.

    On loopback it answers only to the machine's own names, so that no web site reaches it by rebinding a name.
    """

    def __init__(self, app: ASGIApp, host: str, token: SecretStr | None, words_token: SecretStr | None = None) -> None:
        self._app = app
        self._loopback = is_loopback(host)
        self._token = token.get_secret_value() if token else ""
        self._words_token = words_token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def guarded(message: dict[str, object]) -> None:
            if message["type"] == "http.response.start":
                held = message.get("headers") or ()
                message["headers"] = [*held, *_HEADERS]  # type: ignore[misc]
            await send(message)

        refusal = self._refusal(HTTPConnection(scope))
        await (refusal or self._app)(scope, receive, guarded)  # type: ignore[arg-type]

    def _refusal(self, asked: HTTPConnection) -> Response | None:
        if self._loopback and not self._token:
            host = asked.url.hostname or ""
            if not is_loopback(host):
                return PlainTextResponse(f"this page is not {host!r}\n", HTTPStatus.MISDIRECTED_REQUEST)
            return None
        if not self._token or asked.url.path.startswith(_OPEN_PATHS) or self._knows(asked):
            return None
        if "text/html" in asked.headers.get("accept", ""):
            return RedirectResponse(f"/login?next={quote(_path(asked.url))}", HTTPStatus.SEE_OTHER)
        return PlainTextResponse(
            "send the token as `Authorization: Bearer ...`\n",
            HTTPStatus.UNAUTHORIZED,
            {"www-authenticate": "Bearer"},
        )

    def _knows(self, asked: HTTPConnection) -> bool:
        cookie = asked.cookies.get(COOKIE, "")
        own = same_secret(bearer(asked.headers), self._token) or same_secret(cookie, cookie_of(self._token))
        return own or may_read_words(asked, self._words_token)


def may_read_words(asked: HTTPConnection, words_token: SecretStr | None) -> bool:
    """Whether a request comes with the token of the role `words`, or the cookie that stands for it."""
    expected = words_token.get_secret_value() if words_token else ""
    if not expected:
        return False
    cookie = asked.cookies.get(COOKIE, "")
    return same_secret(bearer(asked.headers), expected) or same_secret(cookie, cookie_of(expected))


async def log_in(request: Request, *tokens: SecretStr | None) -> Response | str:
    """Answers a posted login form: a redirect with the cookie; where it is none of the tokens, the path that the person
    wanted to go to."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > _MOST_LOGIN_BYTES:
            return "/"
    form = parse_qs(body.decode("utf-8", "replace"))
    given = form.get("token", [""])[0].strip()
    goal = _own_path(form.get("next", ["/"])[0])
    secrets = [token.get_secret_value() for token in tokens if token]
    expected = next((secret for secret in secrets if secret and same_secret(given, secret)), None)
    if expected is None:
        return goal
    answer = RedirectResponse(goal, HTTPStatus.SEE_OTHER)
    answer.set_cookie(
        COOKIE,
        cookie_of(expected),
        max_age=_COOKIE_AGE_S,
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )
    return answer


def cookie_of(token: str) -> str:
    """What the cookie holds: a digest, so that a leaked cookie is not the token."""
    return hmac.new(token.encode(), b"earshot page cookie", sha256).hexdigest()


def _path(url: URL) -> str:
    return f"{url.path}?{url.query}" if url.query else url.path


def _own_path(path: str) -> str:
    """Only a path of this page: never another site's address."""
    return path if path.startswith("/") and not path.startswith(("//", "/\\")) else "/"

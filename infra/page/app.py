"""The live page as an ASGI application."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.responses import PlainTextResponse, Response
from fastapi.staticfiles import StaticFiles
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sse_starlette import EventSourceResponse, ServerSentEvent

from infra.access import refuse_strangers
from infra.clickhouse.store import Store
from infra.page import metrics
from infra.page.access import Door, log_in
from infra.page.learning_pages import LearningPages
from infra.page.live import TICK_S, Live
from infra.page.pages import FOLDER, Pages
from infra.page.pulse import Pulse
from infra.page.queries import Dashboard
from infra.page.reader import Reader, StoreAway, StoreState
from infra.page.summary import summary_router
from infra.page.told import Teller
from infra.page.view import BadAddress, View
from infra.settings import Settings

_ASKS_FOR_TOKEN = (
    "This page asks for the token set as EARSHOT_PAGE_TOKEN, or, to read what single people taught as well, for that of"
    " EARSHOT_PAGE_WORDS_TOKEN."
)
_NO_TICK_S = 3 * TICK_S
_SEND_TIMEOUT_S = 20


def create_app(store: Store, settings: Settings, pulse: Pulse | None = None) -> FastAPI:
    """The page over `store`; `pulse` tells consumer lag, without it the page says "not known".

    Raises OpenToStrangers when `settings.page_host` is not loopback and `settings.page_token` is not set.
    """
    refuse_strangers(settings.page_host, settings.page_token, "the page", "EARSHOT_PAGE")
    dashboard, reader = Dashboard(store), Reader()
    live = Live(dashboard, reader, pulse)
    pages = Pages(dashboard, reader, live)
    learning = LearningPages(pages, dashboard, reader, live, settings.page_words_token)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with live.running():
            yield

    app = FastAPI(title="Earshot", lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    app.state.end_streams = live.end
    app.add_middleware(Door, host=settings.page_host, token=settings.page_token, words_token=settings.page_words_token)
    app.mount("/static", StaticFiles(directory=FOLDER / "static"), name="static")
    app.include_router(pages.router)
    app.include_router(learning.router)
    app.include_router(summary_router(live, reader, dashboard))
    _add_stream(app, live, reader)
    _add_health(app, live, reader, dashboard)
    _add_login(app, pages, settings)
    _add_errors(app, pages)
    return app


def _add_stream(app: FastAPI, live: Live, reader: Reader) -> None:
    @app.get("/events", include_in_schema=False)
    async def events(request: Request) -> Response:
        """Server-sent events: one `told` a second (see `infra.page.told`) for a view, or for the status alone."""
        only_status = request.query_params.get("only") == "status"
        view = None if only_status else View.from_query(request.query_params)
        return EventSourceResponse(
            _tell(live, reader, view), send_timeout=_SEND_TIMEOUT_S, headers={"cache-control": "no-store"}
        )


async def _tell(live: Live, reader: Reader, view: View | None) -> AsyncIterator[ServerSentEvent]:
    teller, slow_since = Teller(), None
    with live.watching(view):
        while not live.ended:
            try:
                async with asyncio.timeout(_NO_TICK_S):
                    await live.next_tick()
                if live.ended:
                    return
                slow_since = None
            except TimeoutError:
                slow_since = slow_since or datetime.now(UTC)
            state = StoreState(False, slow_since, "It takes long to answer.") if slow_since else reader.state
            figures = live.held(view) if view else None
            said = teller.tell(state, live.health, live.mark, figures)
            metrics.UPDATES.inc()
            yield ServerSentEvent(data=said.decode(), event="told", retry=1500)


def _add_health(app: FastAPI, live: Live, reader: Reader, dashboard: Dashboard) -> None:
    @app.get("/healthz", include_in_schema=False)
    async def healthz() -> Response:
        """200 while the poller runs."""
        if live.alive:
            return PlainTextResponse("ok\n")
        return PlainTextResponse("the poller has ended; start the page again\n", HTTPStatus.SERVICE_UNAVAILABLE)

    @app.get("/readyz", include_in_schema=False)
    async def readyz() -> Response:
        """200 when the store answers."""
        try:
            await reader.ask(dashboard.mark)
        except StoreAway as away:
            return PlainTextResponse(f"the store does not answer: {away}\n", HTTPStatus.SERVICE_UNAVAILABLE)
        return PlainTextResponse("ok\n")

    @app.get("/metrics", include_in_schema=False)
    async def prometheus() -> Response:
        """What Prometheus reads."""
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


def _add_login(app: FastAPI, pages: Pages, settings: Settings) -> None:
    def form(request: Request, wrong: bool, goal: str) -> Response:
        message = "That is not the token." if wrong else _ASKS_FOR_TOKEN
        status = HTTPStatus.UNAUTHORIZED if wrong else HTTPStatus.OK
        return pages.message(request, "Log in", message, status, login=True, wrong=wrong, next=goal)

    @app.get("/login", include_in_schema=False)
    async def login(request: Request) -> Response:
        """Asks for the token."""
        return form(request, False, request.query_params.get("next", "/"))

    @app.post("/login", include_in_schema=False)
    async def enter(request: Request) -> Response:
        """Takes the token and sets the cookie."""
        answer = await log_in(request, settings.page_token, settings.page_words_token)
        return form(request, True, answer) if isinstance(answer, str) else answer


def _add_errors(app: FastAPI, pages: Pages) -> None:
    @app.exception_handler(BadAddress)
    async def bad_address(request: Request, error: Exception) -> Response:
        return pages.message(request, "This address means nothing", str(error), HTTPStatus.BAD_REQUEST)

    @app.exception_handler(StoreAway)
    async def store_away(_: Request, error: Exception) -> Response:
        return PlainTextResponse(f"the store does not answer: {error}\n", HTTPStatus.SERVICE_UNAVAILABLE)

    @app.exception_handler(HTTPStatus.NOT_FOUND)
    async def not_found(request: Request, _: Exception) -> Response:
        return pages.message(request, "No such page", "Nothing lies at this address.", HTTPStatus.NOT_FOUND)

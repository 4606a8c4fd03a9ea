"""The pages about what Earshot learns: rewrites, and what people taught."""

import asyncio
import time
from collections.abc import Sequence
from http import HTTPStatus

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response
from pydantic import SecretStr

from infra.page.access import may_read_words
from infra.page.live import Live
from infra.page.pages import Pages
from infra.page.queries import Dashboard
from infra.page.reader import Reader, StoreAway
from infra.page.rewrite_figures import LAYERS, Decisions, RewriteLists
from infra.page.stacked import Stacked, stacked
from infra.page.teaching import Obedience, Taught
from infra.page.text import moment, percent
from infra.page.view import UNKNOWN, Facet, View
from infra.page.window import Window, utc

LISTS_FOR_S = 2.0
TAUGHT_HUES = ("taught", "declined")
OBEYED_HUES = ("obeyed", "ignored")


class LearningPages:
    """Renders the pages of rewrites and of teaching."""

    def __init__(
        self, pages: Pages, dashboard: Dashboard, reader: Reader, live: Live, words_token: SecretStr | None
    ) -> None:
        self._pages = pages
        self._dashboard = dashboard
        self._reader = reader
        self._live = live
        self._words_token = words_token
        self._listing = asyncio.Lock()
        self._listed: RewriteLists | None = None
        self._listed_at = 0.0
        self.router = APIRouter()
        for path, page in (
            ("/rewrites", self.rewrites),
            ("/rewrites/{rewrite_id:path}", self.rewrite),
            ("/teaching", self.teaching),
            ("/teaching/people", self.person),
        ):
            self.router.add_api_route(path, page, methods=["GET"], response_class=HTMLResponse, include_in_schema=False)
        self.router.add_api_route("/v1/rows", self.rows, methods=["GET"], include_in_schema=False)

    async def rewrites(self, request: Request) -> Response:
        """What was decided in a time range, and which rewrites do well."""
        asked = View.from_query(request.query_params)
        domain = asked.chosen.get(Facet.DOMAIN)
        view = View(asked.range, ((Facet.DOMAIN, domain),) if domain is not None else ())
        window, decisions, lists, away = None, None, None, None
        try:
            window = await self._live.window(view)
            named = "" if domain == UNKNOWN else domain
            decisions = await self._reader.ask(self._dashboard.rewrites.decisions, window, named)
            lists = await self._lists()
        except StoreAway as error:
            away = error
        return self._pages.render(
            request,
            "rewrites.html",
            view,
            window,
            away=away,
            here="rewrites",
            path="/rewrites",
            decisions=decisions,
            lists=lists,
            chart=_coverage(window, decisions) if window and decisions else None,
            layers=LAYERS,
        )

    async def _lists(self) -> RewriteLists:
        """Shared between all who ask within a few seconds."""
        async with self._listing:
            if self._listed is None or time.monotonic() - self._listed_at >= LISTS_FOR_S:
                began = time.monotonic()
                self._listed = await self._reader.ask(self._dashboard.rewrites.lists)
                self._listed_at = began
            return self._listed

    async def rewrite(self, request: Request, rewrite_id: str) -> Response:
        """One rewrite: why it is there, how it does, and the ways that people went."""
        row, away = None, None
        try:
            row = await self._reader.ask(self._dashboard.rewrites.one, rewrite_id)
        except StoreAway as error:
            away = error
        if row is None and away is None:
            return self._pages.message(
                request,
                "No such rewrite",
                f"The table has no rewrite {rewrite_id!r}. It may have been taken back since; "
                "`earshot rewrites list` shows those that stand on the topic.",
                HTTPStatus.NOT_FOUND,
            )
        return self._pages.render(
            request, "rewrite.html", View(), None, away=away, here="rewrites", rewrite_id=rewrite_id, row=row
        )

    async def teaching(self, request: Request) -> Response:
        """What people taught, by day and by attribute; nobody's words."""
        taught, away = None, None
        try:
            taught = await self._reader.ask(self._dashboard.teaching.taught)
        except StoreAway as error:
            away = error
        return self._pages.render(
            request,
            "teaching.html",
            View(),
            None,
            away=away,
            here="teaching",
            taught=taught,
            chart=_by_day(taught) if taught else None,
            obeyed_chart=_obeyed_by_day(taught.obedience) if taught else None,
            reads_words=may_read_words(request, self._words_token),
        )

    async def person(self, request: Request) -> Response:
        """What one person taught, in their words, for who has the role; 403 for everybody else."""
        if not may_read_words(request, self._words_token):
            return self._pages.message(request, "Not for this role", self._refusal(), HTTPStatus.FORBIDDEN)
        user = request.query_params.get("user", "").strip()
        rows, away = None, None
        try:
            rows = await self._reader.ask(self._dashboard.teaching.words, user)
        except StoreAway as error:
            away = error
        return self._pages.render(
            request, "person.html", View(), None, away=away, here="teaching", user=user, rows=rows
        )

    async def rows(self, request: Request) -> Response:
        """How many rows every table holds about a person: `?user=ID`. 503 while the store does not answer."""
        user = request.query_params.get("user", "")
        if not user:
            return JSONResponse({"detail": "say about whom: ?user=ID"}, HTTPStatus.UNPROCESSABLE_ENTITY)
        return JSONResponse(await self._reader.ask(self._dashboard.rows_of, user))

    def _refusal(self) -> str:
        if self._words_token is None:
            return (
                "What single people taught, in their words, is for the role `words` alone, and nobody has it:"
                " EARSHOT_PAGE_WORDS_TOKEN is not set."
            )
        return (
            "What single people taught, in their words, is for the role `words` alone:"
            " log in at /login with the token set as EARSHOT_PAGE_WORDS_TOKEN."
        )


def _coverage(window: Window, decisions: Decisions) -> Stacked:
    """The share of decisions that served a rewrite, by layer, bucket by bucket."""
    bars: list[tuple[str, Sequence[float]]] = []
    for at in window.buckets:
        arms = decisions.buckets.get(at)
        if arms is None:
            bars.append((f"{moment(at)}: nothing was asked", [0.0] * len(LAYERS)))
            continue
        shares = [arms.by_layer.get(layer, 0) / arms.decisions for layer, _ in LAYERS]
        told = ", ".join(f"{name.lower()} {percent(share)}" for (_, name), share in zip(LAYERS, shares, strict=True))
        bars.append((f"{moment(at)}: {percent(arms.coverage.value)} of {arms.decisions:,} rewritten ({told})", shares))
    return stacked([layer for layer, _ in LAYERS], bars)


def _by_day(taught: Taught) -> Stacked:
    return stacked(
        TAUGHT_HUES,
        [
            (
                f"{utc(day):%Y-%m-%d}: {changes.taught:,} taught, {changes.declined:,} declined",
                (float(changes.taught), float(changes.declined)),
            )
            for day, changes in taught.days
        ],
    )


def _obeyed_by_day(obedience: Obedience) -> Stacked:
    return stacked(
        OBEYED_HUES,
        [
            (
                f"{utc(day):%Y-%m-%d}: {outcomes.obeyed:,} obeyed, {outcomes.ignored:,} ignored",
                (float(outcomes.obeyed), float(outcomes.ignored)),
            )
            for day, outcomes in obedience.days
        ],
    )

"""The pages: addresses in, HTML out."""

from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response
from fastapi.templating import Jinja2Templates
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from infra.page import text
from infra.page.alarms import FAILURES, banner
from infra.page.figures import Tables
from infra.page.health import Health, newest_label
from infra.page.live import Live
from infra.page.queries import Dashboard
from infra.page.reader import Reader, StoreAway
from infra.page.tiles import tiles
from infra.page.timeline import timeline
from infra.page.told import first_payload, mark_text
from infra.page.view import PAGE_ROWS, UNKNOWN, Facet, Listing, Signal, View
from infra.page.window import Range, Window, utc

FOLDER: Final = Path(__file__).parent
_FIXED_RANGES = tuple(kind for kind in Range if kind is not Range.CUSTOM)


class Chart(NamedTuple):
    """A chart's place on the overview; its lines are drawn by `static/charts.js`."""

    key: str
    title: str


class Below(NamedTuple):
    """What stands below the charts."""

    tables: Tables
    health: Health
    newest: str


_FAILURES_CHART = Chart("failures", "Failure points")
_CHARTS = (Chart("turns", "Turns"), Chart("feedback", "Feedback"), Chart("defects", "Defects"))


class Pages:
    """Renders every page and fragment."""

    def __init__(self, dashboard: Dashboard, reader: Reader, live: Live) -> None:
        self._dashboard = dashboard
        self._reader = reader
        self._live = live
        self.templates = _templates()
        self.router = APIRouter()
        for path, page in (
            ("/", self.overview),
            ("/fragments/tables", self.tables),
            ("/fragments/alarms", self.alarms),
            ("/fragments/series", self.series),
            ("/dialogues", self.dialogues),
            ("/dialogues/{dialogue_id:path}", self.dialogue),
            ("/dead-letters", self.dead_letters),
        ):
            self.router.add_api_route(path, page, methods=["GET"], response_class=HTMLResponse, include_in_schema=False)

    async def overview(self, request: Request) -> Response:
        """The big numbers, charts and tables of a view."""
        view = View.from_query(request.query_params)
        try:
            figures = await self._live.figures(view)
            tables = await self._live.tables(view, figures.window)
            await self._live.refresh_health()
        except StoreAway as away:
            return self.render(request, "overview.html", view, None, away=away, figures=None)
        return self.render(
            request,
            "overview.html",
            view,
            figures.window,
            figures=figures,
            tiles=tiles(view, figures.window, figures.totals),
            charts=_CHARTS,
            failures=_FAILURES_CHART if figures.totals.now.judged else None,
            payload=first_payload(figures),
            below=self._below(tables),
            banner=banner(view, tables.open_alarms, figures.extent),
            mark=mark_text(self._live.mark_of_tables(view)),
        )

    async def alarms(self, request: Request) -> Response:
        """The banner of open alarms, alone; nothing when it is the one that the client has (`seen`)."""
        view = View.from_query(request.query_params)
        tables = await self._live.tables(view, await self._live.window(view))
        shown = banner(view, tables.open_alarms, self._live.mark.extent)
        if request.query_params.get("seen") == shown.mark:
            return Response(status_code=HTTPStatus.NO_CONTENT)
        return self.render(request, "parts/alarms.html", view, None, banner=shown)

    async def tables(self, request: Request) -> Response:
        """What stands below the charts, alone."""
        view = View.from_query(request.query_params)
        window = await self._live.window(view)
        tables = await self._live.tables(view, window, current=True)
        await self._live.refresh_health()
        return self.render(request, "parts/tables.html", view, window, below=self._below(tables))

    async def series(self, request: Request) -> Response:
        """The charts as a table, newest bucket first; empty buckets are left out."""
        view = View.from_query(request.query_params)
        figures = await self._live.figures(view)
        rows = sorted(figures.series.rows.items(), reverse=True)
        return self.render(request, "parts/series.html", view, figures.window, rows=rows)

    async def dialogues(self, request: Request) -> Response:
        """The dialogues behind a figure."""
        listing = Listing.from_query(request.query_params)
        window, rows, away = None, None, None
        try:
            window = await self._live.window(listing.view)
            rows = await self._reader.ask(self._dashboard.dialogues, listing, window)
        except StoreAway as error:
            away = error
        extra = {"signal": listing.signal.value} if listing.signal else {}
        chips = []
        if listing.request is not None:
            chips.append((f"Request: {listing.request}", listing.view.url("/dialogues", **extra)))
            extra["request"] = listing.request
        return self.render(
            request,
            "dialogues.html",
            listing.view,
            window,
            away=away,
            here="dialogues",
            path="/dialogues",
            listing=listing,
            heading=_heading(listing),
            rows=rows[:PAGE_ROWS] if rows is not None else None,
            more=rows is not None and len(rows) > PAGE_ROWS,
            narrowed_to=_narrowed_to(listing),
            extra=extra,
            chips=chips,
        )

    async def dialogue(self, request: Request, dialogue_id: str) -> Response:
        """One dialogue, turn by turn."""
        story, away = None, None
        try:
            story = await self._reader.ask(self._dashboard.dialogue, dialogue_id)
        except StoreAway as error:
            away = error
        if story is None and away is None:
            return self.message(
                request,
                "No such dialogue",
                f"The store has no turn of the dialogue {dialogue_id!r}. It may have been dropped with its month.",
                HTTPStatus.NOT_FOUND,
            )
        turns = story.turns if story else ()
        following = [*turns[1:], None]
        return self.render(
            request,
            "dialogue.html",
            View(),
            None,
            away=away,
            here="dialogues",
            dialogue_id=dialogue_id,
            story=story,
            turns=[(turn, timeline(turn, after)) for turn, after in zip(turns, following, strict=False)],
            positions={turn.turn_id: n for n, turn in enumerate(turns, 1)},
        )

    async def dead_letters(self, request: Request) -> Response:
        """Records that could not be used, newest first."""
        cause = request.query_params.get("cause") or None
        page = Listing.from_query(request.query_params).page
        rows, away = None, None
        try:
            rows = await self._reader.ask(self._dashboard.dead_letters, cause, page)
        except StoreAway as error:
            away = error

        def page_url(number: int) -> str:
            held = {"cause": cause, "page": str(number) if number else None}
            return "/dead-letters?" + urlencode({name: value for name, value in held.items() if value})

        return self.render(
            request,
            "dead_letters.html",
            View(),
            None,
            away=away,
            here="dead-letters",
            rows=rows[:PAGE_ROWS] if rows is not None else None,
            more=rows is not None and len(rows) > PAGE_ROWS,
            cause=cause,
            page=page,
            page_url=page_url,
            here_url=page_url(page),
        )

    def message(self, request: Request, title: str, message: str, status: HTTPStatus, **more: object) -> Response:
        """A page that only says something."""
        context = {"title": title, "message": message, "login": False, "wrong": True} | more
        return self.templates.TemplateResponse(request, "message.html", context, status)

    def _below(self, tables: Tables) -> Below:
        return Below(tables, self._live.health, newest_label(self._live.mark.extent))

    def render(
        self,
        request: Request,
        template: str,
        view: View,
        window: Window | None,
        *,
        away: StoreAway | None = None,
        **more: object,
    ) -> Response:
        """A page of this site. `away`: the store did not answer, which it says, with 503."""
        here = more.get("here", "overview")
        context: dict[str, object] = {
            "view": view,
            "window": window,
            "here": here,
            "path": "/",
            "extra": {},
            "chips": (),
            "mark": mark_text(self._live.mark),
            "events": view.url("/events") if here == "overview" else "/events?only=status",
            "trouble": str(away) if away else "",
        }
        status = HTTPStatus.SERVICE_UNAVAILABLE if away else HTTPStatus.OK
        return self.templates.TemplateResponse(request, template, context | more, status, {"cache-control": "no-store"})


def _heading(listing: Listing) -> str:
    match listing.signal:
        case None:
            return "Dialogues"
        case Signal.DEFECT:
            return "Dialogues with a defect"
        case signal:
            return f"Dialogues with feedback: {signal.value}"


def _narrowed_to(listing: Listing) -> str:
    if listing.signal is Signal.DEFECT:
        return "Matching defects"
    if listing.signal is not None:
        return "Matching signals"
    return "Matching turns" if listing.request is not None or listing.view.facets else ""


def _templates() -> Jinja2Templates:
    environment = Environment(
        loader=FileSystemLoader(FOLDER / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters: dict[str, Callable[..., str]] = {
        "count": text.count,
        "percent": text.percent,
        "moment": text.moment,
        "exact": text.exact,
        "minute_value": text.minute_value,
        "anchor": text.anchor,
        "day": text.day,
        "path_part": lambda value: quote(value, safe=""),
    }
    environment.filters.update(filters)
    environment.filters["utc"] = utc
    environment.globals.update(
        ranges=_FIXED_RANGES,
        range_all=Range.ALL,
        facet=Facet,
        signals=tuple(Signal),
        unknown=UNKNOWN,
        failure_columns=FAILURES,
    )
    return Jinja2Templates(env=environment)

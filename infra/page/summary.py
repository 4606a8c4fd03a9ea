"""The overview as JSON, for a terminal or a script: `GET /v1/summary`."""

from collections.abc import Sequence

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel

from infra.page.figures import FacetRow, RequestRow
from infra.page.live import Live
from infra.page.queries import Dashboard
from infra.page.reader import Reader, StoreAway
from infra.page.view import Facet, Listing, Signal, View

REQUESTS = 5


class MinuteSummary(BaseModel):
    """Counts of one bucket that begins at `at` (epoch seconds)."""

    at: int
    turns: int
    barge_ins: int
    repeats: int
    rephrases: int
    defects: int


class FacetSummary(BaseModel):
    """Counts of one value of a facet; empty when turns do not have it."""

    value: str
    turns: int
    barge_ins: int
    repeats: int
    rephrases: int
    defects: int


class RequestSummary(BaseModel):
    """One of the most defective requests and a dialogue in which it was one."""

    request: str
    domain: str
    turns: int
    defects: int
    dialogue_id: str | None


class Summary(BaseModel):
    """Everything in the time range of the address (the parameters of the overview)."""

    turns: int
    barge_ins: int
    repeats: int
    rephrases: int
    terminations: int
    defects: int
    behind_s: float
    minutes: list[MinuteSummary]
    domains: list[FacetSummary]
    requests: list[RequestSummary]


def summary_router(live: Live, reader: Reader, dashboard: Dashboard) -> APIRouter:
    """The route of the summary; 503 with a reason while the store does not answer."""
    router = APIRouter()

    async def dialogue_of(view: View, row: RequestRow) -> str | None:
        narrowed = View(view.range, ((Facet.DOMAIN, row.domain),) if row.domain else ())
        listing = Listing(narrowed, signal=Signal.DEFECT, request=row.request)
        window = (await live.figures(view)).window
        found = await reader.ask(dashboard.dialogues, listing, window)
        return found[0].dialogue_id if found else None

    @router.get("/v1/summary", response_model=Summary)
    async def summary(request: Request) -> Response | Summary:
        """Counts per minute and by domain, the most defective requests and a dialogue behind each."""
        view = View.from_query(request.query_params)
        try:
            figures = await live.figures(view)
            tables = await live.tables(view, figures.window)
            await live.refresh_health()
            worst = [row for row in tables.requests if row.share.hits][:REQUESTS]
            dialogues = [await dialogue_of(view, row) for row in worst]
        except StoreAway as away:
            return JSONResponse({"detail": f"the store does not answer: {away}"}, status_code=503)
        now = figures.totals.now
        by_domain: Sequence[FacetRow] = next(
            (held.rows for held in tables.breakdowns if held.facet is Facet.DOMAIN), ()
        )
        return Summary(
            turns=now.turns,
            barge_ins=now.barge_ins,
            repeats=now.repeats,
            rephrases=now.rephrases,
            terminations=now.terminations,
            defects=now.defects,
            behind_s=live.health.late_s,
            minutes=[
                MinuteSummary(
                    at=at,
                    turns=row.turns,
                    barge_ins=row.barge_ins,
                    repeats=row.repeats,
                    rephrases=row.rephrases,
                    defects=row.defects,
                )
                for at, row in sorted(figures.series.rows.items())
            ],
            domains=[
                FacetSummary(
                    value=row.value,
                    turns=row.counts.turns,
                    barge_ins=row.counts.barge_ins,
                    repeats=row.counts.repeats,
                    rephrases=row.counts.rephrases,
                    defects=row.counts.defects,
                )
                for row in by_domain
            ],
            requests=[
                RequestSummary(
                    request=row.request,
                    domain=row.domain,
                    turns=row.share.total,
                    defects=row.share.hits,
                    dialogue_id=dialogue,
                )
                for row, dialogue in zip(worst, dialogues, strict=True)
            ],
        )

    return router

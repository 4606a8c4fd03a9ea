"""The HTTP face of `serve`, as an ASGI application."""

import asyncio
from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel, ValidationError

from infra.access import refuse_strangers
from infra.kafka.errors import BrokerUnavailable
from infra.settings import Settings
from models.rewrite.candidate import Channel, Via
from schemas.contract import SCHEMA_VERSION
from schemas.rewrite_decision import DecisionArm, DecisionLayer, DecisionReason
from streams.sending import BufferFull, DeliveryFailed
from streams.serve.access import Asking, Gate
from streams.serve.asked import RewriteAnswer, RewriteAnswers, RewriteBatch, RewriteRequest
from streams.serve.asked_often import AskedOften
from streams.serve.decide import Considered, Decider, Verdict
from streams.serve.people import People, Sensitive
from streams.serve.people_routes import people_router
from streams.serve.service import RewriteService


class Weighed(BaseModel):
    """A candidate that was ranked."""

    text: str
    found_by: Channel
    via: Via
    through: str
    score: float
    layer: DecisionLayer | None = None
    rewrite_id: str
    support: float
    users: int
    evidence: float
    counted: dict[str, float]


class Explanation(BaseModel):
    """A verdict and what led to it. `evidence`: what the table says by itself; `counted`: log-odds that each
    feature added, the weightiest first."""

    arm: DecisionArm
    reason: DecisionReason
    text: str | None = None
    score: float | None = None
    layer: DecisionLayer | None = None
    notes: list[str]
    candidates: list[Weighed]
    index_version: str


def create_app(service: RewriteService, people: People | None, settings: Settings) -> FastAPI:
    """Serves `service` and `people`; without the latter what is asked about people is answered 503.

    Raises OpenToStrangers when `settings.serve_host` is not loopback and `settings.serve_token` is not set.
    """
    refuse_strangers(settings.serve_host, settings.serve_token, "serve", "EARSHOT_SERVE")
    app = FastAPI(
        title="Earshot",
        version=SCHEMA_VERSION,
        summary="What to understand instead of what was said, and what a person has taught.",
        docs_url=None,
        redoc_url=None,
    )
    app.add_middleware(AskedOften, service=service)  # first come, last asked: behind the gate
    app.add_middleware(Gate, host=settings.serve_host, token=settings.serve_token)
    _add_rewrites(app, service)
    app.include_router(people_router(people))
    _add_health(app, service)
    _add_faults(app)
    return app


def _add_rewrites(app: FastAPI, service: RewriteService) -> None:
    @app.post("/v1/rewrite", tags=["rewrites"])
    async def rewrite(asked: RewriteRequest, caller: Asking) -> RewriteAnswer:
        """What to understand instead of `text`, or null and the reason. Whatever goes wrong inside: null."""
        caller.require(asked.user_id)
        return await service.answer(asked)

    @app.post("/v1/rewrite/batch", tags=["rewrites"])
    async def rewrite_batch(asked: RewriteBatch, caller: Asking) -> RewriteAnswers:
        """The same for many requests, answered in their order."""
        for one in asked.requests:
            caller.require(one.user_id)
        return RewriteAnswers(answers=tuple(await service.answers(asked.requests)))

    @app.post("/v1/rewrite/explain", tags=["rewrites"])
    async def explain(asked: RewriteRequest, caller: Asking) -> Explanation:
        """How the answer comes about: candidates, scores, guards. Nothing is recorded as a decision."""
        caller.require(asked.user_id)
        verdict, considered = await service.explain(asked)
        return await asyncio.to_thread(explained, service.decider, asked, verdict, considered)


def _add_health(app: FastAPI, service: RewriteService) -> None:
    @app.get("/healthz", include_in_schema=False)
    async def healthz() -> Response:
        """200 while it answers."""
        return PlainTextResponse("ok\n")

    @app.get("/readyz", include_in_schema=False)
    async def readyz() -> Response:
        """200 once it is caught up with the topics as they were at the start."""
        problem = service.ready()
        if problem is None:
            return PlainTextResponse("ok\n")
        return PlainTextResponse(f"{problem}\n", HTTPStatus.SERVICE_UNAVAILABLE)

    @app.get("/metrics", include_in_schema=False)
    async def metrics(caller: Asking) -> Response:
        """What Prometheus reads."""
        caller.require_assistant()
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


def _add_faults(app: FastAPI) -> None:
    async def broker_away(_: Request, fault: Exception) -> Response:
        detail = f"this could not be stored, nothing has changed here: {fault}"
        return JSONResponse({"detail": detail}, HTTPStatus.SERVICE_UNAVAILABLE, {"retry-after": "1"})

    for kind in (BrokerUnavailable, BufferFull, DeliveryFailed):
        app.add_exception_handler(kind, broker_away)

    async def contradicts_itself(_: Request, fault: Exception) -> Response:
        assert isinstance(fault, ValidationError)
        detail = [{"loc": ["body", *one["loc"]], "msg": one["msg"], "type": one["type"]} for one in fault.errors()]
        return JSONResponse({"detail": detail}, HTTPStatus.UNPROCESSABLE_ENTITY)

    app.add_exception_handler(ValidationError, contradicts_itself)

    async def sensitive(_: Request, fault: Exception) -> Response:
        assert isinstance(fault, Sensitive)
        detail = [{"loc": ["body", fault.field], "msg": str(fault), "type": "sensitive"}]
        return JSONResponse({"detail": detail}, HTTPStatus.UNPROCESSABLE_ENTITY)

    app.add_exception_handler(Sensitive, sensitive)


def explained(decider: Decider | None, asked: RewriteRequest, verdict: Verdict, considered: Considered) -> Explanation:
    """A verdict as it is told to a person."""
    candidates = [candidate for candidate, _ in considered.candidates]
    ranked = decider.ranker.explain(decider.query(asked), candidates) if decider is not None else []
    return Explanation(
        arm=verdict.arm,
        reason=verdict.reason,
        text=verdict.entry.said if verdict.entry is not None else None,
        score=verdict.score,
        layer=verdict.layer,
        notes=considered.notes,
        candidates=[
            Weighed(
                text=one.candidate.entry.said,
                found_by=one.candidate.channel,
                via=one.candidate.via,
                through=one.candidate.found,
                score=one.score,
                layer=DecisionLayer.PERSONAL if one.candidate.entry.personal else DecisionLayer.GLOBAL,
                rewrite_id=one.candidate.entry.rewrite_id,
                support=one.candidate.entry.support,
                users=one.candidate.entry.users,
                evidence=one.evidence,
                counted=dict(sorted(one.parts.items(), key=lambda part: -abs(part[1]))),
            )
            for one in ranked
        ],
        index_version=decider.index.version if decider is not None else "none",
    )

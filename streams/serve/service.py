"""What serving does for a request, apart from HTTP: decide in time or say no, and tell what was decided."""

import asyncio
import logging
import time
import uuid
from collections import deque
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import lru_cache, partial
from typing import Final, NamedTuple

from prometheus_client import Counter

from infra import telemetry
from models.rewrite.entry import Entry, state_of
from schemas.contract import derived_id
from schemas.rewrite_decision import DecisionArm, DecisionLayer, DecisionReason, RewriteDecision
from schemas.turn import Interpretation, Slot
from streams.serve.asked import RewriteAnswer, RewriteRequest, Rewritten
from streams.serve.decide import Considered, Decider, Verdict

log = logging.getLogger(__name__)

MOST_WAITING: Final = 256
"""Requests that wait for an answer at once; those beyond get none, at once."""

NOBODY: Final = "anonymous"
"""Whose decision it is where the assistant does not say."""

Tell = Callable[[Callable[[], RewriteDecision]], None]


class _InLine(NamedTuple):
    """A request that waits. `until`: when it is too late, by `time.perf_counter`."""

    request: RewriteRequest
    until: float
    verdict: "asyncio.Future[Verdict]"


class RewriteService:
    """Decides on the event loop, one request at a time and what else there is to do in between: a decision takes less
    than a millisecond, and to hand it to another thread and back costs half as much again. What is too late, for its
    wait in line, for the index or by itself, costs a request its rewrite and nobody an error.

    `ready` says why there is no answer yet, or None. `tell` takes what makes a decision's record.
    """

    def __init__(
        self, decider: Decider | None, ready: Callable[[], str | None], tell: Tell, deadline_ms: int = 50
    ) -> None:
        self.decider = decider
        self.ready = ready
        self._tell = tell
        self._deadline_ms = deadline_ms
        self._line: deque[_InLine] = deque()

    @property
    def index_version(self) -> str:
        """What answers were made with."""
        return self.decider.index.version if self.decider is not None else "none"

    async def answer(self, request: RewriteRequest) -> RewriteAnswer:
        """The answer to one request. Never raises for what goes wrong inside."""
        began = time.perf_counter()
        verdict = await self._verdict(request, began)
        return self._told(request, verdict, (time.perf_counter() - began) * 1000)

    async def answers(self, requests: Sequence[RewriteRequest]) -> list[RewriteAnswer]:
        """Those to many, in their order; each has the deadline it asks for, from now."""
        return list(await asyncio.gather(*map(self.answer, requests)))

    async def explain(self, request: RewriteRequest) -> tuple[Verdict, Considered]:
        """The verdict and what led to it; nothing is told. Takes the time it takes."""
        if self.decider is None or self.ready() is not None:
            return _none(DecisionReason.NOT_READY), Considered(notes=[self.ready() or "no index"])
        considered = Considered()
        verdict = await asyncio.to_thread(self.decider.decide, request, considered)
        return verdict, considered

    async def _verdict(self, request: RewriteRequest, began: float) -> Verdict:
        if self.decider is None or self.ready() is not None:
            return _none(DecisionReason.NOT_READY)
        if len(self._line) >= MOST_WAITING:
            return _none(DecisionReason.OVERLOADED)
        loop = asyncio.get_running_loop()
        waiting = _InLine(request, began + (request.deadline_ms or self._deadline_ms) / 1000, loop.create_future())
        if not self._line:
            loop.call_soon(self._decide_next, loop)
        self._line.append(waiting)
        return await waiting.verdict

    def _decide_next(self, loop: asyncio.AbstractEventLoop) -> None:
        request, until, verdict = self._line[0]
        if not verdict.done():  # who asked may have gone
            verdict.set_result(self._decide(request, until))
        self._line.popleft()
        if self._line:
            loop.call_soon(self._decide_next, loop)

    def _decide(self, request: RewriteRequest, until: float) -> Verdict:
        assert self.decider is not None
        left = until - time.perf_counter()
        index = self.decider.index.locked()
        if left <= 0 or not index.acquire(timeout=left):
            return _none(DecisionReason.TIMED_OUT)
        index.release()
        try:
            verdict = self.decider.decide(request)
        except Exception:  # whatever it is, the assistant answers without a rewrite
            log.exception("a request could not be decided")
            return _none(DecisionReason.FAULT)
        return verdict if time.perf_counter() <= until else _none(DecisionReason.TIMED_OUT)

    def _told(self, request: RewriteRequest, verdict: Verdict, latency_ms: float) -> RewriteAnswer:
        decision_id = (
            derived_id("serve", request.user_id or NOBODY, request.turn_id, request.text)
            if request.turn_id
            else str(uuid.uuid4())
        )
        version = self.index_version
        telemetry.REWRITE_SECONDS.observe(latency_ms / 1000)
        _counter(verdict.reason, verdict.layer).inc()
        ranker = self.decider.ranker.version if self.decider is not None else None
        self._tell(partial(_record, decision_id, request, verdict, version, ranker, latency_ms, datetime.now(UTC)))
        return RewriteAnswer(
            decision_id=decision_id,
            rewrite=rewritten(verdict.entry) if verdict.arm is DecisionArm.SERVED and verdict.entry else None,
            layer=verdict.layer,
            score=verdict.score,
            arm=verdict.arm,
            reason=verdict.reason,
            propensity=verdict.propensity,
            index_version=version,
        )


@lru_cache(maxsize=128)
def _counter(reason: DecisionReason, layer: DecisionLayer | None) -> Counter:
    return telemetry.REWRITES.labels(reason, layer or "none")


def rewritten(entry: Entry) -> Rewritten:
    """What the assistant gets of a rewrite."""
    state = state_of(entry.target_state)
    understood = (
        Interpretation(
            domain=state.domain,
            intent=state.intent,
            slots=tuple(Slot(type=kind, value=value) for kind, value in state.slots),
        )
        if state is not None
        else None
    )
    return Rewritten(rewrite_id=entry.rewrite_id, text=entry.said, interpretation=understood)


def _none(reason: DecisionReason) -> Verdict:
    return Verdict(DecisionArm.NONE, reason)


def _record(
    decision_id: str,
    request: RewriteRequest,
    verdict: Verdict,
    index_version: str,
    ranker: str | None,
    latency_ms: float,
    now: datetime,
) -> RewriteDecision:
    return RewriteDecision(
        event_id=decision_id,
        occurred_at=request.asked_at or now,
        user_id=request.user_id or NOBODY,
        device_id=request.device.device_id,
        turn_id=request.turn_id,
        dialogue_id=request.dialogue_id,
        arm=verdict.arm,
        reason=verdict.reason,
        rewrite_id=verdict.entry.rewrite_id if verdict.entry is not None else None,
        layer=verdict.layer,
        score=verdict.score,
        propensity=verdict.propensity,
        domain=request.interpretation.domain if request.interpretation is not None else None,
        index_version=index_version,
        ranker=ranker,
        latency_ms=round(latency_ms, 3),
    )

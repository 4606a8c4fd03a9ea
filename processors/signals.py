"""All that one exchange shows of the answers before it and of its own: the detectors, asked one after the other."""

from collections.abc import Sequence
from typing import Any

from processors.barge_in import Overlap, find_barge_in
from processors.correction import may_correct
from processors.endings import ENDINGS
from processors.exchange import Exchange
from processors.hearing import CorrectionCase, CorrectionOpinion, Hearing
from processors.rephrase import cases_of, find_retry
from processors.retry import Retry, RetryCase, RetryKind
from processors.termination import early_stop, is_stop_request, kind_of
from processors.thresholds import THRESHOLDS
from schemas.contract import derived_id
from schemas.feedback import (
    BargeIn,
    Correction,
    CorrectionKind,
    ExplicitAnswer,
    FeedbackEvent,
    Refinement,
    Repeat,
    Rephrase,
    Termination,
    TerminationKind,
)
from schemas.turn import ExplicitFeedback, Playback

WINDOW_TURNS = THRESHOLDS.window_turns
"""An exchange shows nothing of exchanges further back than this."""

BARGE_IN = "barge-in"
REPHRASE = "rephrase"
CORRECTION = "correction"
TERMINATION = "termination"
EXPLICIT_ANSWER = "explicit-answer"

_VERSION = "1.0"

_RETRY_EVENTS: dict[RetryKind, type[Repeat | Rephrase | Refinement]] = {
    RetryKind.REPEAT: Repeat,
    RetryKind.REPHRASE: Rephrase,
    RetryKind.REFINEMENT: Refinement,
}

_RETRY_REASONS = {
    RetryKind.REPEAT: "the same words again",
    RetryKind.REPHRASE: "the same wish in other words",
    RetryKind.REFINEMENT: "the wish with something added, or an answer to the assistant's question",
}


RULES = Hearing()
"""No models: the rules decide alone."""


def questions_of(exchanges: Sequence[Exchange], i: int) -> tuple[list[RetryCase], CorrectionCase | None]:
    """What `signals_of` will ask models about exchange `i`, so that it can be asked for many at once."""
    return (cases_of(exchanges, i) if i else []), _correction_case(exchanges, i)


def signals_of(exchanges: Sequence[Exchange], i: int, revision: int, hearing: Hearing = RULES) -> list[FeedbackEvent]:
    """Feedback shown by `exchanges[i]`, which are one dialogue in event-time order.

    A pure function of `exchanges[max(0, i - WINDOW_TURNS) : i + 1]`; `revision` is copied into the events. An event's
    id is derived from its detector, the turn it is about and what shows it, so knowing more replaces it.
    """
    later = exchanges[i]
    found: list[FeedbackEvent] = []
    if i:
        earlier = exchanges[i - 1]
        retry = find_retry(exchanges, i, ask=hearing.retry if hearing.hears_retries else None)
        overlap = find_barge_in(earlier, later, retry, judge=hearing.kinds)
        if overlap is not None:
            found.append(_barge_in(earlier, later, overlap, hearing.kind_version, revision))
        if retry is not None:
            found.append(_retry(exchanges[i - retry.distance], later, retry, hearing.retry_version, revision))
        if is_stop_request(earlier, later):
            found.append(_stop_request(earlier, later, revision))
    if hearing.hears_corrections:
        case = _correction_case(exchanges, i)
        opinion = hearing.correction(case) if case is not None else None
        if opinion is not None and opinion.kind is CorrectionKind.SELF_REPAIR:
            found.append(_correction(later, later, opinion, hearing.correction_version, revision))
        elif opinion is not None and opinion.kind is not None and i:
            found.append(_correction(exchanges[i - 1], later, opinion, hearing.correction_version, revision))
    if later.playbacks:
        stopped = early_stop(later.playbacks)
        if stopped is not None:
            found.append(_early_stop(later, stopped, revision))
    if later.answers:
        found.extend(_explicit_answer(later, answer, revision) for answer in later.answers)
    return found


def _correction_case(exchanges: Sequence[Exchange], i: int) -> CorrectionCase | None:
    text = exchanges[i].request
    if not may_correct(text):
        return None
    earlier = exchanges[i - 1] if i else None
    return CorrectionCase(earlier.request if earlier else "", (earlier.response_text or "") if earlier else "", text)


def _about(exchange: Exchange, detector: str, by: str, revision: int, version: str = _VERSION) -> dict[str, Any]:
    return {
        "event_id": derived_id(detector, exchange.turn_id, by),
        "turn_id": exchange.turn_id,
        "dialogue_id": exchange.dialogue_id,
        "user_id": exchange.user_id,
        "device_id": exchange.device_id,
        "facets": exchange.facets,
        "detector": f"{detector}/{version}",
        "revision": revision,
    }


def _barge_in(earlier: Exchange, later: Exchange, overlap: Overlap, version: str, revision: int) -> BargeIn:
    evidence = {"speech_ms": float(overlap.speech_ms)}
    if overlap.kind_score is not None:
        evidence["kind_score"] = overlap.kind_score
    return BargeIn(
        **_about(earlier, BARGE_IN, later.turn_id, revision, version or _VERSION),
        occurred_at=later.occurred_at,
        by_turn_id=later.turn_id,
        kind=overlap.kind,
        offset_ms=overlap.offset_ms,
        share_heard=overlap.share_heard,
        stop_latency_ms=overlap.stop_latency_ms,
        score=overlap.score,
        reason=f"spoke {overlap.offset_ms / 1000:.1f} s into the answer ({overlap.kind.value})",
        evidence=evidence,
    )


def _retry(
    earlier: Exchange, later: Exchange, retry: Retry, version: str, revision: int
) -> Repeat | Rephrase | Refinement:
    why: dict[str, Any] = {} if retry.kind is RetryKind.REFINEMENT else {"cause": retry.cause}
    status = f" after an answer that was {retry.status.value}" if retry.status is not None else ""
    return _RETRY_EVENTS[retry.kind](
        **_about(earlier, REPHRASE, later.turn_id, revision, version or _VERSION),
        occurred_at=later.occurred_at,
        by_turn_id=later.turn_id,
        gap_s=retry.gap_s,
        score=retry.score,
        reason=f"{_RETRY_REASONS[retry.kind]}, {max(retry.gap_s, 0.0):.1f} s later{status}",
        evidence={
            "characters_alike": retry.characters,
            "sounds_alike": retry.sounds,
            "content_shared": retry.content,
            "correction_marker": float(retry.correction),
            "turns_later": float(retry.distance),
        },
        **why,
    )


def _correction(
    about: Exchange, later: Exchange, opinion: CorrectionOpinion, version: str, revision: int
) -> Correction:
    assert opinion.kind is not None
    of = "what was understood" if opinion.kind is CorrectionKind.THIRD_POSITION else "itself"
    return Correction(
        **_about(about, CORRECTION, later.turn_id, revision, version),
        occurred_at=later.occurred_at,
        by_turn_id=later.turn_id if about is not later else None,
        kind=opinion.kind,
        value=opinion.value,
        rewrite=opinion.rewrite,
        score=opinion.score,
        reason=f"corrects {of}" + (f": {opinion.value}" if opinion.value else ""),
    )


def _stop_request(earlier: Exchange, later: Exchange, revision: int) -> Termination:
    return Termination(
        **_about(earlier, TERMINATION, later.turn_id, revision, ENDINGS.version),
        occurred_at=later.occurred_at,
        by_turn_id=later.turn_id,
        kind=TerminationKind.STOP_REQUEST,
        score=0.9,
        reason="asked to stop what the answer began",
        evidence={"gap_s": (later.speech[0] if later.speech else later.at) - earlier.end},
    )


def _early_stop(exchange: Exchange, stopped: Playback, revision: int) -> Termination:
    kind = kind_of(exchange, stopped)
    how = "hung up" if kind is TerminationKind.HANG_UP else "stopped the player"
    return Termination(
        **_about(exchange, TERMINATION, stopped.event_id, revision, ENDINGS.version),
        occurred_at=stopped.occurred_at,
        kind=kind,
        score=0.9,
        reason=f"{how} early",
        evidence={} if stopped.position_ms is None else {"position_ms": float(stopped.position_ms)},
    )


def _explicit_answer(exchange: Exchange, answer: ExplicitFeedback, revision: int) -> ExplicitAnswer:
    return ExplicitAnswer(
        **_about(exchange, EXPLICIT_ANSWER, answer.event_id, revision),
        occurred_at=answer.occurred_at,
        answer=answer.answer,
        rating=answer.rating,
        propensity=answer.propensity,
        score=1.0,
        reason=f"answered {answer.answer.value}" + (f" to: {answer.question}" if answer.question else ""),
    )

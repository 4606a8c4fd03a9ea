"""All that one exchange shows of the answers before it and of its own: the detectors, asked one after the other."""

from collections.abc import Sequence
from typing import Any

from processors.barge_in import Overlap, find_barge_in
from processors.exchange import Exchange
from processors.rephrase import Retry, RetryKind, find_retry
from processors.termination import early_stop, is_stop_request, kind_of
from processors.thresholds import THRESHOLDS
from schemas.contract import derived_id
from schemas.feedback import (
    BargeIn,
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


def signals_of(exchanges: Sequence[Exchange], i: int, revision: int) -> list[FeedbackEvent]:
    """Feedback shown by `exchanges[i]`, which are one dialogue in event-time order.

    A pure function of `exchanges[max(0, i - WINDOW_TURNS) : i + 1]`; `revision` is copied into the events. An event's
    id is derived from its detector, the turn it is about and what shows it, so knowing more replaces it.
    """
    later = exchanges[i]
    found: list[FeedbackEvent] = []
    if i:
        earlier = exchanges[i - 1]
        retry = find_retry(exchanges, i)
        overlap = find_barge_in(earlier, later, retry)
        if overlap is not None:
            found.append(_barge_in(earlier, later, overlap, revision))
        if retry is not None:
            found.append(_retry(exchanges[i - retry.distance], later, retry, revision))
        if is_stop_request(earlier, later):
            found.append(_stop_request(earlier, later, revision))
    if later.playbacks:
        stopped = early_stop(later.playbacks)
        if stopped is not None:
            found.append(_early_stop(later, stopped, revision))
    if later.answers:
        found.extend(_explicit_answer(later, answer, revision) for answer in later.answers)
    return found


def _about(exchange: Exchange, detector: str, by: str, revision: int) -> dict[str, Any]:
    return {
        "event_id": derived_id(detector, exchange.turn_id, by),
        "turn_id": exchange.turn_id,
        "dialogue_id": exchange.dialogue_id,
        "user_id": exchange.user_id,
        "device_id": exchange.device_id,
        "facets": exchange.facets,
        "detector": f"{detector}/{_VERSION}",
        "revision": revision,
    }


def _barge_in(earlier: Exchange, later: Exchange, overlap: Overlap, revision: int) -> BargeIn:
    return BargeIn(
        **_about(earlier, BARGE_IN, later.turn_id, revision),
        occurred_at=later.occurred_at,
        by_turn_id=later.turn_id,
        kind=overlap.kind,
        offset_ms=overlap.offset_ms,
        share_heard=overlap.share_heard,
        stop_latency_ms=overlap.stop_latency_ms,
        score=overlap.score,
        reason=f"spoke {overlap.offset_ms / 1000:.1f} s into the answer ({overlap.kind.value})",
        evidence={"speech_ms": float(overlap.speech_ms)},
    )


def _retry(earlier: Exchange, later: Exchange, retry: Retry, revision: int) -> Repeat | Rephrase | Refinement:
    status = f" after an answer that was {retry.status.value}" if retry.status is not None else ""
    return _RETRY_EVENTS[retry.kind](
        **_about(earlier, REPHRASE, later.turn_id, revision),
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
    )


def _stop_request(earlier: Exchange, later: Exchange, revision: int) -> Termination:
    return Termination(
        **_about(earlier, TERMINATION, later.turn_id, revision),
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
        **_about(exchange, TERMINATION, stopped.event_id, revision),
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

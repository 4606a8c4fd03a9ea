"""Turns as columns. The widest rows and by far the most of them."""

from collections.abc import Sequence

from infra.clickhouse.record import Record
from infra.clickhouse.rows import (
    Columns,
    device_event_columns,
    source_columns,
    span_columns,
    time_columns,
    version_columns,
)
from schemas.turn import AppliedRewrite, Asr, Context, Interpretation, Nlu, Response, Slot, Turn, Wake

_NONE: tuple[()] = ()


def turn_columns(records: Sequence[Record]) -> Columns:
    """Rows of `turns`; every record holds a Turn."""
    turns: list[Turn] = [r.event for r in records]  # type: ignore[misc]
    return {
        **device_event_columns(turns),
        "screen": [None if (screen := t.device.screen) is None else int(screen) for t in turns],
        "channel": [t.channel for t in turns],
        **version_columns([t.device.versions for t in turns]),
        **_understanding([t.nlu for t in turns]),
        "request": [t.asr.text if t.asr is not None else t.text or "" for t in turns],
        **_hearing([t.wake for t in turns], [t.asr for t in turns]),
        **_answering([t.response for t in turns]),
        **time_columns("occurred", [t.occurred_at for t in turns]),
        **span_columns("speech", [t.speech for t in turns]),
        **_context([t.context for t in turns]),
        **_rewrite([t.rewrite for t in turns]),
        "synthetic_timing": [1 if t.synthetic_timing else 0 for t in turns],
        **source_columns(records),
    }


def _understanding(nlus: Sequence[Nlu | None]) -> Columns:
    slots: list[tuple[Slot, ...]] = [n.slots if n is not None else _NONE for n in nlus]
    n_best: list[tuple[Interpretation, ...]] = [n.n_best if n is not None else _NONE for n in nlus]
    return {
        "domain": [n.domain if n is not None else "" for n in nlus],
        "intent": [n.intent if n is not None else "" for n in nlus],
        "nlu_confidence": [n.confidence if n is not None else None for n in nlus],
        "slots.type": [[s.type for s in of] if of else _NONE for of in slots],
        "slots.value": [[s.value for s in of] if of else _NONE for of in slots],
        "slots.entity": [[s.entity or "" for s in of] if of else _NONE for of in slots],
        "slots.score": [[s.score for s in of] if of else _NONE for of in slots],
        "nlu_n_best.domain": [[i.domain for i in of] if of else _NONE for of in n_best],
        "nlu_n_best.intent": [[i.intent for i in of] if of else _NONE for of in n_best],
        "nlu_n_best.confidence": [[i.confidence for i in of] if of else _NONE for of in n_best],
    }


def _hearing(wakes: Sequence[Wake | None], asrs: Sequence[Asr | None]) -> Columns:
    n_best = [a.n_best if a is not None else _NONE for a in asrs]
    return {
        "wake_word": [w.word or "" if w is not None else "" for w in wakes],
        "wake_confidence": [w.confidence if w is not None else None for w in wakes],
        "asr_confidence": [a.confidence if a is not None else None for a in asrs],
        "asr_n_best": [[h.text for h in of] if of else _NONE for of in n_best],
        "asr_n_best_confidence": [[h.confidence for h in of] if of else _NONE for of in n_best],
    }


def _answering(responses: Sequence[Response | None]) -> Columns:
    return {
        "response_text": [r.text or "" if r is not None else "" for r in responses],
        "response_status": [r.status if r is not None else "" for r in responses],
        "action": [r.action or "" if r is not None else "" for r in responses],
        "entity": [r.entity or "" if r is not None else "" for r in responses],
        **span_columns("response", [r.span if r is not None else None for r in responses]),
    }


def _context(contexts: Sequence[Context | None]) -> Columns:
    return {
        "context_device_state": [c.device_state or "" if c is not None else "" for c in contexts],
        "context_activity": [c.activity or "" if c is not None else "" for c in contexts],
        "context_local_time": [c.local_time or "" if c is not None else "" for c in contexts],
        "context_place": [c.place or "" if c is not None else "" for c in contexts],
    }


def _rewrite(rewrites: Sequence[AppliedRewrite | None]) -> Columns:
    return {
        "rewrite_id": [r.rewrite_id if r is not None else "" for r in rewrites],
        "rewrite_source": [r.source if r is not None else "" for r in rewrites],
        "rewrite_target": [r.target if r is not None else "" for r in rewrites],
    }

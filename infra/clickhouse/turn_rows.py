"""Turns as columns. The widest rows and by far the most of them.

Most turns come as they were read off the wire, those that only the contract's model could judge as the model: both have
the same fields, apart from times and versions. Names that many turns share are held once: a text for every turn would
take a third more memory.
"""

from collections.abc import Sequence
from sys import intern

from infra.clickhouse.record import Record
from infra.clickhouse.rows import (
    Columns,
    device_event_columns,
    second_columns,
    source_columns,
    span_columns,
    version_columns,
)
from schemas.turn import AppliedRewrite, Asr, Context, Interpretation, Nlu, Response, Slot, Span, Turn, Wake
from schemas.wire import (
    AppliedRewriteOnWire,
    AsrOnWire,
    ContextOnWire,
    InterpretationOnWire,
    NluOnWire,
    ResponseOnWire,
    SlotOnWire,
    TimedTurn,
    WakeOnWire,
)

_NONE: tuple[()] = ()


def turn_columns(records: Sequence[Record]) -> Columns:
    """Rows of `turns`; every record holds a Turn or a TimedTurn."""
    timed = [e if isinstance(e := r.event, TimedTurn) else _timed(e) for r in records]  # type: ignore[arg-type]
    turns = [t.turn for t in timed]
    return {
        **device_event_columns(turns),
        "screen": [None if (screen := t.device.screen) is None else int(screen) for t in turns],
        "channel": [t.channel for t in turns],
        **version_columns([t.versions for t in timed]),
        **_understanding([t.nlu for t in turns]),
        "request": [t.asr.text if t.asr is not None else t.text or "" for t in turns],
        **_hearing([t.wake for t in turns], [t.asr for t in turns]),
        **_answering([t.response for t in turns]),
        **span_columns("response", [t.heard for t in timed]),
        **second_columns("occurred", [t.at for t in timed]),
        **span_columns("speech", [t.speech for t in timed]),
        **_context([t.context for t in turns]),
        **_rewrite([t.rewrite for t in turns]),
        "synthetic_timing": [1 if t.synthetic_timing else 0 for t in turns],
        **source_columns(records),
    }


def _timed(turn: Turn) -> TimedTurn:
    response = turn.response
    return TimedTurn(
        turn,
        turn.occurred_at.timestamp(),
        _stretch(turn.speech),
        _stretch(response.span) if response is not None else None,
        turn.device.versions,
    )


def _stretch(span: Span | None) -> tuple[float, float] | None:
    return None if span is None else (span.started_at.timestamp(), span.ended_at.timestamp())


def _understanding(nlus: Sequence[Nlu | NluOnWire | None]) -> Columns:
    slots: list[tuple[Slot | SlotOnWire, ...]] = [n.slots if n is not None else _NONE for n in nlus]
    n_best: list[tuple[Interpretation | InterpretationOnWire, ...]] = [
        n.n_best if n is not None else _NONE for n in nlus
    ]
    return {
        "domain": [intern(n.domain) if n is not None else "" for n in nlus],
        "intent": [intern(n.intent) if n is not None else "" for n in nlus],
        "nlu_confidence": [n.confidence if n is not None else None for n in nlus],
        "slots.type": [[intern(s.type) for s in of] if of else _NONE for of in slots],
        "slots.value": [[s.value for s in of] if of else _NONE for of in slots],
        "slots.entity": [[s.entity or "" for s in of] if of else _NONE for of in slots],
        "slots.score": [[s.score for s in of] if of else _NONE for of in slots],
        "nlu_n_best.domain": [[intern(i.domain) for i in of] if of else _NONE for of in n_best],
        "nlu_n_best.intent": [[intern(i.intent) for i in of] if of else _NONE for of in n_best],
        "nlu_n_best.confidence": [[i.confidence for i in of] if of else _NONE for of in n_best],
    }


def _hearing(wakes: Sequence[Wake | WakeOnWire | None], asrs: Sequence[Asr | AsrOnWire | None]) -> Columns:
    n_best = [a.n_best if a is not None else _NONE for a in asrs]
    return {
        "wake_word": [intern(w.word or "") if w is not None else "" for w in wakes],
        "wake_confidence": [w.confidence if w is not None else None for w in wakes],
        "asr_confidence": [a.confidence if a is not None else None for a in asrs],
        "asr_n_best": [[h.text for h in of] if of else _NONE for of in n_best],
        "asr_n_best_confidence": [[h.confidence for h in of] if of else _NONE for of in n_best],
    }


def _answering(responses: Sequence[Response | ResponseOnWire | None]) -> Columns:
    return {
        "response_text": [r.text or "" if r is not None else "" for r in responses],
        "response_status": [r.status if r is not None else "" for r in responses],
        "action": [intern(r.action or "") if r is not None else "" for r in responses],
        "entity": [r.entity or "" if r is not None else "" for r in responses],
    }


def _context(contexts: Sequence[Context | ContextOnWire | None]) -> Columns:
    return {
        "context_device_state": [intern(c.device_state or "") if c is not None else "" for c in contexts],
        "context_activity": [intern(c.activity or "") if c is not None else "" for c in contexts],
        "context_local_time": [intern(c.local_time or "") if c is not None else "" for c in contexts],
        "context_place": [intern(c.place or "") if c is not None else "" for c in contexts],
    }


def _rewrite(rewrites: Sequence[AppliedRewrite | AppliedRewriteOnWire | None]) -> Columns:
    return {
        "rewrite_id": [r.rewrite_id if r is not None else "" for r in rewrites],
        "rewrite_source": [r.source if r is not None else "" for r in rewrites],
        "rewrite_target": [r.target if r is not None else "" for r in rewrites],
    }

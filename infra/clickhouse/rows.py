"""Events as columns: one comprehension a column, for this runs once for every event that is stored."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from sys import intern
from typing import Any

from infra.clickhouse.record import Record
from schemas.dead_letter import DeadLetter
from schemas.dialogue import Dialogue, TurnVerdict
from schemas.feedback import (
    BargeIn,
    Correction,
    ExplicitAnswer,
    Facets,
    FeedbackEvent,
    Refinement,
    Repeat,
    Rephrase,
    Termination,
)
from schemas.turn import Device, ExplicitFeedback, Playback
from schemas.wire import DeviceOnWire

Columns = dict[str, list[Any]]
"""Equally long lists by column name."""

_PREVIEW_BYTES = 2048
_NONE: tuple[()] = ()


def playback_columns(records: Sequence[Record]) -> Columns:
    """Rows of `playbacks`; every record holds a Playback."""
    events: list[Playback] = [r.event for r in records]  # type: ignore[misc]
    return {
        **device_event_columns(events),
        "kind": [e.kind for e in events],
        "state": [e.state for e in events],
        "position_ms": [e.position_ms for e in events],
        "stopped_by": [e.stopped_by or "" for e in events],
        "domain": [e.domain or "" for e in events],
        **time_columns("occurred", [e.occurred_at for e in events]),
        **source_columns(records),
    }


def explicit_feedback_columns(records: Sequence[Record]) -> Columns:
    """Rows of `explicit_feedback`; every record holds an ExplicitFeedback."""
    events: list[ExplicitFeedback] = [r.event for r in records]  # type: ignore[misc]
    return {
        **device_event_columns(events),
        "question": [e.question or "" for e in events],
        "answer": [e.answer for e in events],
        "rating": [e.rating for e in events],
        "text": [e.text or "" for e in events],
        "propensity": [e.propensity for e in events],
        **time_columns("occurred", [e.occurred_at for e in events]),
        **source_columns(records),
    }


def feedback_columns(records: Sequence[Record]) -> Columns:
    """Rows of `feedback`; every record holds a FeedbackEvent."""
    events: list[FeedbackEvent] = [r.event for r in records]  # type: ignore[misc]
    details = [_details(e) for e in events]
    evidence = [e.evidence for e in events]
    return {
        "event_id": [e.event_id for e in events],
        "type": [e.type for e in events],  # type: ignore[attr-defined]
        "turn_id": [e.turn_id for e in events],
        "by_turn_id": [e.by_turn_id or "" for e in events],
        "dialogue_id": [e.dialogue_id for e in events],
        "user_id": [e.user_id for e in events],
        "device_id": [e.device_id for e in events],
        **facet_columns([e.facets for e in events]),
        "detector": [e.detector for e in events],
        "score": [e.score for e in events],
        "reason": [e.reason for e in events],
        "evidence.name": [list(e) if e else _NONE for e in evidence],
        "evidence.value": [list(e.values()) if e else _NONE for e in evidence],
        **{name: [d[i] for d in details] for i, name in enumerate(_DETAILS)},
        "revision": [e.revision for e in events],
        "retracted": [1 if e.retracted else 0 for e in events],
        **time_columns("occurred", [e.occurred_at for e in events]),
        **source_columns(records),
    }


def dialogue_columns(records: Sequence[Record]) -> Columns:
    """Rows of `dialogues`; every record holds a Dialogue."""
    events: list[Dialogue] = [r.event for r in records]  # type: ignore[misc]
    return {
        "event_id": [e.event_id for e in events],
        "dialogue_id": [e.dialogue_id for e in events],
        "user_id": [e.user_id for e in events],
        "device_id": [e.device_id for e in events],
        **facet_columns([e.facets for e in events]),
        **time_columns("started", [e.started_at for e in events]),
        **time_columns("ended", [e.ended_at for e in events]),
        "closed": [1 if e.closed else 0 for e in events],
        "closed_by": [e.closed_by or "" for e in events],
        "turns": [len(e.turns) for e in events],
        "defects": [e.defects for e in events],
        "satisfaction": [e.satisfaction for e in events],
        "goal_reached": [e.goal_reached or "" for e in events],
        "revision": [e.revision for e in events],
        **time_columns("occurred", [e.occurred_at for e in events]),
        **source_columns(records),
    }


def verdict_columns(records: Sequence[Record]) -> Columns:
    """Rows of `verdicts`, one a turn of a dialogue; every record holds a Dialogue."""
    rows: list[tuple[Record, Dialogue, TurnVerdict]] = [
        (r, r.event, verdict)  # type: ignore[misc]
        for r in records
        for verdict in r.event.turns  # type: ignore[union-attr]
    ]
    return {
        "turn_id": [v.turn_id for _, _, v in rows],
        "dialogue_id": [d.dialogue_id for _, d, _ in rows],
        "user_id": [d.user_id for _, d, _ in rows],
        "device_id": [d.device_id for _, d, _ in rows],
        **facet_columns([v.facets for _, _, v in rows]),
        "request": [v.request for _, _, v in rows],
        "defect": [1 if v.defect else 0 for _, _, v in rows],
        "score": [v.score for _, _, v in rows],
        "tier": [v.tier for _, _, v in rows],
        "evidence": [v.evidence for _, _, v in rows],
        "closed": [1 if d.closed else 0 for _, d, _ in rows],
        "revision": [d.revision for _, d, _ in rows],
        **time_columns("occurred", [v.occurred_at for _, _, v in rows]),
        **source_columns([r for r, _, _ in rows]),
    }


def dead_letter_columns(records: Sequence[Record]) -> Columns:
    """Rows of `dead_letters`; every record holds a DeadLetter and its raw bytes, of which a part is kept."""
    events: list[DeadLetter] = [r.event for r in records]  # type: ignore[misc]
    return {
        "event_id": [e.event_id for e in events],
        "role": [e.role for e in events],
        "topic": [e.topic for e in events],
        "partition": [e.partition for e in events],
        "offset": [e.offset for e in events],
        "cause": [e.cause for e in events],
        "reason": [e.reason for e in events],
        "size_bytes": [e.size_bytes for e in events],
        "replay_count": [e.replay_count for e in events],
        "key_preview": [_preview(r.key) for r in records],
        "value_preview": [_preview(r.value) for r in records],
        **time_columns("occurred", [e.occurred_at for e in events]),
        **source_columns(records),
    }


def device_event_columns(events: Sequence[Any]) -> Columns:
    """Ids and device of Turn, TurnOnWire, Playback or ExplicitFeedback."""
    devices: list[Device | DeviceOnWire] = [e.device for e in events]
    return {
        "event_id": [e.event_id for e in events],
        "turn_id": [e.turn_id for e in events],
        "dialogue_id": [e.dialogue_id for e in events],
        "user_id": [e.user_id for e in events],
        "device_id": [d.id for d in devices],
        "device_type": [intern(d.type or "") for d in devices],
        "locale": [intern(d.locale or "") for d in devices],
    }


def facet_columns(facets: Sequence[Facets]) -> Columns:
    """Dimensions of feedback, dialogues and verdicts; what is not known is an empty text."""
    return {
        "domain": [f.domain or "" for f in facets],
        "intent": [f.intent or "" for f in facets],
        "device_type": [f.device_type or "" for f in facets],
        "locale": [f.locale or "" for f in facets],
        "channel": [f.channel for f in facets],
        **version_columns([f.versions for f in facets]),
    }


def version_columns(versions: Sequence[dict[str, str]]) -> Columns:
    """Component versions as arrays, sorted by component, and as one text such as `asr=2.1 nlu=7`."""
    parts = [_remembered(tuple(v.items())) if v else _NO_VERSIONS for v in versions]
    return {
        "versions.component": [p[0] for p in parts],
        "versions.version": [p[1] for p in parts],
        "component_version": [p[2] for p in parts],
    }


def time_columns(name: str, instants: Iterable[datetime]) -> Columns:
    """`{name}_at` in epoch seconds and `{name}_ms`, the milliseconds of that second."""
    return second_columns(name, [t.timestamp() for t in instants])


def second_columns(name: str, seconds: Iterable[float]) -> Columns:
    """The columns of `time_columns`, of times in seconds since the epoch."""
    times = [divmod(round(s * 1000), 1000) for s in seconds]
    return {f"{name}_at": [t[0] for t in times], f"{name}_ms": [t[1] for t in times]}


def span_columns(name: str, spans: Sequence[tuple[float, float] | None]) -> Columns:
    """`{name}_start_ms` and `{name}_end_ms` in epoch milliseconds, 0 where nothing is known.

    `spans`: start and end in seconds since the epoch.
    """
    return {
        f"{name}_start_ms": [round(s[0] * 1000) if s is not None else 0 for s in spans],
        f"{name}_end_ms": [round(s[1] * 1000) if s is not None else 0 for s in spans],
    }


def source_columns(records: Sequence[Record]) -> Columns:
    """Where on the log each row is from, and when it was appended there."""
    return {
        "src_partition": [r.partition for r in records],
        "src_offset": [r.offset for r in records],
        "appended_at": [r.appended_ms // 1000 for r in records],
        "appended_ms": [r.appended_ms % 1000 for r in records],
    }


_Versions = tuple[tuple[str, ...], tuple[str, ...], str]
_NO_VERSIONS: _Versions = ((), (), "")
_FEW_COMPONENTS = 32
"""More are not remembered: no assistant has them, and a hostile fleet could fill the memory with them."""


def _remembered(items: tuple[tuple[str, str], ...]) -> _Versions:
    return (_versions if len(items) <= _FEW_COMPONENTS else _versions.__wrapped__)(items)


@lru_cache(maxsize=4096)
def _versions(items: tuple[tuple[str, str], ...]) -> _Versions:
    ordered = sorted(items)
    return (
        tuple(component for component, _ in ordered),
        tuple(version for _, version in ordered),
        " ".join(f"{component}={version}" for component, version in ordered),
    )


_DETAILS = (
    "kind",
    "gap_s",
    "offset_ms",
    "share_heard",
    "stop_latency_ms",
    "rating",
    "propensity",
    "corrected_value",
    "rewrite",
)
_Details = tuple[str, float | None, int | None, float | None, int | None, int | None, float | None, str, str]


def _details(event: FeedbackEvent) -> _Details:
    match event:
        case BargeIn():
            return (event.kind, None, event.offset_ms, event.share_heard, event.stop_latency_ms, None, None, "", "")
        case Repeat() | Rephrase():
            return (event.cause or "", event.gap_s, None, None, None, None, None, "", "")
        case Refinement():
            return ("", event.gap_s, None, None, None, None, None, "", "")
        case Correction():
            return (event.kind, None, None, None, None, None, None, event.value or "", event.rewrite or "")
        case Termination():
            return (event.kind, None, None, None, None, None, None, "", "")
        case ExplicitAnswer():
            return (event.answer, None, None, None, None, event.rating, event.propensity, "", "")
        case _:
            raise TypeError(f"{type(event).__name__} is a kind of feedback that the store has no columns for")


def _preview(raw: bytes | None) -> str:
    return "" if raw is None else raw[:_PREVIEW_BYTES].decode("utf-8", "replace")

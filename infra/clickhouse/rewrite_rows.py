"""Rewrites, their trials and what was decided with them, as columns. Of one person's rewrites no words are kept."""

from collections.abc import Sequence

import orjson

from infra.clickhouse.record import Record
from infra.clickhouse.rows import Columns, source_columns, time_columns
from infra.clickhouse.tombstone import RewriteTombstone, TrialTombstone, digest
from schemas.rewrite import Rewrite, RewriteLayer, Success
from schemas.rewrite_decision import RewriteDecision
from schemas.rewrite_trial import RewriteTrial


def rewrite_columns(records: Sequence[Record]) -> Columns:
    """Rows of `rewrites`; every record holds a Rewrite."""
    events: list[Rewrite] = [r.event for r in records]  # type: ignore[misc]
    shared = [e.layer is RewriteLayer.GLOBAL for e in events]
    return {
        "layer": [e.layer for e in events],
        "key": [digest(e.key) for e in events],
        "event_id": [e.event_id for e in events],
        "user_id": [e.user_id or "" for e in events],
        "source": [e.source if s else "" for e, s in zip(events, shared, strict=True)],
        "source_text": [next(iter(e.source_texts), "") if s else "" for e, s in zip(events, shared, strict=True)],
        "target": [e.target if s else "" for e, s in zip(events, shared, strict=True)],
        "target_text": [e.target_text if s else "" for e, s in zip(events, shared, strict=True)],
        "score": [e.score for e in events],
        "leave_alone": [e.leave_alone for e in events],
        "agreement": [e.agreement for e in events],
        "support": [e.support for e in events],
        "users": [e.users for e in events],
        **_success_columns("source", [e.source_success for e in events]),
        **_success_columns("target", [e.target_success for e in events]),
        **time_columns("first_seen", [e.first_seen for e in events]),
        **time_columns("last_seen", [e.last_seen for e in events]),
        "reason": [e.reason if s else "" for e, s in zip(events, shared, strict=True)],
        "chains": [_chains(e) if s else "[]" for e, s in zip(events, shared, strict=True)],
        "blocked": [1 if e.blocked else 0 for e in events],
        "blocked_because": [(e.blocked_because or "") if s else "" for e, s in zip(events, shared, strict=True)],
        "normaliser": [e.normaliser for e in events],
        "solver": [e.solver for e in events],
        "removed": [0] * len(events),
        **time_columns("occurred", [e.occurred_at for e in events]),
        **source_columns(records),
    }


def rewrite_tombstone_columns(records: Sequence[Record]) -> Columns:
    """Rows of `rewrites` that take the place of what was taken back; every record holds a RewriteTombstone."""
    events: list[RewriteTombstone] = [r.event for r in records]  # type: ignore[misc]
    return {
        "layer": [e.key.partition("/")[0] for e in events],
        "key": [digest(e.key) for e in events],
        "removed": [1] * len(events),
        **_when_appended(records),
        **source_columns(records),
    }


def trial_columns(records: Sequence[Record]) -> Columns:
    """Rows of `rewrite_trials`; every record holds a RewriteTrial. The turns that are counted are left out."""
    events: list[RewriteTrial] = [r.event for r in records]  # type: ignore[misc]
    shared = [e.layer is RewriteLayer.GLOBAL for e in events]
    return {
        "rewrite_id": [e.rewrite_id for e in events],
        "event_id": [e.event_id for e in events],
        "layer": [e.layer for e in events],
        "user_id": [e.user_id or "" for e in events],
        "source": [(e.source or "") if s else "" for e, s in zip(events, shared, strict=True)],
        "target": [(e.target or "") if s else "" for e, s in zip(events, shared, strict=True)],
        **_success_columns("served", [e.served for e in events]),
        **_success_columns("held_out", [e.held_out for e in events]),
        "worse": [e.worse for e in events],
        "uses": [e.uses for e in events],
        "blocked": [1 if e.blocked else 0 for e in events],
        "blocked_because": [e.blocked_because or "" for e in events],
        "removed": [0] * len(events),
        **time_columns("occurred", [e.occurred_at for e in events]),
        **source_columns(records),
    }


def trial_tombstone_columns(records: Sequence[Record]) -> Columns:
    """Rows of `rewrite_trials` that take the place of what was dropped; every record holds a TrialTombstone."""
    events: list[TrialTombstone] = [r.event for r in records]  # type: ignore[misc]
    return {
        "rewrite_id": [e.key for e in events],
        "removed": [1] * len(events),
        **_when_appended(records),
        **source_columns(records),
    }


def decision_columns(records: Sequence[Record]) -> Columns:
    """Rows of `rewrite_decisions`; every record holds a RewriteDecision."""
    events: list[RewriteDecision] = [r.event for r in records]  # type: ignore[misc]
    return {
        "event_id": [e.event_id for e in events],
        "user_id": [e.user_id for e in events],
        "device_id": [e.device_id or "" for e in events],
        "turn_id": [e.turn_id or "" for e in events],
        "dialogue_id": [e.dialogue_id or "" for e in events],
        "arm": [e.arm for e in events],
        "reason": [e.reason for e in events],
        "rewrite_id": [e.rewrite_id or "" for e in events],
        "layer": [e.layer or "" for e in events],
        "score": [e.score for e in events],
        "propensity": [e.propensity for e in events],
        "domain": [e.domain or "" for e in events],
        "index_version": [e.index_version for e in events],
        "ranker": [e.ranker or "" for e in events],
        "latency_ms": [e.latency_ms for e in events],
        **time_columns("occurred", [e.occurred_at for e in events]),
        **source_columns(records),
    }


def _success_columns(name: str, posteriors: Sequence[Success]) -> Columns:
    return {
        f"{name}_good": [s.good for s in posteriors],
        f"{name}_bad": [s.bad for s in posteriors],
        f"{name}_low": [s.low for s in posteriors],
        f"{name}_high": [s.high for s in posteriors],
    }


def _chains(event: Rewrite) -> str:
    return orjson.dumps([{"states": c.states, "people": c.people} for c in event.chains]).decode()


def _when_appended(records: Sequence[Record]) -> Columns:
    return {
        "occurred_at": [r.appended_ms // 1000 for r in records],
        "occurred_ms": [r.appended_ms % 1000 for r in records],
    }

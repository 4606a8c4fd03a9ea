"""Failure attributions and alarms as columns."""

from collections.abc import Sequence

from infra.clickhouse.record import Record
from infra.clickhouse.rows import Columns, facet_columns, source_columns, time_columns
from schemas.alarm import Alarm
from schemas.failure_point import FailureAttribution, FailurePoint

PROBABILITY_COLUMNS = {point: f"p_{point.value.replace('-', '_')}" for point in FailurePoint}
"""The column that holds the probability of each failure point; all are 0 where none was given."""

SUM_COLUMNS = {point: f"{point.value.replace('-', '_')}_sum" for point in FailurePoint}
"""The column that holds the sum of those probabilities in a minute."""


def failure_point_columns(records: Sequence[Record]) -> Columns:
    """Rows of `failure_points`; every record holds a FailureAttribution."""
    events: list[FailureAttribution] = [r.event for r in records]  # type: ignore[misc]
    return {
        "event_id": [e.event_id for e in events],
        "turn_id": [e.turn_id for e in events],
        "dialogue_id": [e.dialogue_id for e in events],
        "user_id": [e.user_id for e in events],
        "device_id": [e.device_id for e in events],
        **facet_columns([e.facets for e in events]),
        "failure_point": [e.failure_point or "" for e in events],
        **{column: [e.probabilities.get(point, 0.0) for e in events] for point, column in PROBABILITY_COLUMNS.items()},
        "abstained": [e.abstained or "" for e in events],
        "isolation_pass": [e.isolation_pass for e in events],
        "model": [e.model for e in events],
        "revision": [e.revision for e in events],
        **time_columns("occurred", [e.occurred_at for e in events]),
        **source_columns(records),
    }


def alarm_columns(records: Sequence[Record]) -> Columns:
    """Rows of `alarms`; every record holds an Alarm. What is not known is an empty text, a time then 0."""
    events: list[Alarm] = [r.event for r in records]  # type: ignore[misc]
    scopes = [e.scope for e in events]
    return {
        "event_id": [e.event_id for e in events],
        "failure_point": [e.failure_point for e in events],
        "scope": [s.model_dump_json(exclude_none=True) for s in scopes],
        "summary": [e.summary for e in events],
        "raised_at": [int(e.raised_at.timestamp()) for e in events],
        "ended_at": [int(e.ended_at.timestamp()) if e.ended_at is not None else 0 for e in events],
        "expected": [e.expected for e in events],
        "observed": [e.observed for e in events],
        "turns": [e.turns for e in events],
        "evidence": [e.evidence for e in events],
        "test": [e.test for e in events],
        "revision": [e.revision for e in events],
        **time_columns("occurred", [e.occurred_at for e in events]),
        **source_columns(records),
    }

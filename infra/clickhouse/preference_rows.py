"""What people taught, whether it was obeyed, when they could be asked, and who is forgotten, as columns."""

from collections.abc import Sequence

from infra.clickhouse.record import Record
from infra.clickhouse.rows import Columns, second_columns, source_columns, time_columns
from infra.clickhouse.tombstone import PreferenceTombstone, digest
from schemas.contract import hashed
from schemas.forgotten_person import ForgottenPerson
from schemas.preference import Preference
from schemas.preference_outcome import PreferenceOutcome
from schemas.teachable_moment import TeachableMoment


def preference_columns(records: Sequence[Record]) -> Columns:
    """Rows of `preferences`, as they stand, with words; every record holds a Preference."""
    events: list[Preference] = [r.event for r in records]  # type: ignore[misc]
    return {
        "key": [digest(e.key) for e in events],
        "event_id": [e.event_id for e in events],
        "user_id": [e.user_id for e in events],
        "device_id": [e.device_id or "" for e in events],
        "domain": [e.domain or "" for e in events],
        "attribute": [e.attribute for e in events],
        "value": [e.value for e in events],
        "canonical_value": [e.canonical_value or "" for e in events],
        "polarity": [e.polarity for e in events],
        "stands_for": [e.stands_for or "" for e in events],
        "scope": [e.scope for e in events],
        "person": [e.person or "" for e in events],
        "condition": [e.condition or "" for e in events],
        "time": [e.time or "" for e in events],
        **time_columns("valid_from", [e.valid_from for e in events]),
        **second_columns("valid_to", [e.valid_to.timestamp() if e.valid_to is not None else 0.0 for e in events]),
        "status": [e.status for e in events],
        "strength": [e.strength for e in events],
        "confidence": [e.confidence for e in events],
        "source": [e.source for e in events],
        "explicitness": [e.explicitness for e in events],
        "supersedes": [e.supersedes or "" for e in events],
        "consent_version": [e.consent_version for e in events],
        "detector": [e.detector for e in events],
        "revision": [e.revision for e in events],
        "removed": [0] * len(events),
        **time_columns("occurred", [e.occurred_at for e in events]),
        **source_columns(records),
    }


def preference_change_columns(records: Sequence[Record]) -> Columns:
    """Rows of `preference_changes`, without words; every record holds a Preference."""
    events: list[Preference] = [r.event for r in records]  # type: ignore[misc]
    return {
        "key": [digest(e.key) for e in events],
        "event_id": [e.event_id for e in events],
        "user_id": [e.user_id for e in events],
        "attribute": [e.attribute for e in events],
        "status": [e.status for e in events],
        "source": [e.source for e in events],
        "explicitness": [e.explicitness for e in events],
        "revision": [e.revision for e in events],
        **time_columns("occurred", [e.occurred_at for e in events]),
        **source_columns(records),
    }


def preference_tombstone_columns(records: Sequence[Record]) -> Columns:
    """Rows of `preferences` that say that something was forgotten; every record holds a PreferenceTombstone."""
    events: list[PreferenceTombstone] = [r.event for r in records]  # type: ignore[misc]
    return {
        "key": [digest(e.key) for e in events],
        "removed": [1] * len(events),
        **second_columns("occurred", [r.appended_ms / 1000 for r in records]),
        **source_columns(records),
    }


def outcome_columns(records: Sequence[Record]) -> Columns:
    """Rows of `preference_outcomes`; every record holds a PreferenceOutcome. `key` is that of its preference."""
    events: list[PreferenceOutcome] = [r.event for r in records]  # type: ignore[misc]
    return {
        "event_id": [e.event_id for e in events],
        "key": [digest(f"{e.user_id}/{e.preference_id}") for e in events],
        "user_id": [e.user_id for e in events],
        "turn_id": [e.turn_id for e in events],
        "attribute": [e.attribute for e in events],
        "obeyed": [int(e.obeyed) for e in events],
        "retracted": [int(e.retracted) for e in events],
        "detector": [e.detector for e in events],
        "revision": [e.revision for e in events],
        **time_columns("occurred", [e.occurred_at for e in events]),
        **source_columns(records),
    }


def moment_columns(records: Sequence[Record]) -> Columns:
    """Rows of `teachable_moments`; every record holds a TeachableMoment. Its question is left out."""
    events: list[TeachableMoment] = [r.event for r in records]  # type: ignore[misc]
    return {
        "event_id": [e.event_id for e in events],
        "user_id": [e.user_id for e in events],
        "device_id": [e.device_id or "" for e in events],
        "dialogue_id": [e.dialogue_id for e in events],
        "turn_id": [e.turn_id for e in events],
        "kind": [e.kind for e in events],
        "preference_id": [e.preference_id or "" for e in events],
        "detector": [e.detector for e in events],
        **time_columns("occurred", [e.occurred_at for e in events]),
        **source_columns(records),
    }


def forgotten_columns(records: Sequence[Record]) -> Columns:
    """Rows of `forgotten_people`; every record holds a ForgottenPerson."""
    events: list[ForgottenPerson] = [r.event for r in records]  # type: ignore[misc]
    return {
        "person": [digest(hashed(e.user_id)) for e in events],
        **time_columns("occurred", [e.occurred_at for e in events]),
        **source_columns(records),
    }

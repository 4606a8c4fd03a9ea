"""What people taught in the store: as it stands with words, what became of it without, and nothing once forgotten."""

from datetime import timedelta

import pytest

from infra.clickhouse.store import Store
from infra.clickhouse.tombstone import PreferenceTombstone
from infra.clickhouse.writer import Writer
from tests.integration.test_clickhouse_rewrites import store_all
from tests.taught_to_order import AT, forgotten, moment, outcome, preference

pytestmark = pytest.mark.clickhouse


def everything(store: Store) -> str:
    """All that lies in the tables of preferences, replaced rows included."""
    tables = ("preferences", "preference_changes", "preference_minutes")
    return str([store.query(f"SELECT * FROM {table}") for table in tables])


def test_a_preference_comes_back_as_it_went_in(store: Store, build) -> None:
    given = preference(
        3, value="it's 日本", condition="for dinner", valid_to=AT + timedelta(days=1), supersedes="taste-1"
    )
    store_all(store, build, given)
    (row,) = store.query("SELECT * FROM preferences FINAL")
    assert (row["event_id"], row["value"], row["condition"], row["supersedes"]) == (
        *("taste-3", "it's 日本", "for dinner", "taste-1"),
    )
    assert (row["valid_from_at"], row["valid_to_at"]) == (AT, AT + timedelta(days=1))
    assert (row["status"], row["source"], row["polarity"], row["revision"]) == ("active", "statement", "like", 0)


def test_its_last_revision_stands_and_every_change_is_counted_once(store: Store, build, assert_exact) -> None:
    asked = preference(1, status="pending", explicitness="shown", source="inferred")
    taught = preference(
        1, status="active", explicitness="confirmed", source="inferred", revision=1, occurred_at=AT + timedelta(days=1)
    )
    for _ in range(2):
        store_all(store, build, asked, taught, preference(2), preference(3, status="revoked"))
    assert store.query("SELECT status FROM preferences FINAL WHERE event_id = 'taste-1'") == [{"status": "active"}]
    rows = store.query("SELECT * FROM preferences_per_day ORDER BY day, attribute, status, source")
    assert [(r["day"].day, r["status"], r["explicitness"], r["changes"]) for r in rows] == [
        (5, "active", "stated", 1),
        (5, "pending", "shown", 1),
        (5, "revoked", "stated", 1),
        (6, "active", "confirmed", 1),
    ]
    assert_exact(store, preferences_per_minute=4)


def test_the_tables_of_changes_and_figures_hold_no_words(store: Store, build) -> None:
    store_all(store, build, preference(1, value="a secret"), moment(1, question="What is a secret?", about="a secret"))
    for table in ("preference_changes", "preference_minutes", "teachable_moments", "teachable_moment_minutes"):
        (row,) = store.query(f"SELECT * FROM {table}")
        assert "secret" not in str(row)


def test_a_forgotten_preference_is_gone_from_every_row_and_every_figure(store: Store, build, assert_exact) -> None:
    gone, kept = preference(1, value="a secret"), preference(2)
    store_all(store, build, gone, kept, preference(1, value="a secret", revision=1))
    store_all(store, build, PreferenceTombstone(gone.key), first=9)
    assert "secret" not in everything(store)
    assert "taste-1" not in everything(store)
    assert store.query("SELECT event_id FROM preferences FINAL WHERE removed = 0") == [{"event_id": "taste-2"}]
    assert_exact(store, preferences_per_minute=1)


def test_a_forgotten_preference_stays_away_when_its_records_are_delivered_again(store: Store, build) -> None:
    gone = preference(1, value="a secret")
    records = [build.record(gone, 4), build.record(PreferenceTombstone(gone.key), 5)]
    for _ in range(2):
        writer = Writer(store)
        writer.resume("preferences.v1", 0, 0)
        written = writer.write(records)
        writer.erase(written.erasures)
        writer.refresh(written.minutes)
        assert "secret" not in everything(store)


def test_what_is_taught_again_after_it_was_forgotten_is_kept(store: Store, build, assert_exact) -> None:
    gone = preference(1, value="a secret")
    store_all(store, build, gone, PreferenceTombstone(gone.key), gone)
    (row,) = store.query("SELECT value, removed FROM preferences FINAL")
    assert row == {"value": "a secret", "removed": 0}
    assert_exact(store, preferences_per_minute=1)


def test_moments_are_counted_by_kind_and_once(store: Store, build, assert_exact) -> None:
    for _ in range(2):
        store_all(store, build, moment(1), moment(2), moment(3, kind="repeated", preference_id="taste-1"))
    rows = store.query("SELECT kind, moments FROM teachable_moments_per_minute ORDER BY kind")
    assert rows == [{"kind": "repeated", "moments": 1}, {"kind": "unknown-concept", "moments": 2}]
    assert_exact(store, teachable_moments_per_minute=3)


def test_outcomes_are_counted_once_by_their_last_revision(store: Store, build, assert_exact) -> None:
    for _ in range(2):
        store_all(store, build, outcome(1), outcome(2), outcome(3, attribute="units", obeyed=False))
        store_all(store, build, outcome(1, obeyed=False, revision=1), outcome(4, retracted=True), first=5)
    rows = store.query("SELECT attribute, outcomes, obeyed FROM preference_outcomes_per_minute ORDER BY attribute")
    assert rows == [
        {"attribute": "music-genre", "outcomes": 2, "obeyed": 1},
        {"attribute": "units", "outcomes": 1, "obeyed": 0},
    ]
    assert store.query("SELECT sum(outcomes) AS n FROM preference_outcomes_per_day") == [{"n": 3}]
    assert_exact(store, preference_outcomes_per_minute=3)


def test_what_came_of_a_forgotten_preference_is_gone(store: Store, build, assert_exact) -> None:
    store_all(store, build, preference(1), outcome(1), outcome(2))
    store_all(store, build, PreferenceTombstone(preference(1).key), first=9)
    assert store.query("SELECT event_id FROM preference_outcomes") == [{"event_id": "outcome-2"}]
    assert_exact(store, preference_outcomes_per_minute=1)


def test_what_came_of_a_forgotten_persons_preferences_is_gone(store: Store, build, assert_exact) -> None:
    store_all(store, build, outcome(1, "u-gone"), outcome(2))
    store_all(store, build, forgotten("u-gone"), first=9)
    assert store.query("SELECT user_id FROM preference_outcomes") == [{"user_id": "u-1"}]
    assert_exact(store, preference_outcomes_per_minute=1)

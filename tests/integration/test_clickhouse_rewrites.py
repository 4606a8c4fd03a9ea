"""Rewrites, decisions and trials in the store: once, whatever is delivered twice, and gone when they are taken back."""

from datetime import timedelta

import orjson
import pytest

from infra.clickhouse.store import Store
from infra.clickhouse.tombstone import RewriteTombstone, TrialTombstone
from infra.clickhouse.writer import Writer
from tests.taught_to_order import AT, SOURCE, TARGET, decision, personal, rewrite, trial, untouched

pytestmark = pytest.mark.clickhouse


def store_all(store: Store, build, *events, first: int = 0) -> None:
    writer = Writer(store)
    written = writer.write([build.record(event, first + offset) for offset, event in enumerate(events)])
    assert not written.refused
    writer.erase(written.erasures)
    writer.refresh(written.minutes)


def test_a_rewrite_of_everybody_comes_back_with_its_words_and_chains(store: Store, build) -> None:
    store_all(store, build, rewrite(3, source_texts=("it's 日本", "other words")))
    (row,) = store.query("SELECT * FROM rewrites FINAL")
    assert (row["source"], row["source_text"], row["target"]) == (f"{SOURCE} 3", "it's 日本", TARGET)
    assert (row["layer"], row["users"], row["blocked"], row["removed"]) == ("global", 30, 0, 0)
    assert row["target_good"] == 18.0
    assert row["first_seen_at"] == AT - timedelta(days=1)
    chains = orjson.loads(str(row["chains"]))
    assert [chain["people"] for chain in chains] == [30, 12]
    assert chains[0]["states"] == [f"{SOURCE} 3", TARGET]


def test_of_a_rewrite_of_one_person_no_words_are_kept(store: Store, build) -> None:
    said = ("my secret words", "my secret state", "my secret target", "my secret reason", "my secret wish")
    words, source, target, reason, text = said
    own = personal("u-1", source_texts=(words,), source=source, target=target, reason=reason, target_text=text)
    store_all(store, build, own)
    (row,) = store.query("SELECT * FROM rewrites FINAL")
    assert (row["layer"], row["user_id"], row["event_id"]) == ("personal", "u-1", "own-u-1-0")
    assert "secret" not in str(row)


def test_the_last_word_on_a_key_counts_in_any_order_of_delivery(store: Store, build) -> None:
    first, second = rewrite(1), rewrite(1, event_id="other", target="music|stop|", blocked=True, blocked_because="bad")
    store_all(store, build, first, second)
    store_all(store, build, first)
    (row,) = store.query("SELECT event_id, blocked, blocked_because FROM rewrites FINAL")
    assert row == {"event_id": "other", "blocked": 1, "blocked_because": "bad"}


def test_a_rewrite_that_was_taken_back_stays_away_until_it_comes_anew(store: Store, build) -> None:
    kept, gone = rewrite(1), rewrite(2)
    store_all(store, build, kept, gone, RewriteTombstone(gone.key))
    store_all(store, build, gone, first=1)  # delivered again
    shown = "SELECT event_id FROM rewrites FINAL WHERE removed = 0 ORDER BY event_id"
    assert store.query(shown) == [{"event_id": "rewrite-1"}]
    (removed,) = store.query("SELECT source, target_text, reason FROM rewrites FINAL WHERE removed = 1")
    assert set(removed.values()) == {""}
    store_all(store, build, gone, first=9)
    assert store.query(shown) == [{"event_id": "rewrite-1"}, {"event_id": "rewrite-2"}]


def test_a_trial_is_replaced_by_the_next_and_dropped_by_a_tombstone(store: Store, build) -> None:
    store_all(store, build, trial(1), trial(1, worse=0.99, uses=120), trial(2), TrialTombstone("rewrite-2"))
    rows = store.query("SELECT * FROM rewrite_trials FINAL WHERE removed = 0")
    assert [(row["rewrite_id"], row["uses"], row["worse"]) for row in rows] == [("rewrite-1", 120, 0.99)]
    assert (rows[0]["served_good"], rows[0]["held_out_bad"]) == (10.0, 3.0)


def test_a_trial_of_one_person_is_kept_without_its_states(store: Store, build) -> None:
    store_all(store, build, trial(1, layer="personal", user_id="u-1"))
    (row,) = store.query("SELECT user_id, source, target FROM rewrite_trials FINAL")
    assert row == {"user_id": "u-1", "source": "", "target": ""}


def test_decisions_are_counted_by_domain_layer_arm_and_reason_and_once(store: Store, build, assert_exact) -> None:
    events = [
        decision(0),
        decision(1),
        decision(2, arm="holdout", reason="held-out"),
        decision(3, layer="personal", domain="weather"),
        untouched(4),
        untouched(5, "denied", rewrite_id="rewrite-0", layer="global"),
    ]
    for _ in range(2):
        store_all(store, build, *events)
    rows = store.query("SELECT * FROM rewrite_decisions_per_minute ORDER BY domain, layer, arm, reason")
    assert [(r["domain"], r["layer"], r["arm"], r["reason"], r["decisions"]) for r in rows] == [
        ("music", "", "none", "nothing-found", 1),
        ("music", "global", "holdout", "held-out", 1),
        ("music", "global", "none", "denied", 1),
        ("music", "global", "served", "rewritten", 2),
        ("weather", "personal", "served", "rewritten", 1),
    ]
    assert (rows[3]["users"], rows[3]["rewrites"], rows[3]["latency_ms_sum"]) == (2, 1, 5.0)
    assert_exact(store, rewrite_decisions_per_minute=6)
    (row,) = store.query("SELECT * FROM rewrite_decisions FINAL WHERE event_id = 'decision-4'")
    assert (row["score"], row["rewrite_id"], row["turn_id"]) == (None, "", "t-4")

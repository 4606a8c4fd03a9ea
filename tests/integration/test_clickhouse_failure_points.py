"""Failure attributions and alarms in the store: exact under redelivery and revisions, and read back as they were."""

from datetime import UTC, datetime, timedelta

import pytest

from infra.clickhouse.alarms import AlarmReader
from infra.clickhouse.store import Store
from infra.clickhouse.writer import Writer
from schemas.alarm import AlarmScope
from schemas.failure_point import FailurePoint
from tests.failures_to_order import AT, alarm, attribution

pytestmark = pytest.mark.clickhouse

_HOUR = timedelta(hours=1)


def store_all(store: Store, build, *events) -> None:
    writer = Writer(store)
    written = writer.write([build.record(event, offset) for offset, event in enumerate(events)])
    assert not written.refused
    writer.refresh(written.minutes)


def test_an_attribution_comes_back_as_it_went_in(store: Store, build) -> None:
    store_all(store, build, attribution(3, FailurePoint.ASR, sure=0.75, domain="it's 日本"))
    (row,) = store.query("SELECT * FROM failure_points FINAL")
    assert (row["failure_point"], row["p_asr"], row["abstained"]) == ("asr", 0.75, "")
    assert row["p_false_wake"] == pytest.approx(0.05)
    assert (row["domain"], row["component_version"], row["isolation_pass"]) == ("it's 日本", "asr=4.1", "response")
    assert row["occurred_at"] == AT + timedelta(seconds=3)


def test_a_minute_counts_turns_by_failure_point_and_sums_probabilities(store: Store, build, assert_exact) -> None:
    points = [FailurePoint.ASR, FailurePoint.ASR, FailurePoint.CORRECT, None]
    store_all(store, build, *(attribution(n, point) for n, point in enumerate(points)))
    rows = store.query("SELECT * FROM failure_points_per_minute ORDER BY failure_point")
    assert [(row["failure_point"], row["turns"], row["weighed"]) for row in rows] == [
        ("", 1, 0),
        ("asr", 2, 2),
        ("correct", 1, 1),
    ]
    assert sum(float(str(row["asr_sum"])) for row in rows) == pytest.approx(2 * 0.9 + 0.02)
    assert_exact(store, failure_points_per_minute=4)


def test_a_revision_moves_a_turn_and_redelivery_changes_nothing(store: Store, build, assert_exact) -> None:
    first, second = attribution(0, FailurePoint.CORRECT), attribution(0, FailurePoint.NLU, revision=5)
    store_all(store, build, first)
    store_all(store, build, second)
    before = AlarmReader(store).counts([int(AT.timestamp())])
    for late in (first, second, first):
        store_all(store, build, late)
    assert AlarmReader(store).counts([int(AT.timestamp())]) == before
    (group,) = before
    assert (group.turns, group.domain, group.device_type, group.component_version) == (
        1,
        "music",
        "speaker",
        "asr=4.1",
    )
    assert group.probabilities[FailurePoint.NLU] == pytest.approx(0.9)
    assert_exact(store, failure_points_per_minute=1)


def test_versions_name_the_minutes_of_the_history_before_the_newest_that_is_not_in_the_future(
    store: Store, build
) -> None:
    reader = AlarmReader(store)
    assert reader.versions(AT, _HOUR) == {}
    ages = (timedelta(), timedelta(minutes=1), timedelta(hours=2), -timedelta(hours=3))
    store_all(store, build, *(attribution(n, at=AT - age) for n, age in enumerate(ages)))
    minute = int(AT.timestamp())
    assert set(reader.versions(AT + timedelta(minutes=1), _HOUR)) == {minute, minute - 60}


def test_an_alarm_comes_back_in_its_last_revision(store: Store, build) -> None:
    scope = AlarmScope(domain="музыка", locale="en-GB", component="asr", version="4.2.0")
    raised = alarm(1, scope=scope)
    over = raised.model_copy(update={"revision": 1, "ended_at": AT + _HOUR})
    store_all(store, build, raised, alarm(2))
    assert {one.event_id: one for one in AlarmReader(store).alarms()} == {"alarm-1": raised, "alarm-2": alarm(2)}
    store_all(store, build, over)
    store_all(store, build, raised)  # delivered again
    assert {one.event_id: one for one in AlarmReader(store).alarms()} == {"alarm-1": over, "alarm-2": alarm(2)}


def test_the_latest_alarms_are_open_ones_first(store: Store, build) -> None:
    old = alarm(1, occurred_at=AT - _HOUR)
    over = alarm(2, ended_at=AT + _HOUR, revision=1)
    store_all(store, build, over, old)
    reader = AlarmReader(store)
    assert reader.latest(10) == [old, over]
    assert reader.latest(1) == [old]
    assert reader.latest(10, only_open=True) == [old]


def test_a_notice_holds_for_one_revision(store: Store, build) -> None:
    reader, since = AlarmReader(store), datetime.now(UTC) - _HOUR
    store_all(store, build, alarm(1), alarm(2))
    reader.note_told([alarm(1)])
    assert reader.untold(since) == [alarm(2)]
    over = alarm(1, revision=1, ended_at=AT + _HOUR)
    store_all(store, build, over)
    assert {one.event_id for one in reader.untold(since)} == {"alarm-1", "alarm-2"}
    assert reader.untold(datetime.now(UTC) + _HOUR) == []

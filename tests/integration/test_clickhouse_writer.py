"""Batches into raw tables: once, whatever is written twice; all but the bad rows; later when the store is away."""

import threading
from datetime import UTC, datetime, timedelta

import pytest

from infra.clickhouse.retry import Retry
from infra.clickhouse.store import Store, StoreUnavailable, open_store
from infra.clickhouse.writer import Writer
from infra.settings import Settings

pytestmark = pytest.mark.clickhouse


def test_writing_twice_is_writing_once(store: Store, build, assert_exact) -> None:
    batch = [
        *build.turn_records(range(50)),
        *(build.record(build.repeat(number), number) for number in range(20)),
        build.record(build.dialogue(turns=(build.verdict(0), build.verdict(1))), 0),
    ]
    for _ in range(2):
        writer = Writer(store)
        writer.refresh(writer.write(batch).minutes)

    assert_exact(store, turns_per_minute=50, feedback_per_minute=20, defects_per_minute=2, requests_per_minute=2)
    assert store.query("SELECT count() AS n FROM turns FINAL") == [{"n": 50}]


def test_what_landed_is_told_by_topic_partition_and_offset(store: Store, build) -> None:
    writer = Writer(store)
    writer.write([*build.turn_records(range(10)), *build.turn_records(range(100, 103), partition=1)])
    writer.write([build.record(build.dialogue(), 7)])

    assert writer.landed("turn-events.v1", 0, 6) == {6, 7, 8, 9}
    assert writer.landed("turn-events.v1", 1, 0) == {100, 101, 102}
    assert writer.landed("turn-events.v1", 2, 0) == set()
    assert writer.landed("dialogues.v1", 0, 0) == {7}
    assert writer.landed("turn-events.v1", 0, 0, since=build.at + timedelta(seconds=8)) == {8, 9}


def test_after_a_resume_only_what_is_missing_is_written_but_every_minute_is_touched(store: Store, build) -> None:
    Writer(store).write(build.turn_records(range(60)))
    writer = Writer(store)

    landed = writer.resume("turn-events.v1", 0, 30)
    written = writer.write(build.turn_records(range(30, 90)))

    assert landed == 30
    assert written.landed_before == 30
    assert written.rows == {"turns": 30}
    assert written.minutes == {"turns": {1_767_607_200, 1_767_607_260}}
    assert store.query("SELECT count() AS n FROM turns") == [{"n": 90}]


def test_only_the_bad_rows_of_a_batch_are_refused(store: Store, build, assert_exact) -> None:
    batch = build.turn_records(range(100))
    too_old = build.record(build.turn(17, occurred_at=datetime(1960, 1, 1, tzinfo=UTC)), 17)
    too_late = build.record(build.turn(80, occurred_at=datetime(2200, 1, 1, tzinfo=UTC)), 80)
    broken = build.record(build.turn(81).model_copy(update={"text": "\ud800", "asr": None}), 81)
    batch[17], batch[80], batch[81] = too_old, too_late, broken
    writer = Writer(store)

    written = writer.write(batch)
    writer.refresh(written.minutes)

    assert [refused.record for refused in written.refused] == [too_old, too_late, broken]
    assert all(refused.reason for refused in written.refused)
    assert written.rows == {"turns": 97}
    assert_exact(store, turns_per_minute=97)


def test_a_store_that_is_away_is_waited_for_until_told_to_stop(free_ports, build) -> None:
    (port,) = free_ports(1)
    stop = threading.Event()
    retries: list[Retry] = []

    def on_retry(retry: Retry) -> None:
        retries.append(retry)
        if retry.attempt == 3:
            stop.set()

    writer = Writer(open_store(Settings(store="clickhouse", clickhouse_port=port)), stop=stop, on_retry=on_retry)

    with pytest.raises(StoreUnavailable, match="does not answer"):
        writer.write(build.turn_records(range(1)))

    assert [retry.attempt for retry in retries] == [1, 2, 3]
    assert retries[0].wait_s < retries[2].wait_s

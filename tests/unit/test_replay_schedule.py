"""When recorded records are sent, and where their times go."""

import json
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.rebasing import Rebasing, Schedule

FIRST, LAST = 1_000_000, 1_600_000  # ten minutes
NOW = 9_000_000_000


def moved_by(shift: timedelta, value: bytes | None, start_ms: int = NOW) -> bytes | None:
    """The value after a replay at `start_ms` whose times move by `shift`."""
    last_ms = start_ms - round(shift.total_seconds() * 1000)
    return Rebasing(Schedule(last_ms - 1000, last_ms, start_ms)).move(value)


def test_all_times_of_an_event_move_and_nothing_else_but_ids_does() -> None:
    event = {
        "event_id": "e1", "user_id": "u1", "occurred_at": "2026-03-02T18:00:00.250Z",
        "speech": {"started_at": "2026-03-02T20:00:00+02:00", "ended_at": "2026-03-02T18:00:01Z"},
        "response": {"text": "x", "span": {"started_at": "2026-03-02T18:00:02Z", "ended_at": "2026-03-02T18:00:03Z"}},
        "turns": [{"occurred_at": "2026-03-02T18:00:00Z"}], "unknown": {"n": [1, None, "ü"]},
    }  # fmt: skip
    moved = json.loads(moved_by(timedelta(hours=1), json.dumps(event).encode()) or b"")
    assert moved["occurred_at"] == "2026-03-02T19:00:00.250000Z"
    assert moved["speech"] == {"started_at": "2026-03-02T19:00:00Z", "ended_at": "2026-03-02T19:00:01Z"}
    assert moved["response"]["span"]["ended_at"] == "2026-03-02T19:00:03Z"
    assert moved["turns"][0]["occurred_at"] == "2026-03-02T19:00:00Z"
    assert moved["event_id"] != event["event_id"]
    assert moved["user_id"] == event["user_id"]
    assert moved["unknown"] == event["unknown"]


@pytest.mark.parametrize(
    "value", [None, b"", b"[1]", b"{", b"\xff", b"null", b'{"occurred_at":"9999-12-31T23:00:00Z"}']
)
def test_what_cannot_be_moved_stays(value: bytes | None) -> None:
    assert moved_by(timedelta(hours=2), value) == value


def test_a_replay_that_is_resumed_sends_the_same_ids_and_another_replay_other_ones() -> None:
    value = b'{"event_id":"e1","turn_id":"t1","dialogue_id":"d1","occurred_at":"2026-03-02T18:00:00Z"}'
    first, resumed, later = (moved_by(timedelta(hours=1), value, start) for start in (NOW, NOW, NOW + 1))
    assert first == resumed
    one, other = json.loads(first or b""), json.loads(later or b"")
    assert all(one[name] != other[name] for name in ("event_id", "turn_id", "dialogue_id"))


def test_bytes_stay_when_nothing_moves() -> None:
    assert moved_by(timedelta(0), b'{"occurred_at" : "2026-03-02T18:00:00Z"}') == (
        b'{"occurred_at" : "2026-03-02T18:00:00Z"}'
    )


def test_at_speed_one_the_first_record_is_now() -> None:
    schedule = Schedule(FIRST, LAST, NOW, speed=1.0)
    assert schedule.shift == timedelta(milliseconds=NOW - FIRST)
    assert schedule.due_s(FIRST) == 0
    assert schedule.due_s(LAST) == 600


def test_at_full_speed_the_last_record_is_now() -> None:
    schedule = Schedule(FIRST, LAST, NOW, speed=None)
    assert schedule.shift == timedelta(milliseconds=NOW - LAST)
    assert schedule.due_s(LAST) == 0


@given(st.floats(0.1, 1000), st.integers(FIRST, LAST))
def test_at_any_speed_no_event_lies_in_the_future_when_it_is_sent(speed: float, recorded_ms: int) -> None:
    schedule = Schedule(FIRST, LAST, NOW, speed=speed)
    sent_ms = NOW + schedule.due_s(recorded_ms) * 1000
    moved_ms = recorded_ms + schedule.shift / timedelta(milliseconds=1)
    if speed >= 1:
        assert moved_ms <= sent_ms + 1
    assert LAST + schedule.shift / timedelta(milliseconds=1) <= NOW + schedule.lasts_s * 1000 + 1


def test_times_may_be_kept() -> None:
    assert Schedule(FIRST, LAST, NOW, keep_times=True).shift == timedelta(0)


def test_times_without_a_zone_keep_having_none() -> None:
    moved = moved_by(timedelta(hours=1), b'{"occurred_at":"2026-03-02T18:00:00"}')
    assert moved == b'{"occurred_at":"2026-03-02T19:00:00"}'

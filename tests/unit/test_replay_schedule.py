"""When recorded records are sent, and where their times go."""

import json
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.rebasing import Schedule, shift_times

FIRST, LAST = 1_000_000, 1_600_000  # ten minutes
NOW = 9_000_000_000


def test_all_times_of_an_event_move_and_nothing_else_does() -> None:
    event = {
        "event_id": "2026-03-02T18:00:00Z", "occurred_at": "2026-03-02T18:00:00.250Z",
        "speech": {"started_at": "2026-03-02T20:00:00+02:00", "ended_at": "2026-03-02T18:00:01Z"},
        "response": {"text": "x", "span": {"started_at": "2026-03-02T18:00:02Z", "ended_at": "2026-03-02T18:00:03Z"}},
        "turns": [{"occurred_at": "2026-03-02T18:00:00Z"}], "unknown": {"n": [1, None, "ü"]},
    }  # fmt: skip
    moved = json.loads(shift_times(json.dumps(event).encode(), timedelta(hours=1)) or b"")
    assert moved["occurred_at"] == "2026-03-02T19:00:00.250000Z"
    assert moved["speech"] == {"started_at": "2026-03-02T19:00:00Z", "ended_at": "2026-03-02T19:00:01Z"}
    assert moved["response"]["span"]["ended_at"] == "2026-03-02T19:00:03Z"
    assert moved["turns"][0]["occurred_at"] == "2026-03-02T19:00:00Z"
    assert moved["event_id"] == event["event_id"]
    assert moved["unknown"] == event["unknown"]


@pytest.mark.parametrize(
    "value", [None, b"", b"[1]", b"{", b"\xff", b"null", b'{"occurred_at":"9999-12-31T23:00:00Z"}']
)
def test_what_cannot_be_moved_stays(value: bytes | None) -> None:
    assert shift_times(value, timedelta(hours=2)) == value


def test_bytes_stay_when_nothing_moves() -> None:
    assert shift_times(b'{"occurred_at" : "2026-03-02T18:00:00Z"}', timedelta(0)) == (
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
    moved = shift_times(b'{"occurred_at":"2026-03-02T18:00:00"}', timedelta(hours=1))
    assert moved == b'{"occurred_at":"2026-03-02T19:00:00"}'

"""The rows of a turn that was proven are those of the turn that the contract's model reads."""

import json
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.clickhouse.prepared import Prepared
from infra.clickhouse.record import Record
from infra.clickhouse.turn_rows import turn_columns
from infra.settings import Settings
from schemas.turn import DeviceEvent, Turn
from streams.decoding import decode
from streams.proof import proven, proven_turn
from streams.sink_decoding import RowDecoder
from tests.unit.test_decoding import BAD, turn
from tests.unit.test_proof import APPENDED_MS, EXAMPLES, FULL, LIMITS, Stored, changed_turns, damaged_turns


def same_columns(value: bytes, key: bytes = b"u1", appended_ms: int = APPENDED_MS) -> bool:
    """Whether the record was proven; fails unless its columns are then the same, and `detect` proves it as well."""
    fast = proven_turn(key, value, appended_ms, LIMITS)
    assert (fast is None) is (proven(key, value, appended_ms, LIMITS) is None)
    if fast is None:
        return False
    slow = decode(key, value, appended_ms, LIMITS)
    assert isinstance(slow, Turn)
    of_fast, of_slow = (turn_columns([Record(event, 3, 7, appended_ms)]) for event in (fast, slow))
    assert list(of_fast) == list(of_slow)
    for name, values in of_slow.items():
        assert typed(of_fast[name]) == typed(values), name
    return True


def typed(value: Any) -> Any:
    """A value with its type and those of all it holds; numbers to the last bit."""
    held = [typed(one) for one in value] if isinstance(value, list | tuple) else repr(value)
    return type(value), held


@pytest.mark.parametrize("value", EXAMPLES)
def test_the_columns_of_every_example_are_the_same(value: bytes) -> None:
    content = json.loads(value)
    at = datetime.fromisoformat(content["occurred_at"])
    proved = same_columns(value, content["user_id"].encode(), int(at.timestamp() * 1000))
    assert proved is content["occurred_at"].endswith("Z")


def test_the_columns_of_a_turn_with_all_its_parts_and_of_one_with_the_least_are_the_same() -> None:
    assert same_columns(json.dumps(FULL).encode())
    assert same_columns(turn())


@given(changed_turns())
def test_whatever_is_changed_in_a_turn_its_columns_are_the_same(value: bytes) -> None:
    same_columns(value)


@given(damaged_turns())
def test_whatever_is_damaged_in_its_bytes_its_columns_are_the_same(value: bytes) -> None:
    same_columns(value)


@given(st.integers(0, 999_999), st.integers(1, 6), st.integers(0, 59))
def test_its_times_are_rounded_the_same(fraction: int, digits: int, second: int) -> None:
    written = f"2026-03-02T17:59:{second:02}.{f'{fraction:06}'[:digits]}Z"
    span = {"started_at": written, "ended_at": "2026-03-02T18:00:59.999500Z"}
    assert same_columns(turn(occurred_at=written, speech=span, response={"span": span}))


def test_its_versions_are_the_same_in_any_order_and_only_strings_are_proven() -> None:
    for versions in ({}, {"b": "1", "a": "2"}, {"a": "2", "b": "1"}, {"ä": "\n\U0001f600"}):
        assert same_columns(turn(device={"id": "dev1", "versions": versions}))
    for wrong in ([], None, {"asr": 4}, {"asr": None}, "4"):
        assert not same_columns(turn(device={"id": "dev1", "versions": wrong}))


def test_records_come_to_the_same_columns_whether_turns_are_proven_or_not(monkeypatch: pytest.MonkeyPatch) -> None:
    played = {**json.loads(turn(event_id="p")), "type": "playback", "state": "paused"}
    values = [turn(), turn(event_id="e2", battery=2), json.dumps(FULL).encode(), json.dumps(played).encode()]
    values += [value for _, key, value, _, _ in BAD if key == b"u1" and value is not None]
    records = [Stored(offset, value) for offset, value in enumerate(values)]

    def outcome() -> tuple[object, object, object]:
        rows, unreadable = RowDecoder(Settings()).rows(DeviceEvent.topic_suffix, 2, records)
        prepared = Prepared()
        prepared.add(rows)
        return prepared.columns, prepared.records_of, unreadable

    fast = outcome()
    monkeypatch.setattr("streams.sink_decoding.proven_turn", lambda *record: None)
    assert outcome() == fast
    assert sum(fast[1].values()) == 4

"""Sampling the fields that a newer fleet sends."""

import json
from typing import Any

import pytest

from schemas.turn import TURN_EVENT
from streams.unknown_fields import OTHER, UnknownFields

TURN: dict[str, Any] = {
    "type": "turn", "event_id": "e1", "occurred_at": "2026-03-02T18:00:00Z", "turn_id": "t1", "dialogue_id": "d1",
    "user_id": "u1", "device": {"id": "dev1"},
}  # fmt: skip


def see(fields: UnknownFields, **changes: Any) -> None:
    value = json.dumps(TURN | changes).encode()
    fields.see(value, TURN_EVENT.validate_json(value))


def test_paths_of_unknown_fields_are_counted() -> None:
    fields = UnknownFields(one_in=1)
    slot = {"type": "a", "value": "b", "unit": "c"}
    see(
        fields,
        battery=1,
        device={"id": "x", "colour": "red"},
        nlu={"domain": "m", "intent": "p", "slots": [slot, slot]},
    )
    assert fields.counts == {"turn.battery": 1, "turn.device.colour": 1, "turn.nlu.slots[].unit": 2}


def test_open_dictionaries_hold_no_unknown_fields() -> None:
    fields = UnknownFields(one_in=1)
    see(fields, device={"id": "x", "versions": {"radar": "1"}})
    assert not fields.counts


def test_one_event_in_n_is_looked_at_beginning_with_the_first() -> None:
    fields = UnknownFields(one_in=10)
    for _ in range(21):
        see(fields, battery=1)
    assert fields.counts == {"turn.battery": 3}


def test_a_hostile_fleet_cannot_fill_the_memory() -> None:
    fields = UnknownFields(one_in=1, most_paths=3)
    for number in range(10):
        see(fields, **{f"x{number}": 1})
    assert len(fields.counts) == 4
    assert fields.counts[OTHER] == 7


def test_sampling_less_than_every_event_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        UnknownFields(one_in=0)

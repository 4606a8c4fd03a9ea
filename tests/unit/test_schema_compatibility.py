"""A breaking change inside a major version is found, whatever it is; an addition is none."""

import copy
from collections.abc import Callable
from typing import Any

import pytest

from schemas.compatibility import breaking_changes, changes_since_snapshot
from schemas.export import json_schemas

Schemas = dict[str, dict[str, Any]]


def turn(schemas: Schemas) -> dict[str, Any]:
    return schemas["turn"]


def defined(schemas: Schemas, name: str) -> dict[str, Any]:
    part: dict[str, Any] = schemas["turn"]["$defs"][name]
    return part


def test_the_code_is_compatible_with_what_was_agreed_on() -> None:
    assert changes_since_snapshot() == []


def test_the_same_schemas_are_compatible() -> None:
    assert breaking_changes(json_schemas(), json_schemas()) == []


def remove_event(s: Schemas) -> None:
    del s["playback"]


def remove_field(s: Schemas) -> None:
    del turn(s)["properties"]["context"]


def remove_nested_field(s: Schemas) -> None:
    del defined(s, "Asr")["properties"]["n_best"]


def add_required_field(s: Schemas) -> None:
    turn(s)["properties"]["room"] = {"type": "string"}
    turn(s)["required"].append("room")


def require_optional_field(s: Schemas) -> None:
    turn(s)["required"].append("channel")


def require_nested_field(s: Schemas) -> None:
    defined(s, "Device").setdefault("required", []).append("type")


def change_type(s: Schemas) -> None:
    s["playback"]["properties"]["position_ms"] = {"type": "string"}


def narrow_number_to_integer(s: Schemas) -> None:
    s["repeat"]["properties"]["gap_s"] = {"type": "integer"}


def take_null_away(s: Schemas) -> None:
    turn(s)["properties"]["text"] = {"type": "string"}


def narrow_enum(s: Schemas) -> None:
    defined(s, "Channel")["enum"].remove("chat")


def close_a_free_string(s: Schemas) -> None:
    s["dead-letter"]["properties"]["role"]["enum"] = ["detect", "sink"]


def lower_a_maximum(s: Schemas) -> None:
    rating = s["explicit-feedback"]["properties"]["rating"]["anyOf"][0]
    rating["maximum"] = 4


def add_a_minimum(s: Schemas) -> None:
    s["barge-in"]["properties"]["offset_ms"]["minimum"] = 0


def shorten_ids(s: Schemas) -> None:
    turn(s)["properties"]["turn_id"]["maxLength"] = 64


def change_a_pattern(s: Schemas) -> None:
    turn(s)["properties"]["schema_version"]["pattern"] = r"^1\.[1-9]$"


def refuse_unknown_fields(s: Schemas) -> None:
    turn(s)["additionalProperties"] = False


def change_items(s: Schemas) -> None:
    defined(s, "Nlu")["properties"]["slots"]["items"] = {"type": "string"}


def change_dictionary_values(s: Schemas) -> None:
    defined(s, "Device")["properties"]["versions"]["additionalProperties"] = {"type": "integer"}


BREAKING: list[tuple[Callable[[Schemas], None], str]] = [
    (remove_event, "playback: the event was removed"),
    (remove_field, "turn.context: the field was removed"),
    (remove_nested_field, "turn.asr.n_best: the field was removed"),
    (add_required_field, "turn.room: a new field is required"),
    (require_optional_field, "turn.channel: the field is required now"),
    (require_nested_field, "turn.device.type: the field is required now"),
    (change_type, "playback.position_ms"),
    (narrow_number_to_integer, "repeat.gap_s: number is no longer allowed"),
    (take_null_away, "turn.text: null is no longer allowed"),
    (narrow_enum, 'turn.channel: "chat" is no longer allowed'),
    (close_a_free_string, "dead-letter.role: only"),
    (lower_a_maximum, "explicit-feedback.rating: maximum was 5, it is 4 now"),
    (add_a_minimum, "barge-in.offset_ms: minimum was not limited, it is 0 now"),
    (shorten_ids, "turn.turn_id: maxLength was 128, it is 64 now"),
    (change_a_pattern, "turn.schema_version: pattern"),
    (refuse_unknown_fields, "turn: unknown fields are refused now"),
    (change_items, "turn.nlu.slots[]"),
    (change_dictionary_values, "turn.device.versions[]"),
]


@pytest.mark.parametrize(("change", "told"), BREAKING, ids=[change.__name__ for change, _ in BREAKING])
def test_a_breaking_change_is_refused(change: Callable[[Schemas], None], told: str) -> None:
    after = copy.deepcopy(json_schemas())
    change(after)
    assert any(problem.startswith(told) for problem in breaking_changes(json_schemas(), after))


def add_optional_field(s: Schemas) -> None:
    turn(s)["properties"]["room"] = {"type": "string"}


def add_event(s: Schemas) -> None:
    s["gesture"] = {"type": "object"}


def widen_enum(s: Schemas) -> None:
    defined(s, "Channel")["enum"].append("sms")


def widen_integer_to_number(s: Schemas) -> None:
    s["barge-in"]["properties"]["offset_ms"]["type"] = "number"


def raise_a_maximum(s: Schemas) -> None:
    turn(s)["properties"]["turn_id"]["maxLength"] = 256


def allow_null(s: Schemas) -> None:
    turn(s)["properties"]["turn_id"] = {"anyOf": [turn(s)["properties"]["turn_id"], {"type": "null"}]}


def describe(s: Schemas) -> None:
    turn(s)["description"] = "other words"


@pytest.mark.parametrize(
    "change",
    [add_optional_field, add_event, widen_enum, widen_integer_to_number, raise_a_maximum, allow_null, describe],
    ids=lambda change: change.__name__,
)
def test_an_addition_is_no_breaking_change(change: Callable[[Schemas], None]) -> None:
    after = copy.deepcopy(json_schemas())
    change(after)
    assert breaking_changes(json_schemas(), after) == []

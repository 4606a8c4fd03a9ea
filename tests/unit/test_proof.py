"""What is read fast is what the contract's models would have read, and the structs that read it are those models."""

import copy
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.settings import Settings
from processors.exchange import Exchange
from processors.trace import Trace
from schemas.turn import Turn
from streams.decoding import Limits, decode
from streams.delivery import Committed
from streams.detect_partition import DetectPartition
from streams.proof import proven, proven_with_trace
from streams.unknown_fields import unknown_paths
from tests.unit.test_decoding import BAD, turn

LIMITS = Limits()
APPENDED_MS = 1_772_474_400_000  # 2026-03-02T18:00:00Z
EXAMPLES = [
    path.read_bytes() for path in sorted((Path(__file__).parents[2] / "schemas" / "examples" / "turn").rglob("*.json"))
]
FULL: dict[str, Any] = {
    "schema_version": "1.0",
    "event_id": "e1",
    "occurred_at": "2026-03-02T18:00:00.5Z",
    "turn_id": "t1",
    "dialogue_id": "d1",
    "user_id": "u1",
    "device": {"id": "dev1", "type": "car", "screen": True, "locale": "de-DE", "versions": {"asr": "4", "nlu": "2"}},
    "type": "turn",
    "channel": "voice",
    "wake": {"word": "computer", "confidence": 0.75},
    "asr": {"text": "grüße", "confidence": 1, "n_best": [{"text": "grüße", "confidence": 0.5}, {"text": "füße"}]},
    "text": "hello there",
    "speech": {"started_at": "2026-03-02T18:00:00.500000Z", "ended_at": "2026-03-02T18:00:02Z"},
    "nlu": {
        "domain": "chat",
        "intent": "greet",
        "slots": [{"type": "who", "value": "you", "entity": "me", "score": 0.25}],
        "confidence": 0.5,
        "n_best": [{"domain": "x", "intent": "y", "slots": [{"type": "a", "value": "b"}], "confidence": 0.1}],
    },
    "response": {
        "text": "hello to you",
        "status": "asked",
        "action": "greet",
        "entity": "person:1",
        "span": {"started_at": "2026-03-02T18:00:02.75Z", "ended_at": "2026-03-02T18:00:04.123456Z"},
    },
    "context": {"device_state": "idle", "activity": "none", "local_time": "19:00", "place": "kitchen"},
    "rewrite": {"rewrite_id": "r1", "source": "a", "target": "b"},
    "synthetic_timing": True,
}


class Stored(NamedTuple):
    """A record at its offset."""

    offset: int
    value: bytes
    timestamp: int = APPENDED_MS
    key: bytes = b"u1"
    headers: tuple[()] = ()


def judged(key: bytes | None, value: bytes | None, appended_ms: int = APPENDED_MS) -> bool:
    """Whether the record was proven; fails unless the model says the same of it."""
    fast = proven(key, value, appended_ms, LIMITS)
    if fast is None:
        return False
    event = decode(key, value, appended_ms, LIMITS)
    assert isinstance(event, Turn)
    assert value is not None
    assert not list(unknown_paths(json.loads(value), event))
    assert shown(fast) == shown(Exchange.of(event))
    traced = proven_with_trace(key, value, appended_ms, LIMITS)
    assert traced is not None
    assert traced.trace == Trace.of(event)
    return True


def shown(exchange: Exchange) -> dict[str, Any]:
    """All that an exchange holds, so that two can be compared."""
    held = {name: getattr(exchange, name) for name in Exchange.__struct_fields__}
    words, dimensions = exchange.recall_words(), exchange.dimensions
    return held | {
        "words": (words.text, words.count, words.marks),
        "slots": [(slot.type, slot.value, slot.entity, slot.score) for slot in exchange.slots],
        "dimensions": (dimensions.facets, list(dimensions.facets.versions), orjson.dumps(dimensions.json)),
    }


@pytest.mark.parametrize("value", EXAMPLES)
def test_every_example_of_a_turn_with_times_in_utc_is_proven(value: bytes) -> None:
    content = json.loads(value)
    at = datetime.fromisoformat(content["occurred_at"])
    proved = judged(content["user_id"].encode(), value, int(at.timestamp() * 1000))
    assert proved is content["occurred_at"].endswith("Z")


def test_a_turn_with_all_its_parts_and_one_with_the_least_are_proven() -> None:
    assert judged(b"u1", json.dumps(FULL).encode())
    assert judged(b"u1", turn())
    assert judged(b"u1", turn(), -1)


@pytest.mark.parametrize(("key", "value"), [case[1:3] for case in BAD], ids=[case[0] for case in BAD])
def test_no_bad_input_is_proven(key: bytes | None, value: bytes | None) -> None:
    assert not judged(key, value)


@pytest.mark.parametrize(
    "changes",
    [
        {"schema_version": "1.7"},
        {"battery": 0.5},
        {"device": {"id": "dev1", "colour": "red"}},
        {"occurred_at": "2026-03-02T19:00:00+01:00"},
        {"occurred_at": "2026-03-02T18:00:00.1234567Z"},
        {"occurred_at": 1_772_474_400},
        {"wake": {"confidence": "0.5"}},
        {"synthetic_timing": "yes"},
        {"context": {"local_time": "99:99"}},
    ],
)
def test_what_only_the_model_can_tell_is_left_to_it(changes: dict[str, Any]) -> None:
    assert proven(b"u1", turn(**changes), APPENDED_MS, LIMITS) is None
    assert isinstance(decode(b"u1", turn(**changes), APPENDED_MS, LIMITS), Turn)


def test_versions_are_strings_by_name() -> None:
    wrong: list[object] = [[], None, {"asr": 4}, {"asr": None}, "4", [["asr", "4"]]]
    right: list[object] = [{}, {"b": "1", "a": "2"}, {"ä": "\n\ud83d\ude00"}]
    for versions in wrong:
        assert not judged(b"u1", turn(device={"id": "dev1", "versions": versions}))
    for versions in right:
        assert judged(b"u1", turn(device={"id": "dev1", "versions": versions}))
    deep = b"[" * 100_000
    assert not judged(b"u1", turn(device={"id": "dev1", "versions": {}}).replace(b"{}", deep))
    twice = b'{"asr":"1","nlu":"2","asr":"3"}'
    assert judged(b"u1", turn(device={"id": "dev1", "versions": {}}).replace(b"{}", twice))


@given(st.integers(1, 6 * 86400), st.integers(0, 7), st.integers(0, 10**7 - 1))
def test_times_are_the_same_to_the_last_bit(seconds_before: int, digits: int, fraction: int) -> None:
    at = datetime(2026, 3, 2, 18, tzinfo=UTC) - timedelta(seconds=seconds_before)
    written = at.strftime("%Y-%m-%dT%H:%M:%S") + (f".{fraction:07}"[: digits + 1] if digits else "") + "Z"
    assert judged(b"u1", turn(occurred_at=written)) is (digits < 7)


@pytest.mark.parametrize(
    "written",
    [
        "2026-03-02T18:00:00", "2026-03-02t18:00:00z", "2026-03-02 18:00:00Z", "2026-03-02T18:00Z", "20260302T180000Z",
        "2026-W10-1T18:00:00Z", "2026-03-02T18:00:00,5Z", "2026-03-02T18:00:00.Z", "2026-03-02T18:00:60Z",
        "2026-02-30T18:00:00Z", "2026-03-02T24:00:00Z", "2026-03-02T18:00:00.5 Z", "2026-03-02T18:00:00.1_1Z",
        "2026-03-02T18:00:0\u0661Z", "2026-03-02T18:00:00.\u0661Z", "2026-03-02T18:00:00Z\n", "",
    ],
)  # fmt: skip
def test_no_other_way_to_write_a_time_is_proven(written: str) -> None:
    assert not judged(b"u1", turn(occurred_at=written))


odd: st.SearchStrategy[object] = st.sampled_from(
    [
        None, True, False, 0, 1, -1, 2, 0.5, -0.0, 1e-9, 1.0000001, 1e308, 10**30, "", "0.5", "true", "x" * 128,
        "x" * 129, "ü" * 128, "voice", "chat", "failed", "turn", "1.0", "1.10", "1.12345", "2.0", "1.0\n", "19:00",
        "24:00", "19:0\u0661", "\x00", "\u2028", "2026-03-02T18:00:01Z", "2026-03-02T18:00:01.25Z",
        "2026-03-03T18:00:00.1Z", "2026-03-05T18:00:00Z", [], {}, [[]], [{}], {"id": "x"}, {"text": "x"},
        {"type": "a", "value": "b"}, {"domain": "d", "intent": "i"},
    ]
)  # fmt: skip
damage = st.binary(max_size=3) | st.sampled_from(
    [b"\\u00e9", b"\\ud800", b"\\", b'"', b"1", b"}", b"{", b",", b":", b" ", b"e5"]
)


def places(content: Any) -> list[tuple[Any, Any]]:
    """Every container in `content` with each of its keys or indices."""
    items = content.items() if isinstance(content, dict) else enumerate(content) if isinstance(content, list) else ()
    return [place for name, value in items for place in ((content, name), *places(value))]


@st.composite
def changed_turns(draw: st.DrawFn) -> bytes:
    """The full turn with one or two of its values replaced, left out or added."""
    content = copy.deepcopy(FULL)
    for _ in range(draw(st.integers(1, 2))):
        holder, name = draw(st.sampled_from(places(content)))
        match draw(st.sampled_from(["replace", "replace", "remove", "add"])):
            case "remove":
                del holder[name]
            case "add" if isinstance(holder, dict):
                added = draw(st.sampled_from(["extra", "text", "type", "span", "n_best"]))
                holder[added] = copy.deepcopy(draw(odd))
            case _:
                holder[name] = copy.deepcopy(draw(odd))
    return json.dumps(content, ensure_ascii=draw(st.booleans())).encode()


@st.composite
def damaged_turns(draw: st.DrawFn) -> bytes:
    """The full turn with a few of its bytes replaced."""
    value = bytearray(json.dumps(FULL, ensure_ascii=draw(st.booleans())).encode())
    at = draw(st.integers(0, len(value) - 1))
    value[at : at + draw(st.integers(0, 3))] = draw(damage)
    return bytes(value)


@given(changed_turns())
def test_whatever_is_changed_in_a_turn_the_model_says_the_same(value: bytes) -> None:
    judged(b"u1", value)


@given(damaged_turns())
def test_whatever_is_damaged_in_its_bytes_the_model_says_the_same(value: bytes) -> None:
    judged(b"u1", value)


@given(st.floats(0, 1), st.floats(-10, 10))
def test_times_out_of_order_or_far_apart_are_left_to_the_model(start: float, days: float) -> None:
    at = datetime(2026, 3, 2, 18, tzinfo=UTC)
    span = {
        "started_at": (at + timedelta(seconds=start)).isoformat().replace("+00:00", "Z"),
        "ended_at": (at + timedelta(days=days)).isoformat().replace("+00:00", "Z"),
    }
    if judged(b"u1", turn(speech=span)):
        assert start - 1e-6 <= days * 86400 <= 86400 + 1e-6  # times are written to the microsecond


def test_a_partition_comes_to_the_same_whether_turns_are_proven_or_not(monkeypatch: pytest.MonkeyPatch) -> None:
    values = [turn(event_id=f"e{n}", turn_id=f"t{n}", asr={"text": "play some jazz"}, battery=n) for n in range(2)]
    values += [turn(event_id=f"e{n}", turn_id=f"t{n}", asr={"text": "play some jazz"}) for n in range(2, 5)]
    values += [value for _, key, value, _, _ in BAD if key == b"u1" and value is not None]
    records = [Stored(offset, value) for offset, value in enumerate(values)]

    def outcome() -> tuple[object, object, object]:
        partition = DetectPartition(Settings(), 0, Committed(-1))
        return partition.process(records), partition.unknown_fields.counts, partition.rejected

    fast = outcome()
    monkeypatch.setattr("streams.detect_partition.proven", lambda *record: None)
    assert outcome() == fast
    assert fast[2]

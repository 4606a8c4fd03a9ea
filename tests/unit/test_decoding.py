"""Every way in which a record can be no event, and what is said of it."""

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.settings import Settings
from schemas.dead_letter import DEAD_LETTER_HEADER, DeadLetter, DeadLetterCause
from schemas.turn import ExplicitFeedback, Playback, Turn
from streams.decoding import (
    Limits,
    Undecodable,
    decode,
    decode_dead_letter,
    decode_dialogue,
    decode_feedback,
)

LIMITS = Limits()
APPENDED_MS = 1_772_474_400_000  # 2026-03-02T18:00:00Z
TURN: dict[str, Any] = {
    "type": "turn",
    "event_id": "e1",
    "occurred_at": "2026-03-02T18:00:00Z",
    "turn_id": "t1",
    "dialogue_id": "d1",
    "user_id": "u1",
    "device": {"id": "dev1"},
}


def turn(**changes: Any) -> bytes:
    content = {name: value for name, value in (TURN | changes).items() if value is not ...}
    return json.dumps(content).encode()


def refusal(value: bytes | None, key: bytes | None = b"u1", limits: Limits = LIMITS) -> Undecodable:
    with pytest.raises(Undecodable) as caught:
        decode(key, value, APPENDED_MS, limits)
    return caught.value


def test_a_valid_turn_is_decoded() -> None:
    event = decode(b"u1", turn(asr={"text": "play jazz"}), APPENDED_MS, LIMITS)
    assert isinstance(event, Turn)
    assert event.request == "play jazz"


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"type": "playback", "state": "started"}, Playback),
        ({"type": "explicit-feedback", "answer": "yes"}, ExplicitFeedback),
    ],
)
def test_the_type_says_which_event_it_is(changes: dict[str, Any], kind: type) -> None:
    assert isinstance(decode(b"u1", turn(**changes), APPENDED_MS, LIMITS), kind)


def test_unknown_fields_and_a_newer_minor_version_are_let_through() -> None:
    value = turn(schema_version="1.7", battery=0.5, device={"id": "dev1", "colour": "red"})
    assert decode(b"u1", value, APPENDED_MS, LIMITS).event_id == "e1"


BAD: list[tuple[str, bytes | None, bytes | None, DeadLetterCause, list[str]]] = [
    ("null value", b"u1", None, DeadLetterCause.NULL_VALUE, ["no value"]),
    ("null key", None, turn(), DeadLetterCause.NULL_KEY, ["no key", "user_id"]),
    ("both null", None, None, DeadLetterCause.NULL_VALUE, ["no value"]),
    ("another key", b"u2", turn(), DeadLetterCause.WRONG_KEY, ['"u2"', '"u1"']),
    ("key that is not UTF-8", b"\xff\xfe", turn(), DeadLetterCause.WRONG_KEY, ['"u1"']),
    ("empty", b"u1", b"", DeadLetterCause.INVALID_JSON, ["empty"]),
    ("truncated", b"u1", turn()[:40], DeadLetterCause.INVALID_JSON, ["40 bytes", "column 40", "truncated"]),
    ("not JSON", b"u1", b"hello", DeadLetterCause.INVALID_JSON, ["not JSON", "column 1"]),
    ("deep", b"u1", b"[" * 100_000, DeadLetterCause.INVALID_JSON, ["recursion"]),
    ("half a surrogate", b"u1", turn()[:-1] + b',"text":"\\ud800"}', DeadLetterCause.INVALID_JSON, ["not JSON"]),
    ("not UTF-8", b"u1", b'{"type":"\xff"}', DeadLetterCause.INVALID_UTF8, ["0xff", "position 9 of 12"]),
    ("array", b"u1", b"[1]", DeadLetterCause.INVALID_EVENT, ["JSON array"]),
    ("null literal", b"u1", b"null", DeadLetterCause.INVALID_EVENT, ["JSON null"]),
    ("number", b"u1", b"17", DeadLetterCause.INVALID_EVENT, ["JSON number"]),
    ("no type", b"u1", turn(type=...), DeadLetterCause.INVALID_EVENT, ["type is missing"]),
    ("unknown type", b"u1", turn(type="song"), DeadLetterCause.INVALID_EVENT, ['type is "song"', "'playback'"]),
    ("type is null", b"u1", turn(type=None), DeadLetterCause.INVALID_EVENT, ["type is null"]),
    ("version 2", b"u1", turn(schema_version="2.0"), DeadLetterCause.UNKNOWN_MAJOR_VERSION, ["2.0", "reads 1.x"]),
    ("version 2, new type", b"u1", turn(schema_version="2.1", type="gesture"),
     DeadLetterCause.UNKNOWN_MAJOR_VERSION, ["2.1"]),
    ("version as number", b"u1", turn(schema_version=2), DeadLetterCause.UNKNOWN_MAJOR_VERSION, ["version 2 "]),
    ("no version at all", b"u1", turn(schema_version="new"), DeadLetterCause.INVALID_EVENT, ["schema_version"]),
    ("wrong type", b"u1", turn(asr={"text": 5}), DeadLetterCause.INVALID_EVENT, ["asr.text is 5", "string"]),
    ("over the limit", b"u1", turn(wake={"confidence": 7}), DeadLetterCause.INVALID_EVENT,
     ["wake.confidence is 7", "less than or equal to 1"]),
    ("missing field", b"u1", turn(turn_id=...), DeadLetterCause.INVALID_EVENT, ["turn_id is missing"]),
    ("empty id", b"u1", turn(turn_id=""), DeadLetterCause.INVALID_EVENT, ['turn_id is ""', "at least 1"]),
    ("not in the enum", b"u1", turn(channel="fax"), DeadLetterCause.INVALID_EVENT, ['"fax"', "'voice' or 'chat'"]),
    ("in a list", b"u1", turn(nlu={"domain": "m", "intent": "p", "slots": [{"type": "a"}]}),
     DeadLetterCause.INVALID_EVENT, ["nlu.slots[0].value is missing"]),
    ("no time zone", b"u1", turn(occurred_at="2026-03-02T18:00:00"), DeadLetterCause.INVALID_EVENT,
     ["occurred_at has no time zone"]),
    ("span backwards", b"u1",
     turn(speech={"started_at": "2026-03-02T18:00:05Z", "ended_at": "2026-03-02T18:00:04Z"}),
     DeadLetterCause.INVALID_EVENT, ["speech", "before"]),
    ("four problems", b"u1", b'{"type":"turn"}', DeadLetterCause.INVALID_EVENT, ["event_id", "and 3 more"]),
    ("10 years behind", b"u1", turn(occurred_at="2016-03-02T18:00:00Z"), DeadLetterCause.IMPLAUSIBLE_TIME,
     ["10 years behind", "2016-03-02T18:00:00", "2026-03-02T18:00:00"]),
    ("10 years ahead", b"u1", turn(occurred_at="2036-03-02T18:00:00Z"), DeadLetterCause.IMPLAUSIBLE_TIME,
     ["10 years ahead of", "at most 60 minutes"]),
    ("end of time", b"u1", turn(occurred_at="9999-12-31T23:59:59-23:00"), DeadLetterCause.IMPLAUSIBLE_TIME,
     ["9999-12-31"]),
    ("begin of time", b"u1", turn(occurred_at="0001-01-01T00:00:00+23:00"), DeadLetterCause.IMPLAUSIBLE_TIME,
     ["0001-01-01"]),
    ("speech elsewhere in time", b"u1",
     turn(speech={"started_at": "2016-03-02T18:00:00Z", "ended_at": "2026-03-02T18:00:04Z"}),
     DeadLetterCause.IMPLAUSIBLE_TIME, ["speech.started_at", "within 2 days"]),
]  # fmt: skip


@pytest.mark.parametrize(("key", "value", "cause", "words"), [case[1:] for case in BAD], ids=[case[0] for case in BAD])
def test_bad_input_is_refused_with_a_reason(
    key: bytes | None, value: bytes | None, cause: DeadLetterCause, words: list[str]
) -> None:
    error = refusal(value, key)
    assert error.cause is cause
    for word in words:
        assert word in error.reason
    assert "\n" not in error.reason
    assert len(error.reason) < 1000


def test_a_record_above_the_limit_is_refused_by_its_size_alone() -> None:
    error = refusal(b"x" * (5 << 20))
    assert error.cause is DeadLetterCause.TOO_LARGE
    assert "5,242,880" in error.reason
    assert "1,048,576" in error.reason


@pytest.mark.parametrize("occurred_at", ["2026-03-02T18:59:59Z", "2026-02-23T18:00:01Z"])
def test_a_clock_within_its_limits_is_believed(occurred_at: str) -> None:
    decode(b"u1", turn(occurred_at=occurred_at), APPENDED_MS, LIMITS)


@pytest.mark.parametrize("occurred_at", ["2026-03-02T19:00:01Z", "2026-02-23T17:59:59Z"])
def test_a_clock_beyond_its_limits_is_not_believed(occurred_at: str) -> None:
    assert refusal(turn(occurred_at=occurred_at)).cause is DeadLetterCause.IMPLAUSIBLE_TIME


def test_without_a_timestamp_no_clock_is_checked() -> None:
    decode(b"u1", turn(occurred_at="2016-03-02T18:00:00Z"), -1, LIMITS)


def test_limits_come_from_the_settings() -> None:
    limits = Limits.of(Settings(max_event_bytes=10, clock_ahead="PT5S", clock_behind="PT6S"))
    assert limits == Limits(10, 5.0, 6.0)


def test_signals_and_dialogues_are_decoded_without_a_clock() -> None:
    with pytest.raises(Undecodable, match="type is"):
        decode_feedback(b"u1", turn(), LIMITS)
    with pytest.raises(Undecodable, match="must be 'dialogue'"):
        decode_dialogue(b"u1", turn(), LIMITS)


def test_a_dead_letter_is_read_from_its_header() -> None:
    letter = DeadLetter(
        event_id="l1", occurred_at="2026-03-02T18:00:00Z", role="detect", topic="t", partition=0, offset=1,
        cause=DeadLetterCause.NULL_VALUE, reason="no value", size_bytes=0,
    )  # fmt: skip
    assert decode_dead_letter([("other", b"x"), (DEAD_LETTER_HEADER, letter.to_bytes())]) == letter


@pytest.mark.parametrize("headers", [[], [(DEAD_LETTER_HEADER, b"{")], [(DEAD_LETTER_HEADER, b"{}")]])
def test_a_record_that_is_no_dead_letter_is_refused(headers: list[tuple[str, bytes]]) -> None:
    with pytest.raises(Undecodable):
        decode_dead_letter(headers)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(st.none() | st.binary(max_size=20), st.none() | st.binary(max_size=200), st.integers(-1, 1 << 62))
def test_arbitrary_bytes_raise_nothing_but_undecodable(key: bytes | None, value: bytes | None, at: int) -> None:
    with pytest.raises(Undecodable) as caught:
        decode(key, value, at, LIMITS)
    assert caught.value.reason


@given(st.sampled_from([*TURN, "schema_version", "asr", "speech", "nlu", "response"]), json_values)
def test_any_value_in_any_field_is_an_event_or_undecodable(field: str, content: object) -> None:
    with contextlib.suppress(Undecodable):
        event = decode(b"u1", turn(**{field: content}), APPENDED_MS, LIMITS)
        assert decode(b"u1", event.to_bytes(), APPENDED_MS, LIMITS) == event


@given(st.data())
def test_any_damage_to_a_byte_is_an_event_or_undecodable(data: st.DataObject) -> None:
    value = bytearray(turn(asr={"text": "grüße"}))
    value[data.draw(st.integers(0, len(value) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(Undecodable):
        decode(b"u1", bytes(value), APPENDED_MS, LIMITS)

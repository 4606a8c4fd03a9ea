"""Events as columns."""

from datetime import UTC, datetime

import pytest

from infra.clickhouse.record import Record
from infra.clickhouse.rows import dead_letter_columns, feedback_columns, verdict_columns, version_columns
from infra.clickhouse.tables import TARGETS, tables_that_tell
from infra.clickhouse.turn_rows import turn_columns
from schemas.dead_letter import DeadLetter, DeadLetterCause
from schemas.feedback import BargeIn, BargeInKind, FeedbackEvent
from schemas.turn import Device, Turn


def test_a_turn_with_only_what_it_must_have_fills_every_column(build) -> None:
    bare = Turn(
        event_id="e",
        occurred_at=build.at,
        turn_id="t",
        dialogue_id="d",
        user_id="u",
        device=Device(id="v"),
    )

    columns = turn_columns([build.record(bare)])

    assert {len(values) for values in columns.values()} == {1}
    assert columns["request"] == [""]
    assert columns["asr_confidence"] == [None]
    assert columns["speech_start_ms"] == [0]


def test_a_time_keeps_its_milliseconds(build) -> None:
    late = build.turn(occurred_at=datetime(2026, 1, 5, 10, 0, 0, 999_600, tzinfo=UTC))

    columns = turn_columns([build.record(late)])

    assert (columns["occurred_at"], columns["occurred_ms"]) == ([1_767_607_201], [0])


def test_component_versions_are_sorted_and_one_text() -> None:
    columns = version_columns([{"nlu": "7", "asr": "2.1"}, {}])

    assert columns["versions.component"] == [("asr", "nlu"), ()]
    assert columns["versions.version"] == [("2.1", "7"), ()]
    assert columns["component_version"] == ["asr=2.1 nlu=7", ""]


def test_a_barge_in_and_a_repeat_fill_their_own_columns(build) -> None:
    repeat = build.repeat()
    barge_in = BargeIn(
        **repeat.model_dump(exclude={"type", "gap_s"}),
        kind=BargeInKind.STOP,
        offset_ms=700,
        share_heard=0.5,
        stop_latency_ms=120,
    )

    columns = feedback_columns([build.record(repeat), build.record(barge_in, 1)])

    assert columns["type"] == ["repeat", "barge-in"]
    assert columns["kind"] == ["", "stop"]
    assert columns["gap_s"] == [4.5, None]
    assert columns["offset_ms"] == [None, 700]


def test_a_dialogue_has_one_verdict_row_a_turn_and_all_know_their_record(build) -> None:
    two = build.dialogue(turns=(build.verdict(0), build.verdict(1)), revision=4)
    none = build.dialogue(1)

    columns = verdict_columns([build.record(none, 3), build.record(two, 4)])

    assert columns["turn_id"] == ["t-0", "t-1"]
    assert columns["src_offset"] == [4, 4]
    assert columns["revision"] == [4, 4]


def test_of_a_dead_letter_a_readable_part_is_kept(build) -> None:
    letter = DeadLetter(
        event_id="x",
        occurred_at=build.at,
        role="detect",
        topic="earshot.turn-events.v1",
        partition=1,
        offset=5,
        cause=DeadLetterCause.INVALID_UTF8,
        reason="byte 0xff is not UTF-8",
        size_bytes=5000,
    )

    columns = dead_letter_columns([Record(letter, 0, 0, 0, None, b"\xff" + b"a" * 4999)])

    assert columns["key_preview"] == [""]
    assert columns["value_preview"][0].startswith("�aaa")
    assert len(columns["value_preview"][0]) == 2048


def test_many_records_give_the_same_columns_as_one_by_one(build) -> None:
    records = build.turn_records(range(601))
    ((_, columns),) = TARGETS[Turn].build(records)

    singles = [TARGETS[Turn].build([record])[0][1] for record in records]

    assert columns == {name: [single[name][0] for single in singles] for name in columns}


def test_a_dialogue_has_landed_when_its_own_row_has() -> None:
    assert tables_that_tell("dialogues.v1") == ["dialogues"]
    assert tables_that_tell("turn-events.v1") == ["turns", "playbacks", "explicit_feedback"]


def test_a_kind_of_feedback_without_columns_is_named(build) -> None:
    bare = FeedbackEvent.model_validate(build.repeat().model_dump(exclude={"type", "gap_s"}))

    with pytest.raises(TypeError, match="FeedbackEvent"):
        feedback_columns([build.record(bare)])

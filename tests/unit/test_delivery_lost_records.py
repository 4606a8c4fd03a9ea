"""Records that retention took before they were read."""

import logging

import pytest
from faust.types import TP

from streams.lost_records import LostRecords
from tests.streams_in_memory import LogRecord


def batch(*offsets: int) -> list[LogRecord]:
    return [LogRecord(offset, 0, b"u", b"{}") for offset in offsets]


def test_a_jump_over_records_is_an_alarm_with_their_offsets(caplog: pytest.LogCaptureFixture) -> None:
    lost = LostRecords("detect", TP("turns", 3), 10)
    with caplog.at_level(logging.ERROR):
        assert lost.look_at(batch(10, 11)) == 0
        assert lost.look_at(batch(20)) == 8
    assert "ALARM: 8 records of turns partition 3" in caplog.text
    assert "(12 to 19)" in caplog.text


def test_records_read_again_and_a_group_that_begins_anew_are_no_loss() -> None:
    lost = LostRecords("sink", TP("turns", 0), -1)
    assert lost.look_at(batch(70, 71)) == 0
    assert lost.look_at(batch(60)) == 0
    assert lost.look_at(batch(72)) == 0

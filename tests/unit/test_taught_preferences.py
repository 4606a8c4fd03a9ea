"""What came on the topic of preferences counts from the next batch on; what cannot be read changes nothing."""

import pytest

from streams.taught_preferences import TaughtPreferences
from streams.topic_reader import TopicRecord
from tests.taught_to_order import AT, preference

LATER = AT.replace(year=AT.year + 1)


def record(key: str, value: bytes | None, offset: int = 0) -> TopicRecord:
    return TopicRecord("earshot.preferences.v1", 0, offset, 0, key.encode(), value, ())


def test_a_record_counts_once_it_is_taken_and_is_forgotten_by_one_without_a_value() -> None:
    taught, one = TaughtPreferences(), preference(1)
    taught.add(record(one.key, one.to_bytes()))
    assert taught.known.before("u-1", LATER) == []
    taught.take()
    assert [held.event_id for held in taught.known.before("u-1", LATER)] == ["taste-1"]
    taught.add(record(one.key, None, 1))
    taught.take()
    assert len(taught.known) == 0


def test_a_record_that_cannot_be_read_changes_nothing(caplog: pytest.LogCaptureFixture) -> None:
    taught, one = TaughtPreferences(), preference(1)
    taught.add(record(one.key, b"{"))
    taught.add(record(one.key, one.to_bytes(), 1))
    taught.take()
    assert len(taught.known) == 1
    assert "offset 0 cannot be used" in caplog.text

"""What is known of the rewrites that are on trial, from the records of the rewrite table."""

import pytest

from infra.settings import Settings
from processors.rewrite_trials import OnTrial
from schemas.rewrite import Rewrite, RewriteLayer
from streams.learn_on_trial import TableOnTrial
from streams.topic_reader import TopicRecord
from tests.unit.rewrites_to_order import record


def told(key: str, rewrite: Rewrite | None, value: bytes | None = None) -> TopicRecord:
    value = rewrite.to_bytes() if rewrite is not None else value
    return TopicRecord("earshot.rewrites.v1", 0, 0, 0, key.encode(), value, ())


def test_a_rewrite_is_known_by_its_id_until_another_takes_its_place_or_it_is_taken_back() -> None:
    table, one = TableOnTrial(Settings()), record()
    table.take(told(one.key, one))
    assert table.get(one.event_id) == OnTrial(one.source, one.target, one.source_success)
    other = one.model_copy(update={"event_id": "other", "target": "music|play_song|song:other"})
    table.take(told(one.key, other))
    assert table.get(one.event_id) is None
    assert table.get("other") == OnTrial(one.source, other.target, one.source_success)
    table.take(told(one.key, None))
    assert len(table) == 0


def test_of_single_peoples_rewrites_nothing_is_kept() -> None:
    table = TableOnTrial(Settings())
    own = record().model_copy(update={"layer": RewriteLayer.PERSONAL, "user_id": "ann"})
    table.take(told(own.key, own))
    assert len(table) == 0


def test_a_record_that_cannot_be_read_is_told_and_left_out(caplog: pytest.LogCaptureFixture) -> None:
    table, one = TableOnTrial(Settings()), record()
    table.take(told(one.key, one))
    table.take(told("global/other", None, b"{}"))
    assert len(table) == 1
    assert "is left out" in caplog.text

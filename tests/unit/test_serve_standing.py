"""How rewrites stand, for who looks after them: what cannot be read is told, not passed over in silence."""

import logging
from collections.abc import Iterator

import pytest

from infra import telemetry
from infra.settings import Settings
from streams.serve import standing
from streams.topic_reader import TopicRecord
from tests.unit.rewrites_to_order import record

TOPIC = "earshot.rewrites.v1"


def on_the_topic(monkeypatch: pytest.MonkeyPatch, *records: TopicRecord) -> None:
    class Reader:
        def __init__(self, _settings: Settings, _topics: list[str]) -> None:
            """Reads what was given."""

        def rest(self) -> Iterator[TopicRecord]:
            yield from records

        def __enter__(self) -> "Reader":
            return self

        def __exit__(self, *_: object) -> None:
            """Nothing is open."""

    monkeypatch.setattr(standing, "TopicReader", Reader)


def test_a_record_that_cannot_be_read_is_told_counted_and_left_out(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    good = record()
    counted = telemetry.SERVED_INVALID.labels(TOPIC)
    before = counted._value.get()
    on_the_topic(
        monkeypatch,
        TopicRecord(TOPIC, 3, 7, 0, good.key.encode(), good.to_bytes(), ()),
        TopicRecord(TOPIC, 3, 8, 0, b"global/broken", b'{"type": "rewrite"}', ()),
    )
    with caplog.at_level(logging.WARNING):
        assert list(standing.read_standing(Settings()).rewrites) == [good.key]
    assert f"{TOPIC}, partition 3, offset 8 is left out: event_id: Field required" in caplog.text
    assert counted._value.get() == before + 1

"""Records that are no events, on a real broker: each a dead letter with its reason, and the stream goes on."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from kafka import KafkaProducer

from infra.clickhouse.store import open_store
from infra.kafka.topics import TURN_EVENTS
from infra.settings import Settings
from schemas.dead_letter import DeadLetterCause
from schemas.turn import Turn
from streams.dead_letters import Selection, StoredLetter, read_letters
from tests.fleet_of_few import a_while_ago, differences, expected, fleet_events, sink_has_read_all, untold
from tests.streams_running import Crew, crew, until, until_none

pytestmark = [pytest.mark.kafka, pytest.mark.clickhouse, pytest.mark.timeout(300)]

USER = b"u1"
FIVE_MB = 5 << 20


def turn(**changes: object) -> bytes:
    now = datetime.now(UTC)
    given = {
        "schema_version": "1.0",
        "type": "turn",
        "event_id": "e1",
        "occurred_at": now.isoformat(),
        "turn_id": "t1",
        "dialogue_id": "d1",
        "user_id": "u1",
        "device": {"id": "v1"},
    }
    return json.dumps({name: value for name, value in (given | changes).items() if value is not None}).encode()


def years_off(years: int) -> str:
    return (datetime.now(UTC) + timedelta(days=365 * years)).isoformat()


BAD: dict[str, tuple[bytes | None, bytes | None, DeadLetterCause, str]] = {
    "truncated JSON": (USER, turn()[:-20], DeadLetterCause.INVALID_JSON, "truncated"),
    "wrong types": (USER, turn(device=7, turn_id=[]), DeadLetterCause.INVALID_EVENT, "turn_id"),
    "a time without a zone": (
        USER,
        turn(occurred_at="2026-01-05T10:00:00"),
        DeadLetterCause.INVALID_EVENT,
        "time zone",
    ),
    "unknown type": (USER, turn(type="teleport"), DeadLetterCause.INVALID_EVENT, "teleport"),
    "unknown major version": (USER, turn(schema_version="9.1"), DeadLetterCause.UNKNOWN_MAJOR_VERSION, "9.1"),
    "five megabytes": (USER, turn(text="x" * FIVE_MB), DeadLetterCause.TOO_LARGE, "1,048,576"),
    "invalid UTF-8": (USER, turn().replace(b"v1", b"\xff\xfe"), DeadLetterCause.INVALID_UTF8, "0xff"),
    "null key": (None, turn(), DeadLetterCause.NULL_KEY, "user_id"),
    "null value": (USER, None, DeadLetterCause.NULL_VALUE, "no value"),
    "another key": (b"u2", turn(), DeadLetterCause.WRONG_KEY, "must be equal"),
    "empty value": (USER, b"", DeadLetterCause.INVALID_JSON, "empty"),
    "ten years ahead": (USER, turn(occurred_at=years_off(10)), DeadLetterCause.IMPLAUSIBLE_TIME, "10 years ahead"),
    "ten years behind": (USER, turn(occurred_at=years_off(-10)), DeadLetterCause.IMPLAUSIBLE_TIME, "10 years behind"),
    "a number": (USER, b"42", DeadLetterCause.INVALID_EVENT, "a JSON number"),
    "nesting without end": (USER, b"[" * 100_000, DeadLetterCause.INVALID_JSON, "JSON"),
}


@pytest.fixture
def settings(kafka_settings: Settings, clickhouse_settings: Settings) -> Settings:
    chosen = {name: getattr(kafka_settings, name) for name in kafka_settings.model_fields_set}
    chosen |= {name: getattr(clickhouse_settings, name) for name in clickhouse_settings.model_fields_set}
    return Settings(**chosen, dialogue_gap=timedelta(seconds=5))


@pytest.fixture
def workers(settings: Settings, tmp_path: Path) -> Iterator[Crew]:
    with crew(settings, tmp_path) as started:
        yield started


def letters(settings: Settings) -> list[StoredLetter]:
    return list(read_letters(settings, Selection()))


def test_bad_records_become_dead_letters_with_their_reasons_and_the_stream_goes_on(
    settings: Settings, workers: Crew
) -> None:
    events = fleet_events(40, a_while_ago(5), timedelta(minutes=2))
    topic = TURN_EVENTS.full_name(settings)
    producer = KafkaProducer(
        bootstrap_servers=settings.kafka_bootstrap, max_request_size=FIVE_MB * 2, compression_type="gzip"
    )
    bad = list(BAD.values())
    for place, event in enumerate(events):
        producer.send(topic, event.to_bytes(), event.user_id.encode())
        if place % 7 == 3 and bad:
            key, value, _, _ = bad.pop()
            producer.send(topic, value, key, partition=place % settings.kafka_partitions)
    assert not bad
    future_field = Turn.model_validate_json(turn(event_id="e-new", turn_id="t-new", dialogue_id="d-new"))
    producer.send(topic, turn(**json.loads(future_field.to_bytes()), holograms={"lumen": 3}), USER)
    producer.flush()
    producer.close()
    workers.start("detect")
    workers.start("sink")
    wanted = expected(settings, [*events, future_field])
    until_none(lambda: untold(settings, wanted), 60, "detect has said it all")
    found = {letter.value: letter for letter in letters(settings)}
    assert len(letters(settings)) == len(BAD)
    for name, (key, value, cause, words) in BAD.items():
        letter = found[value]
        assert letter.letter.cause is cause, (name, letter.letter)
        assert words in letter.letter.reason, (name, letter.letter.reason)
        assert (letter.key, letter.value) == (key, value), name
        assert len(letter.letter.reason) < 500
    until(lambda: sink_has_read_all(settings), 60, "the sink has stored it all", poll_s=0.5)
    workers.still_work()
    store = open_store(settings)
    assert differences(store, wanted) == []
    store.close()

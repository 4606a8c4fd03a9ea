"""Recordings and event files through a real Kafka and back."""

import json
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from infra.kafka.topics import TURN_EVENTS
from infra.settings import Settings
from infra.settings import settings as process_settings
from streams.cli.main import main
from streams.decoding import Limits, decode
from streams.recorder import Until, record_topics
from streams.recording import Header, Mark, MarkKind, Record, RecordingWriter
from streams.recording_reader import RecordingReader
from streams.replay import ReplayRefused, replay_into_kafka
from streams.sending import RecordSender
from streams.simulator.demo import RECORDING as DEMO
from streams.topic_reader import TopicReader, TopicRecord

pytestmark = pytest.mark.kafka

TOPIC = "turn-events.v1"


def stored(settings: Settings) -> list[TopicRecord]:
    with TopicReader(settings, [TURN_EVENTS.full_name(settings)]) as reader:
        return list(reader.rest())


def recorded(path: Path) -> list[Record]:
    with RecordingReader(path) as reader:
        return [line for line in reader if isinstance(line, Record)]


@pytest.fixture
def cli_settings(kafka_settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    monkeypatch.setenv("EARSHOT_KAFKA_BOOTSTRAP", kafka_settings.kafka_bootstrap)
    monkeypatch.setenv("EARSHOT_TOPIC_PREFIX", kafka_settings.topic_prefix)
    process_settings.cache_clear()
    yield kafka_settings
    process_settings.cache_clear()


def run(*arguments: object) -> int:
    with pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in arguments])
    return int(ended.value.code or 0)


def test_the_demo_replayed_now_is_believed_by_consumers_but_for_what_nobody_can_read(
    kafka_settings: Settings,
) -> None:
    played = replay_into_kafka(DEMO, kafka_settings, speed=None)
    original = recorded(DEMO)
    assert played.records == played.acknowledged == len(original)
    records = stored(kafka_settings)
    assert len(records) == len(original)
    limits, unreadable, ids = Limits.of(kafka_settings), 0, set()
    for record in records:
        try:
            event = decode(record.key, record.value, record.timestamp_ms, limits)
        except ValueError:
            unreadable += 1
            continue
        ids.add(event.event_id)
        assert event.occurred_at <= datetime.now(UTC) + timedelta(seconds=1)
        assert event.occurred_at > datetime.now(UTC) - timedelta(minutes=40)
    assert unreadable == 3
    events = {json.loads(r.value)["event_id"] for r in original if r.value and r.value.endswith(b"}")}
    assert len(ids) == len(events) - 1, "all but the one without a clock, which nobody believes"


def test_bytes_and_headers_that_nobody_can_read_survive_record_and_replay(
    kafka_settings: Settings, tmp_path: Path
) -> None:
    odd = [
        (b"k", b"\xff\xfe", (("h", b"\xff"),)), (b"k", None, ()), (None, b"{}", ()), (b"\xff", b"", ()),
        (b"k", b'{"a": 1}', (("earshot-replay-count", b"2"),)),
    ]  # fmt: skip
    topic = TURN_EVENTS.full_name(kafka_settings)
    with RecordSender(kafka_settings) as sender:
        for key, value, headers in odd:
            sender.send(topic, key, value, headers=headers)
    path = tmp_path / "odd.jsonl.zst"
    # However short the wait, what was there at the start is read.
    assert record_topics(kafka_settings, [TOPIC], path, Until(idle_s=0.0), from_beginning=True) == len(odd)
    replay_into_kafka(path, kafka_settings, speed=None, keep_times=True)
    records = stored(kafka_settings)
    assert len(records) == 2 * len(odd)
    contents = sorted((r.key or b"", r.value or b"", r.headers) for r in records)
    assert contents == sorted([(key or b"", value or b"", headers) for key, value, headers in odd] * 2)


def test_a_recording_merges_partitions_by_time(kafka_settings: Settings, tmp_path: Path) -> None:
    topic = TURN_EVENTS.full_name(kafka_settings)
    with RecordSender(kafka_settings) as sender:
        for number in range(6000):
            sender.send(topic, f"u{number % 50}".encode(), str(number).encode())
            if number % 500 == 0:
                sender.flush()
    path = tmp_path / "r.jsonl.zst"
    record_topics(kafka_settings, [TOPIC], path, Until(count=6000), from_beginning=True)
    records = recorded(path)
    assert {record.partition for record in records} == {0, 1, 2, 3}
    stamps = [record.timestamp_ms for record in records]
    assert stamps == sorted(stamps)
    assert sorted(int(record.value or b"") for record in records) == list(range(6000))


def test_recording_from_now_on_leaves_out_what_was_there(kafka_settings: Settings, tmp_path: Path) -> None:
    topic = TURN_EVENTS.full_name(kafka_settings)
    path = tmp_path / "r.jsonl.zst"
    done: list[int] = []
    with RecordSender(kafka_settings) as sender:
        sender.send(topic, b"u", b"before")
        sender.flush()
        recorder = threading.Thread(
            target=lambda: done.append(record_topics(kafka_settings, [TOPIC], path, Until(count=3)))
        )
        recorder.start()
        deadline = time.monotonic() + 30
        while not done and time.monotonic() < deadline:
            sender.send(topic, b"u", b"after")
            sender.flush()
    recorder.join(10)
    assert done == [3]
    assert {record.value for record in recorded(path)} == {b"after"}


def write(path: Path, lines: list[Record | Mark]) -> Path:
    with RecordingWriter(path, Header("a test", (TOPIC,))) as writer:
        for line in lines:
            writer.write(line)
    return path


def test_speed_and_pauses_decide_when_records_are_sent(kafka_settings: Settings, tmp_path: Path) -> None:
    path = write(
        tmp_path / "r.jsonl.zst",
        [Record(TOPIC, b"u", b"1", 0), Mark(MarkKind.CRASH), Record(TOPIC, b"u", b"2", 10_000),
         Mark(MarkKind.END), Record(TOPIC, b"u", b"3", 10_000)],
    )  # fmt: skip
    began = time.monotonic()
    played = replay_into_kafka(path, kafka_settings, speed=20)
    assert 0.5 <= time.monotonic() - began < 5
    assert (played.records, played.marks_skipped) == (2, 1)
    first, second = stored(kafka_settings)
    assert 250 <= second.timestamp_ms - first.timestamp_ms < 3000


def test_events_too_old_to_be_believed_are_not_replayed(kafka_settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(ReplayRefused, match="leave out --keep-times or set EARSHOT_CLOCK_BEHIND"):
        replay_into_kafka(write(tmp_path / "r", [Record(TOPIC, b"u", b"1", 0)]), kafka_settings, keep_times=True)
    year = [Record(TOPIC, b"u", b"1", 0), Record(TOPIC, b"u", b"2", 365 * 86_400_000)]
    with pytest.raises(ReplayRefused, match=r"365\.0 days ago"):
        replay_into_kafka(write(tmp_path / "r", year), kafka_settings, speed=None)
    with pytest.raises(ReplayRefused, match="holds no record"):
        replay_into_kafka(write(tmp_path / "r", []), kafka_settings)


def test_produce_sends_a_recording(cli_settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    count = len(recorded(DEMO))
    assert run("produce", DEMO) == 0
    assert f"{count:,} of {count:,} records delivered" in capsys.readouterr().out
    assert len(stored(cli_settings)) == count


def test_produce_sends_a_file_of_events_under_pseudonyms(
    cli_settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    events = [r.value for r in recorded(DEMO)[:50] if r.value]
    (tmp_path / "events.jsonl").write_bytes(b"\n".join(events) + b"\n")
    assert run("produce", tmp_path / "events.jsonl") == 1
    assert "EARSHOT_PSEUDONYM_KEY" in capsys.readouterr().err
    monkeypatch.setenv("EARSHOT_PSEUDONYM_KEY", "key")
    process_settings.cache_clear()
    assert run("produce", tmp_path / "events.jsonl") == 0
    known = {json.loads(event)["user_id"].encode() for event in events}
    assert not known & {record.key for record in stored(cli_settings)}


def test_produce_names_the_line_that_is_no_event(
    cli_settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good = recorded(DEMO)[0].value or b""
    (tmp_path / "events.jsonl").write_bytes(good + b"\n\n" + good.replace(b'"type":', b'"kind":') + b"\n")
    assert run("produce", "--ids-are-pseudonyms", tmp_path / "events.jsonl") == 1
    assert "events.jsonl, line 3: type is missing" in capsys.readouterr().err
    assert len(stored(cli_settings)) == 1


def test_record_writes_what_was_replayed(
    cli_settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    count = len(recorded(DEMO))
    assert run("replay", DEMO, "--speed", "max") == 0
    output = tmp_path / "r.jsonl.zst"
    assert run("record", "--from-beginning", "--until-idle", "0.5", "--output", output) == 0
    assert f"{output}: {count:,} records" in capsys.readouterr().out
    assert len(recorded(output)) == count


def test_a_topic_that_is_missing_is_one_line(
    cli_settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("record", "--topic", "songs.v1", "--output", tmp_path / "r.zst") == 1
    assert f"topic {cli_settings.topic_prefix}.songs.v1 does not exist" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []

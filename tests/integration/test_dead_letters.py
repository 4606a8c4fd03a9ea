"""Dead letters on a real broker: listed, shown, put back, and not for ever."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from infra.kafka.topics import DEAD_LETTERS, TURN_EVENTS
from infra.settings import Settings
from infra.settings import settings as process_settings
from schemas.dead_letter import DEAD_LETTER_HEADER, REPLAY_COUNT_HEADER, DeadLetter, DeadLetterCause
from streams.cli.main import main
from streams.dead_letters import NoSuchLetter, Selection, find_letter, read_letters, replay_letters
from streams.sending import RecordSender
from streams.topic_reader import TopicReader, TopicRecord

pytestmark = pytest.mark.kafka

EVENING = datetime(2026, 3, 2, 18, tzinfo=UTC)
CAUSES = (DeadLetterCause.INVALID_JSON, DeadLetterCause.NULL_VALUE, DeadLetterCause.INVALID_UTF8)


def bury(settings: Settings, number: int, value: bytes | None, *, replays: int = 0, topic: str | None = None) -> None:
    letter = DeadLetter(
        event_id=f"letter-{number}",
        occurred_at=EVENING + timedelta(minutes=number),
        role="detect",
        topic=topic or TURN_EVENTS.full_name(settings),
        partition=0,
        offset=number,
        cause=CAUSES[number % 3],
        reason="for a test",
        size_bytes=len(value or b""),
        replay_count=replays,
    )
    with RecordSender(settings) as sender:
        headers = [(DEAD_LETTER_HEADER, letter.to_bytes()), ("origin", b"device")]
        sender.send(DEAD_LETTERS.full_name(settings), f"u{number}".encode(), value, headers=headers)


def back(settings: Settings) -> list[TopicRecord]:
    with TopicReader(settings, [TURN_EVENTS.full_name(settings)]) as reader:
        return sorted(reader.rest(), key=lambda record: record.key or b"")


@pytest.fixture
def buried(kafka_settings: Settings) -> Settings:
    for number, value in enumerate([b"{", None, b"\xff\xfe", b"[", None]):
        bury(kafka_settings, number, value)
    return kafka_settings


@pytest.fixture
def cli_settings(buried: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    monkeypatch.setenv("EARSHOT_KAFKA_BOOTSTRAP", buried.kafka_bootstrap)
    monkeypatch.setenv("EARSHOT_TOPIC_PREFIX", buried.topic_prefix)
    monkeypatch.setenv("EARSHOT_GROUP_PREFIX", buried.group_prefix)
    process_settings.cache_clear()
    yield buried
    process_settings.cache_clear()


def run(*arguments: object) -> int:
    with pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in arguments])
    return int(ended.value.code or 0)


def ids(settings: Settings, selection: Selection) -> set[str]:
    return {stored.letter.event_id for stored in read_letters(settings, selection)}


def test_letters_are_selected_by_id_cause_and_time(buried: Settings) -> None:
    assert len(ids(buried, Selection())) == 5
    assert ids(buried, Selection(event_id="letter-3")) == {"letter-3"}
    assert ids(buried, Selection(cause=DeadLetterCause.NULL_VALUE)) == {"letter-1", "letter-4"}
    assert ids(buried, Selection(since=EVENING + timedelta(minutes=3))) == {"letter-3", "letter-4"}


def test_a_letter_that_was_written_twice_is_one(buried: Settings) -> None:
    bury(buried, 0, b"{")
    assert sum(stored.letter.event_id == "letter-0" for stored in read_letters(buried)) == 1


def test_a_letter_is_found_by_the_beginning_of_its_id_if_there_is_only_one(buried: Settings) -> None:
    assert find_letter(buried, "letter-2").value == b"\xff\xfe"
    with pytest.raises(NoSuchLetter, match="5 dead letters begin with letter"):
        find_letter(buried, "letter")
    with pytest.raises(NoSuchLetter, match="no dead letter x"):
        find_letter(buried, "x")


def test_a_replay_puts_the_raw_bytes_back_and_counts_it(buried: Settings) -> None:
    done = replay_letters(buried, Selection())
    assert (done.sent, done.acknowledged, done.refused) == (5, 5, 0)
    records = back(buried)
    assert [record.value for record in records] == [b"{", None, b"\xff\xfe", b"[", None]
    assert [record.key for record in records] == [b"u0", b"u1", b"u2", b"u3", b"u4"]
    assert all(record.headers == (("origin", b"device"), (REPLAY_COUNT_HEADER, b"1")) for record in records)


def test_the_next_replay_goes_on_where_the_last_one_ended(buried: Settings) -> None:
    replay_letters(buried, Selection())
    assert replay_letters(buried, Selection()).sent == 0
    bury(buried, 5, b"new")
    assert replay_letters(buried, Selection()).sent == 1
    assert replay_letters(buried, Selection(), from_beginning=True).sent == 6


def test_a_limited_replay_is_continued_without_losing_or_repeating_a_letter(buried: Settings) -> None:
    sent = [replay_letters(buried, Selection(), limit=2).sent for _ in range(4)]
    assert sent == [2, 2, 1, 0]
    assert len(back(buried)) == 5


def test_a_dry_run_sends_and_remembers_nothing(buried: Settings) -> None:
    assert replay_letters(buried, Selection(), dry_run=True).sent == 5
    assert back(buried) == []
    assert replay_letters(buried, Selection()).sent == 5


def test_a_letter_is_not_replayed_for_ever(kafka_settings: Settings) -> None:
    bury(kafka_settings, 0, b"{", replays=3)
    bury(kafka_settings, 1, b"{", replays=2)
    done = replay_letters(kafka_settings, Selection())
    assert (done.sent, done.refused) == (1, 1)
    assert dict(back(kafka_settings)[0].headers)[REPLAY_COUNT_HEADER] == b"3"


def test_a_letter_about_a_dead_letter_is_not_put_back(kafka_settings: Settings) -> None:
    bury(kafka_settings, 0, b"{", topic=DEAD_LETTERS.full_name(kafka_settings))
    assert replay_letters(kafka_settings, Selection()).refused == 1


def test_the_commands_list_show_and_replay(cli_settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("dead-letters", "list", "--cause", "null-value") == 0
    out, err = capsys.readouterr()
    assert [line[:8] for line in out.splitlines()] == ["letter-1", "letter-4"]
    assert "2 dead letters" in err
    assert run("dead-letters", "show", "letter-2") == 0
    out = capsys.readouterr().out
    assert "invalid-utf8" in out
    assert "for a test" in out
    assert "\\xff\\xfe" in out
    assert run("dead-letters", "replay", "--id", "letter-3", "--dry-run") == 0
    assert "1 would be replayed, 0 refused" in capsys.readouterr().out
    assert run("dead-letters", "replay") == 0
    assert "5 replayed, 0 refused" in capsys.readouterr().out
    assert len(back(cli_settings)) == 5


def test_a_letter_that_is_not_there_is_one_line(cli_settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("dead-letters", "show", "nobody") == 1
    assert capsys.readouterr().err.startswith("earshot: there is no dead letter nobody")

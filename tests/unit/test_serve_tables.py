"""What is served follows its topics, and what was decided is told without waiting."""

import threading
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from infra.kafka.errors import BrokerUnavailable
from infra.settings import Settings
from models.rewrite.index import RewriteIndex
from models.rewrite.phonetic import sounds_of
from processors.interpretation import plain_words
from schemas.preference import Explicitness, Polarity, Preference, PreferenceSource, PreferenceStatus
from schemas.rewrite_decision import DecisionArm, DecisionReason, RewriteDecision
from streams.cli.rewrites import rewrites
from streams.learn_partition import partition_of
from streams.serve.access import user_token
from streams.serve.decisions import DecisionLog
from streams.serve.feed import Feed, Tables
from streams.serve.loading import OLDEST, load_tables, write_tables
from streams.serve.preference_book import PreferenceBook
from streams.serve.table_topic import (
    NoSuchRewrite,
    NothingToRollBackTo,
    TableFileBroken,
    blocked,
    matching,
    one_of,
    read_table_file,
    roll_back,
)
from streams.serve.table_writer import TableWriter
from streams.topic_reader import TopicRecord
from tests.unit.rewrites_to_order import NOW, LettersEncoder, record


def preference(value: str = "horror", user: str = "ann", revision: int = 0, polarity: str = "like") -> Preference:
    return Preference(
        event_id=f"preference for {value}",
        occurred_at=NOW,
        user_id=user,
        attribute="genre",
        value=value,
        polarity=Polarity(polarity),
        valid_from=NOW,
        status=PreferenceStatus.ACTIVE,
        confidence=1.0,
        source=PreferenceSource.STATEMENT,
        explicitness=Explicitness.STATED,
        consent_version="1",
        detector="test/1",
        revision=revision,
    )


@pytest.fixture
def tables(tmp_path: Path) -> Tables:
    return Tables(Settings(home=tmp_path), RewriteIndex(LettersEncoder()), PreferenceBook())


def _take(tables: Tables, topic: str, key: str, value: bytes | None, offset: int = 0, *, timestamp_ms: int = 0) -> None:
    tables.take(TopicRecord(topic, 0, offset, timestamp_ms, key.encode(), value, ()))


def test_a_rewrite_comes_changes_and_goes(tables: Tables) -> None:
    topic, one = tables.rewrites_topic, record()
    _take(tables, topic, one.key, one.to_bytes())
    assert tables.index.search("play maj and dragons")[0].entry.said == "play imagine dragons"
    _take(tables, topic, one.key, blocked(one, "wrong").to_bytes(), 1)
    assert tables.index.search("play maj and dragons")[0].entry.blocked_because == "wrong"
    _take(tables, topic, one.key, None, 2)
    assert len(tables.index) == 0
    assert tables.starts() == {(topic, 0): 3}


def test_a_preference_comes_and_goes(tables: Tables) -> None:
    topic, one = tables.preferences_topic, preference()
    _take(tables, topic, one.key, one.to_bytes())
    assert tables.book.of("ann") == [one]
    _take(tables, topic, one.key, None, 1)
    assert "ann" not in tables.book
    assert len(tables.book) == 0


class TestTellingAgainWhatWasForgotten:
    """A worker that starts again reads some minutes of turns again, and tells what they taught with the same id."""

    @pytest.fixture
    def one(self, tables: Tables) -> Preference:
        """Taught, and forgotten a minute later."""
        one = preference()
        at_ms = int(one.occurred_at.timestamp() * 1000)
        _take(tables, tables.preferences_topic, one.key, one.to_bytes())
        _take(tables, tables.preferences_topic, one.key, None, timestamp_ms=at_ms + 60_000)
        return one

    def test_it_stays_forgotten_and_the_topic_is_told_so(self, tables: Tables, one: Preference) -> None:
        told: list[tuple[str, list[str]]] = []
        tables.take_back = lambda user, ids: told.append((user, ids))
        _take(tables, tables.preferences_topic, one.key, one.to_bytes())
        assert "ann" not in tables.book
        assert told == [("ann", [one.event_id])]

    def test_it_stays_forgotten_after_a_start_from_a_snapshot(
        self, tables: Tables, one: Preference, tmp_path: Path
    ) -> None:
        write_tables(Settings(home=tmp_path), tables)
        again = load_tables(Settings(home=tmp_path), LettersEncoder())
        _take(again, again.preferences_topic, one.key, one.to_bytes())
        assert "ann" not in again.book

    def test_with_the_broker_away_the_record_is_taken_again_later(self, tables: Tables, one: Preference) -> None:
        def away(_user: str, _ids: list[str]) -> None:
            raise BrokerUnavailable("no broker answers")

        tables.take_back = away
        before = dict(tables.offsets)
        with pytest.raises(BrokerUnavailable):
            _take(tables, tables.preferences_topic, one.key, one.to_bytes(), 9)
        assert tables.offsets == before

    def test_what_was_said_after_it_was_forgotten_is_kept(self, tables: Tables, one: Preference) -> None:
        later = one.model_copy(update={"occurred_at": one.occurred_at + timedelta(hours=1)})
        _take(tables, tables.preferences_topic, later.key, later.to_bytes())
        assert tables.book.of("ann") == [later]


@pytest.mark.parametrize("value", [b"", b"{}", b"\xff", b"[1]"])
def test_a_record_that_cannot_be_read_changes_nothing_and_is_passed(tables: Tables, value: bytes) -> None:
    _take(tables, tables.rewrites_topic, "global/x", value, 7)
    _take(tables, tables.preferences_topic, "ann/x", value, 8)
    assert (len(tables.index), len(tables.book)) == (0, 0)
    assert tables.offsets == {f"{tables.rewrites_topic}/0": 8, f"{tables.preferences_topic}/0": 9}


def test_an_older_revision_changes_nothing(tables: Tables) -> None:
    topic = tables.preferences_topic
    for revision, polarity in ((1, "dislike"), (0, "like")):
        one = preference(revision=revision, polarity=polarity)
        _take(tables, topic, one.key, one.to_bytes())
    assert tables.book.tastes("ann") == {"horror": -1}


def test_tastes_follow_what_is_taught(tables: Tables) -> None:
    book = tables.book
    for value, polarity in (("horror", "dislike"), ("Italian Restaurants", "like")):
        one = preference(value, polarity=polarity)
        book.put(one, one.to_bytes())
        assert len(book.tastes("ann")) == len(book)
    assert book.tastes("ann") == {"horror": -1, "italian restaurants": 1}
    assert book.tastes("bob") == {}


def test_both_tables_start_from_a_snapshot(tables: Tables, tmp_path: Path) -> None:
    one, other = record(), preference()
    _take(tables, tables.rewrites_topic, one.key, one.to_bytes(), 4)
    _take(tables, tables.preferences_topic, other.key, other.to_bytes(), 5)
    settings = Settings(home=tmp_path)
    write_tables(settings, tables)
    again = load_tables(settings, LettersEncoder())
    assert (len(again.index), again.book.of("ann"), again.offsets) == (1, [other], tables.offsets)


def test_a_snapshot_that_may_miss_what_was_taken_back_is_left(
    tables: Tables, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = record()
    _take(tables, tables.rewrites_topic, one.key, one.to_bytes())
    settings = Settings(home=tmp_path)
    write_tables(settings, tables)
    later = (OLDEST + timedelta(hours=1)).total_seconds()
    now = time.time()
    monkeypatch.setattr("streams.serve.loading.time.time", lambda: now + later)
    again = load_tables(settings, LettersEncoder())
    assert (len(again.index), again.offsets) == (0, {})


def test_the_table_is_searched_for_words_and_people() -> None:
    table = {one.key: one for one in (record(), record("lights", "turn on the lights", user="ann"))}
    assert [one.user_id for one in matching(table, "dragons", None, False)] == [None]
    assert [one.user_id for one in matching(table, None, "ann", False)] == ["ann"]
    assert list(matching(table, None, None, True)) == []


def test_a_rewrite_is_known_by_id_and_by_key() -> None:
    one = record()
    assert one_of({one.key: one}, one.key) == one_of({one.key: one}, one.event_id) == one
    with pytest.raises(NoSuchRewrite, match="rewrites list"):
        one_of({}, "nothing")


def test_a_file_that_holds_no_rewrites_is_told_of_by_its_line(tmp_path: Path) -> None:
    file = tmp_path / "table.jsonl"
    file.write_bytes(record().to_bytes() + b"\n{}\n")
    with pytest.raises(TableFileBroken, match="line 2: event_id"):
        read_table_file(file)
    file.write_bytes(record().to_bytes() + b"\n")
    assert read_table_file(file) == [record()]


def test_a_roll_back_needs_two_snapshots(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    with pytest.raises(NothingToRollBackTo, match="holds 0 snapshots, two are needed"):
        roll_back(settings, TableWriter(settings))


def test_decisions_for_which_there_is_no_room_are_dropped_and_counted() -> None:
    waiting = DecisionLog(Settings(), most_waiting=2)  # not started: nobody takes them
    made = RewriteDecision(
        event_id="d",
        occurred_at=NOW,
        user_id="ann",
        arm=DecisionArm.NONE,
        reason=DecisionReason.NOTHING_FOUND,
        index_version="v",
        latency_ms=0.1,
    )
    for _ in range(5):
        waiting.tell(lambda: made)
    assert waiting.dropped == 3


def test_a_persons_token_is_made_from_the_assistants(monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = Settings(serve_token="secret")
    monkeypatch.setattr("streams.cli.rewrites.settings", lambda: chosen)
    told = CliRunner().invoke(rewrites, ["token", "ann"])
    assert chosen.serve_token is not None
    assert told.output.strip() == user_token(chosen.serve_token, "ann")
    monkeypatch.setattr("streams.cli.rewrites.settings", Settings)
    assert "EARSHOT_SERVE_TOKEN is not set" in CliRunner().invoke(rewrites, ["token", "ann"]).output


def test_what_is_a_persons_is_written_where_all_of_them_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[tuple[str, bytes, bytes | None, int | None]] = []
    monkeypatch.setattr(TableWriter, "_send", lambda _self, records: sent.extend(records))
    writer = TableWriter(Settings())
    own = record(user="ann")
    writer.put_rewrites([own, record()])
    writer.remove_rewrites([own.key], "ann")
    theirs = partition_of(b"ann", Settings().kafka_partitions)
    assert [partition for _, _, _, partition in sent] == [theirs, None, theirs]


def test_a_broker_that_is_away_is_waited_for(tables: Tables, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = threading.Semaphore(0)

    def followed(
        _settings: Settings, _tables: Tables, stopped: Callable[[], bool], at_the_end: Callable[[], None]
    ) -> None:
        if asked.acquire(blocking=False):
            at_the_end()
            while not stopped():
                time.sleep(0.001)
        asked.release()
        raise BrokerUnavailable("no broker answers")

    monkeypatch.setattr("streams.serve.feed.follow", followed)
    feed = Feed(Settings(), tables)
    feed.start()
    assert feed.caught_up.wait(10)
    assert feed.problem is None
    feed.stop()
    assert not feed.alive


def test_words_are_forgotten_soon_after_something_of_a_persons_own_was_taken_back(tables: Tables) -> None:
    now_s, own = 0.0, record(user="ann")
    forgotten: list[float] = []
    tables.forgetters.append(lambda: forgotten.append(now_s))
    _take(tables, tables.rewrites_topic, own.key, own.to_bytes())
    _take(tables, tables.rewrites_topic, record().key, None, 1)
    tables.forget_words(now_s)
    assert forgotten == [], "a rewrite of everybody's is nobody's words"
    plain_words(own.source_texts[0])
    sounds_of(own.source_texts[0])
    _take(tables, tables.rewrites_topic, own.key, None, 2)
    tables.forget_words(now_s)
    assert forgotten == [0.0]
    assert plain_words.cache_info().currsize == sounds_of.cache_info().currsize == 0
    _take(tables, tables.preferences_topic, preference().key, None)
    for now_s in (0.5, 1.5, 2.5):
        tables.forget_words(now_s)
    assert forgotten == [0.0, 1.5], "not at every record, or they would be of no use while many come"

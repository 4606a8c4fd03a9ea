"""Somebody who asked to be forgotten: no row, no word and no figure of theirs is left, whatever is delivered later."""

import threading
from datetime import UTC, datetime, timedelta

import pytest

from infra.clickhouse import erasure
from infra.clickhouse.erasure import PERSONAL_TABLES, Eraser, Erasures, forget_now, rows_of
from infra.clickhouse.forgotten import ForgottenPeople
from infra.clickhouse.migrate import migrate
from infra.clickhouse.record import Record, StoredEvent
from infra.clickhouse.store import Store, StoreUnavailable, open_store
from infra.clickhouse.writer import Writer
from infra.settings import Settings
from schemas.contract import derived_id, hashed
from schemas.dead_letter import DeadLetter, DeadLetterCause
from schemas.turn import ExplicitFeedback, Playback
from tests.failures_to_order import attribution
from tests.taught_to_order import decision, forgotten, moment, outcome, personal, preference, rewrite, trial

pytestmark = pytest.mark.clickhouse

SECRET = "a secret wish"


def life_of(build, user: str, words: str, first: int = 0) -> list[Record]:
    """Something of a person in every table that holds anything about people."""
    turn = build.turn(first, user_id=user, asr={"text": words})
    common = {"turn_id": turn.turn_id, "dialogue_id": turn.dialogue_id, "user_id": user, "device": turn.device}
    verdict = build.verdict(first, request=words)
    letter = DeadLetter(
        event_id=derived_id("letter", user),
        occurred_at=build.at,
        role="detect",
        topic="earshot.turn-events.v1",
        partition=0,
        offset=first,
        cause=DeadLetterCause.INVALID_EVENT,
        reason="no",
        size_bytes=9,
    )
    events: list[StoredEvent] = [
        turn,
        Playback(event_id=f"p-{user}", occurred_at=build.at, kind="media", state="started", **common),
        ExplicitFeedback(event_id=f"x-{user}", occurred_at=build.at, answer="no", text=words, **common),
        build.repeat(first, user_id=user),
        build.dialogue(first, turns=(verdict,), user_id=user),
        attribution(first).model_copy(update={"user_id": user}),
        personal(user, first),
        trial(100 + first, layer="personal", user_id=hashed(user)),
        decision(first, user_id=user),
        preference(first, user, value=words),
        moment(first, user_id=user, question=words),
        outcome(first, user),
    ]
    records = [build.record(event, first + offset) for offset, event in enumerate(events)]
    return [*records, Record(letter, 0, first + 90, records[0].appended_ms, user.encode(), words.encode())]


def put(store: Store, records: list[Record]) -> None:
    writer, people = Writer(store), ForgottenPeople(store)
    people.learn()
    written = writer.write(people.kept(records))
    assert not written.refused, written.refused
    writer.erase(written.erasures)
    writer.refresh(written.minutes)


def wish(user: str, offset: int = 0, at: datetime | None = None) -> Record:
    """The record that asks to forget somebody, appended an hour after everything that tests store."""
    asked = at or datetime(2026, 1, 5, 18, tzinfo=UTC)
    return Record(forgotten(user), 0, offset, int(asked.timestamp() * 1000))


def all_that_lies_in(store: Store) -> str:
    """Every row of every table, replaced ones included."""
    tables = store.query("SELECT name FROM system.tables WHERE database = currentDatabase() AND engine != 'View'")
    return str([store.query(f"SELECT * FROM {row['name']}") for row in tables])


def test_every_table_with_a_user_is_known_to_hold_something_personal(store: Store) -> None:
    found = store.query(
        "SELECT table FROM system.columns WHERE database = currentDatabase() AND name = 'user_id' ORDER BY table"
    )
    assert {str(row["table"]) for row in found} == {t for t, column in PERSONAL_TABLES.items() if column == "user_id"}


def test_nothing_is_left_of_who_is_forgotten_and_everything_of_the_others(store: Store, build, assert_exact) -> None:
    put(store, life_of(build, "u-gone", SECRET))
    put(store, life_of(build, "u-stays", "other words", first=1000))
    put(store, [build.record(rewrite(7), 5000)])
    before = rows_of(store, "u-stays")
    assert set(rows_of(store, "u-gone").values()) == set(before.values()) == {1}
    put(store, [wish("u-gone")])
    assert set(rows_of(store, "u-gone").values()) == {0}
    assert rows_of(store, "u-stays") == before
    everything = all_that_lies_in(store)
    assert "u-gone" not in everything
    assert SECRET not in everything
    assert "other words" in everything
    assert_exact(store, turns_per_minute=1, requests_per_minute=1, preferences_per_minute=1)


def test_what_is_older_than_the_wish_stays_away_however_late_it_comes(store: Store, build) -> None:
    put(store, life_of(build, "u-gone", SECRET))
    put(store, [wish("u-gone")])
    put(store, life_of(build, "u-gone", SECRET))  # delivered again
    late = datetime(2026, 1, 6, tzinfo=UTC)
    replayed = [r._replace(appended_ms=int(late.timestamp() * 1000)) for r in life_of(build, "u-gone", SECRET, 300)]
    put(store, replayed)
    assert set(rows_of(store, "u-gone").values()) == {0}
    assert SECRET not in all_that_lies_in(store)


def test_who_comes_back_begins_anew(store: Store, build) -> None:
    put(store, [wish("u-gone")])
    later = datetime(2026, 1, 6, tzinfo=UTC)
    new = build.turn(50, user_id="u-gone", occurred_at=later)
    put(store, [Record(new, 0, 50, int(later.timestamp() * 1000))])
    put(store, [wish("u-gone")])  # the old wish, delivered again
    assert rows_of(store, "u-gone")["turns"] == 1


def test_a_worker_that_was_killed_while_it_erased_makes_the_figures_right_when_it_begins_again(
    store: Store, build, assert_exact, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(store, life_of(build, "u-gone", SECRET))
    put(store, life_of(build, "u-stays", "other words", first=1))

    def killed(*_: object) -> None:
        raise StoreUnavailable("killed")

    with monkeypatch.context() as broken:
        broken.setattr(erasure.rollups, "refresh", killed)
        with pytest.raises(StoreUnavailable):
            Eraser(store).erase(Erasures(people={"u-gone": wish("u-gone").appended_ms}))
    Eraser(store).erase(Erasures(people={"u-gone": wish("u-gone").appended_ms}))
    assert_exact(store, turns_per_minute=1, requests_per_minute=1)
    assert SECRET not in all_that_lies_in(store)


def test_what_another_worker_writes_of_a_minute_that_it_had_read_before_does_not_stay(
    store: Store, build, assert_exact, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(store, life_of(build, "u-gone", SECRET))
    put(store, life_of(build, "u-stays", "other words", first=1))
    (read_before,) = store.query("SELECT * FROM request_minutes FINAL")
    stale = {name: [value] for name, value in read_before.items() if name not in ("minute", "refreshed_at")}
    stale["minute"] = [int(build.at.timestamp())]
    refreshed = erasure.rollups.refresh

    def overtaken(into: Store, minutes: dict[str, list[int]]) -> None:
        refreshed(into, minutes)
        if stale and "verdicts" in minutes:
            into.insert("request_minutes", stale)
            stale.clear()

    monkeypatch.setattr(erasure.rollups, "refresh", overtaken)
    Eraser(store, settle_s=0.01).erase(Erasures(people={"u-gone": wish("u-gone").appended_ms}))
    assert not stale
    assert SECRET not in str(store.query("SELECT * FROM request_minutes"))
    assert_exact(store, requests_per_minute=1)


def test_who_takes_long_to_write_a_minute_down_is_waited_for(
    clickhouse_settings: Settings, build, assert_exact
) -> None:
    store, other = open_store(clickhouse_settings), open_store(clickhouse_settings)
    migrate(store, clickhouse_settings)
    put(store, life_of(build, "u-gone", SECRET))
    slow = "INSERT INTO request_minutes (minute, version) SELECT minute, 999 FROM request_minutes WHERE sleep(2) = 0"
    thread = threading.Thread(target=other.execute, args=(slow,))
    thread.start()
    begun = "SELECT 1 FROM system.processes WHERE startsWith(query, 'INSERT INTO request_minutes ')"
    while not store.query(begun):
        assert thread.is_alive()
    Eraser(store, settle_s=0.01).erase(Erasures(people={"u-gone": wish("u-gone").appended_ms}))
    thread.join()
    assert store.query("SELECT version FROM request_minutes") == []
    assert_exact(store, requests_per_minute=0)
    other.close()
    store.close()


def test_who_is_told_to_stop_does_not_wait_for_the_store(store: Store, build) -> None:
    put(store, life_of(build, "u-gone", SECRET))
    stop = threading.Event()
    stop.set()
    eraser = Eraser(store, stop)
    eraser._waiting = lambda table: 1  # type: ignore[method-assign]
    with pytest.raises(StoreUnavailable, match="told to stop"):
        eraser.erase(Erasures(people={"u-gone": wish("u-gone").appended_ms}))


def test_a_store_that_nobody_writes_is_made_to_forget_at_once(store: Store, build) -> None:
    put(store, life_of(build, "u-gone", SECRET))
    forget_now(store, "u-gone")
    assert set(rows_of(store, "u-gone").values()) == {0}
    put(store, life_of(build, "u-gone", SECRET))
    assert set(rows_of(store, "u-gone").values()) == {0}
    assert Writer(store).landed("forgotten-people.v1", 0, 0) == set()


def test_only_who_was_added_is_told_from_the_others(store: Store, build) -> None:
    people = ForgottenPeople(store)
    people.learn()
    assert (people.rows, people.among(["u-gone"])) == (0, {})
    put(store, [wish("u-gone"), wish("u-gone", 1, datetime(2026, 1, 5, 19, tzinfo=UTC) + timedelta(seconds=1))])
    people.learn()
    assert people.among(["u-gone", "u-stays"]) == {"u-gone": 1_767_639_601_000}

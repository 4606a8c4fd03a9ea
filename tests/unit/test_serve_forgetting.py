"""Who asked to be forgotten stays forgotten where rewrites and preferences are served, however late a record comes."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from infra.settings import Settings
from models.rewrite.index import RewriteIndex
from schemas.forgotten_person import ForgottenPerson
from schemas.preference import Preference
from schemas.rewrite import Rewrite
from streams.serve.feed import Tables
from streams.serve.loading import load_tables, write_tables
from streams.serve.preference_book import PreferenceBook
from streams.topic_reader import TopicRecord
from tests.taught_to_order import AT, personal, preference
from tests.unit.rewrites_to_order import LettersEncoder

LATER = AT + timedelta(days=1)


@pytest.fixture
def tables(tmp_path: Path) -> Tables:
    return Tables(Settings(home=tmp_path), RewriteIndex(LettersEncoder()), PreferenceBook())


def taught(user: str = "ann", at: datetime = AT) -> Preference:
    return preference(1, user=user, occurred_at=at, valid_from=at)


def comes(tables: Tables, one: Preference | Rewrite, offset: int = 0) -> None:
    topic = tables.preferences_topic if isinstance(one, Preference) else tables.rewrites_topic
    tables.take(TopicRecord(topic, 0, offset, 0, one.key.encode(), one.to_bytes(), ()))


def asks_to_be_forgotten(tables: Tables, user: str = "ann", at: datetime = AT + timedelta(hours=1)) -> None:
    wish = ForgottenPerson(event_id="w", occurred_at=at, user_id=user)
    key, at_ms = user.encode(), int(at.timestamp() * 1000)
    tables.take(TopicRecord(tables.forgotten_topic, 0, 3, at_ms, key, wish.to_bytes(), ()))


def test_what_was_never_seen_here_before_it_was_forgotten_stays_away(tables: Tables) -> None:
    told: list[tuple[str, list[str]]] = []
    tables.take_back = lambda user, ids: told.append((user, ids))
    asks_to_be_forgotten(tables)
    comes(tables, taught())
    assert "ann" not in tables.book
    assert told == [("ann", ["taste-1"])]
    assert tables.starts()[tables.forgotten_topic, 0] == 4


def test_it_stays_away_after_a_start_from_a_snapshot(tables: Tables, tmp_path: Path) -> None:
    asks_to_be_forgotten(tables)
    write_tables(Settings(home=tmp_path), tables)
    again = load_tables(Settings(home=tmp_path), LettersEncoder())
    comes(again, taught())
    assert "ann" not in again.book


def test_all_that_is_held_of_them_goes_and_counts_for_the_next_snapshot(tables: Tables) -> None:
    comes(tables, taught())
    comes(tables, taught("bob"))
    comes(tables, personal("ann"))
    asks_to_be_forgotten(tables)
    assert (len(tables.book), len(tables.index), tables.forgotten) == (1, 0, 1)
    assert tables.book.of("bob")
    asks_to_be_forgotten(tables)
    assert tables.forgotten == 1


def test_who_goes_on_begins_anew(tables: Tables) -> None:
    comes(tables, personal("ann", 1, last_seen=LATER))
    comes(tables, personal("ann", 2))
    comes(tables, taught(at=LATER))
    asks_to_be_forgotten(tables)
    assert [one.last_seen_ms for one in tables.index.of_user("ann")] == [int(LATER.timestamp() * 1000)]
    assert [one.occurred_at for one in tables.book.of("ann")] == [LATER]


def test_a_later_wish_counts_whatever_their_order(tables: Tables) -> None:
    asks_to_be_forgotten(tables, at=LATER)
    asks_to_be_forgotten(tables)
    comes(tables, taught(at=AT + timedelta(hours=5)))
    assert "ann" not in tables.book


def test_a_line_of_another_kind_is_no_forgotten_one() -> None:
    with pytest.raises(ValueError, match="expected nothing or 'person'"):
        PreferenceBook().take_forgotten(b"0123 2026-01-05T15:00:00+00:00 household")

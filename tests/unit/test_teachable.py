"""What a dialogue teaches: kept at once, asked about, superseded, or left alone."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

import pytest

from processors.exchange import Exchange
from processors.teachable import Heard, Person, Taught, taught_in
from processors.validity import ends_at
from schemas.preference import Polarity, Preference, PreferenceStatus
from schemas.turn import Channel, Device, Turn

MONDAY = datetime(2026, 3, 2, 18, tzinfo=UTC)


class Finder:
    """Knows what each sentence states."""

    version = "1.0.0"

    def __init__(self, heard: Mapping[str, Heard]) -> None:
        self._heard = heard

    def find(self, turns: Sequence[tuple[str, str]]) -> list[Heard | None]:
        return [self._heard.get(request) for request, _ in turns]


def exchanges(*requests: str) -> list[Exchange]:
    return [
        Exchange.of(
            Turn(
                event_id=f"e-{at}",
                occurred_at=MONDAY + timedelta(seconds=10 * at),
                turn_id=f"t-{at}",
                dialogue_id="d",
                user_id="u",
                device=Device(id="dev", type="speaker"),
                channel=Channel.VOICE,
                text=text,
            )
        )
        for at, text in enumerate(requests)
    ]


def person(**more: object) -> Person:
    return Person("u", "dev", "d", "1", **more)  # type: ignore[arg-type]


def taught(heard: Mapping[str, Heard], *requests: str, **more: object) -> Taught:
    return taught_in(exchanges(*requests), person(**more), Finder(heard))


JAZZ = Heard("music", "jazz", 0.95)


def test_a_clear_statement_is_active_at_once_and_the_same_again() -> None:
    first, again = taught({"a": JAZZ}, "x", "a"), taught({"a": JAZZ}, "x", "a")
    assert [one.status for one in first.preferences] == [PreferenceStatus.ACTIVE]
    assert first.preferences[0].evidence_turn_ids == ("t-1",)
    assert first == again
    assert first.question is None


def test_an_unclear_statement_waits_and_is_asked_about() -> None:
    found = taught({"a": Heard("own-name", "moon", 0.95, stands_for="lamp", clear=False)}, "a")
    assert found.preferences[0].status is PreferenceStatus.PENDING
    assert found.question is not None
    assert "lamp" in found.question.text


@pytest.mark.parametrize(("ago", "asked"), [(timedelta(hours=2), False), (timedelta(days=2), True)])
def test_a_person_is_asked_once_a_day(ago: timedelta, asked: bool) -> None:
    found = taught({"a": Heard("music", "jazz", 0.6)}, "a", asked_at=MONDAY - ago)
    assert (found.question is not None) is asked


def test_one_question_a_dialogue() -> None:
    heard = {"a": Heard("music", "jazz", 0.6), "b": Heard("film", "noir", 0.6)}
    found = taught(heard, "a", "b")
    assert found.question is not None
    assert found.question.turn_id == "t-0"
    assert len(found.preferences) == 2


def test_what_is_sensitive_leaves_nothing() -> None:
    assert taught({"a": Heard("other", "x", 0.99, sensitive=True)}, "a") == Taught((), None)


def known(heard: Heard) -> Preference:
    return taught({"before": heard}, "before").preferences[0]


def test_a_later_liking_takes_the_place_of_an_earlier_one() -> None:
    old = known(Heard("music", "rock", 0.9))
    found = taught({"a": JAZZ}, "x", "a", known=(old,))
    superseded, new = found.preferences
    assert (superseded.event_id, superseded.status, superseded.revision) == (
        old.event_id,
        PreferenceStatus.SUPERSEDED,
        1,
    )
    assert new.supersedes == old.event_id


def test_turning_around_takes_the_place_and_a_dislike_of_something_else_does_not() -> None:
    old = known(JAZZ)
    around = taught({"a": Heard("music", "jazz", 0.9, Polarity.DISLIKE)}, "x", "a", known=(old,))
    other = taught({"a": Heard("music", "rock", 0.9, Polarity.DISLIKE)}, "x", "a", known=(old,))
    assert len(around.preferences) == 2
    assert len(other.preferences) == 1


def test_what_holds_for_dinner_or_for_today_leaves_the_rest_alone() -> None:
    old = known(JAZZ)
    dinner = taught({"a": Heard("music", "rock", 0.9, condition="for dinner")}, "x", "a", known=(old,))
    today = taught({"a": Heard("music", "rock", 0.9, time="today")}, "x", "a", known=(old,))
    assert [one.status for one in dinner.preferences] == [PreferenceStatus.ACTIVE]
    assert [one.status for one in today.preferences] == [PreferenceStatus.ACTIVE]
    assert today.preferences[0].valid_to == datetime(2026, 3, 3, tzinfo=UTC)


@pytest.mark.parametrize(
    ("time", "end"),
    [
        ("today", datetime(2026, 3, 3, tzinfo=UTC)),
        ("this evening", datetime(2026, 3, 3, tzinfo=UTC)),
        ("this week", datetime(2026, 3, 9, tzinfo=UTC)),
        ("this weekend", datetime(2026, 3, 9, tzinfo=UTC)),
        ("until Friday", datetime(2026, 3, 6, tzinfo=UTC)),
        ("till Monday", datetime(2026, 3, 9, tzinfo=UTC)),
        ("this fortnight", datetime(2026, 3, 16, tzinfo=UTC)),
        ("this month", datetime(2026, 4, 1, tzinfo=UTC)),
        ("for the next hour", MONDAY + timedelta(hours=1)),
        ("for now", MONDAY + timedelta(days=1)),
    ],
)
def test_words_of_time_have_an_end(time: str, end: datetime) -> None:
    assert ends_at(time, MONDAY) == end

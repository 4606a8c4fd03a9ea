"""How long words of time hold."""

from datetime import UTC, datetime, timedelta

import pytest

from processors.validity import ends_at, in_local_time
from tests.unit.teaching_to_order import MONDAY


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


@pytest.mark.parametrize(
    ("clock", "end"),
    [
        ("18:00", datetime(2026, 3, 3, 0, tzinfo=UTC)),
        ("13:00", datetime(2026, 3, 3, 5, tzinfo=UTC)),  # UTC-5: today has eleven hours left
        ("23:30", datetime(2026, 3, 2, 18, 30, tzinfo=UTC)),  # UTC+5:30: it ends in half an hour
        ("03:00", datetime(2026, 3, 3, 15, tzinfo=UTC)),  # UTC+9: it is tomorrow there
        ("23:43", datetime(2026, 3, 2, 18, 15, tzinfo=UTC)),  # UTC+5:45, by a clock two minutes slow
        ("07:00", datetime(2026, 3, 3, 11, tzinfo=UTC)),  # UTC-11, or UTC+13: midnight is the same
    ],
)
def test_today_ends_at_midnight_where_the_person_is(clock: str, end: datetime) -> None:
    assert ends_at("today", in_local_time(MONDAY, clock)) == end


def test_weekdays_are_those_of_where_the_person_is() -> None:
    there = in_local_time(MONDAY, "03:00")  # Tuesday in UTC+9
    assert ends_at("until Tuesday", there) == datetime(2026, 3, 9, 15, tzinfo=UTC)


@pytest.mark.parametrize("clock", [None, "99:99", "24:00"])
def test_without_a_clock_days_are_those_of_utc(clock: str | None) -> None:
    assert ends_at("today", in_local_time(MONDAY, clock)) == datetime(2026, 3, 3, tzinfo=UTC)

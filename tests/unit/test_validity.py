"""How long words of time hold."""

from datetime import UTC, datetime, timedelta

import pytest

from processors.validity import ends_at
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

"""Which stretch of time a page looks at."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.page.window import Extent, Range, TimeRange, resolve

NOW = datetime(2026, 5, 1, 18, 30, 20, tzinfo=UTC)
MINUTE = int(datetime(2026, 5, 1, 18, 30, tzinfo=UTC).timestamp())


def test_a_fixed_range_ends_with_the_minute_that_is_now() -> None:
    window = resolve(TimeRange(Range.QUARTER), Extent(MINUTE - 600, MINUTE), NOW)
    assert (window.start, window.end) == (MINUTE + 60 - 900, MINUTE + 60)
    assert not window.moved_to_data


def test_data_that_is_older_than_the_range_is_followed() -> None:
    newest = MINUTE - 86_400
    window = resolve(TimeRange(Range.HOUR), Extent(newest - 7200, newest), NOW)
    assert (window.start, window.end) == (newest + 60 - 3600, newest + 60)
    assert window.moved_to_data


def test_data_within_the_range_does_not_move_it() -> None:
    window = resolve(TimeRange(Range.DAY), Extent(MINUTE - 50_000, MINUTE - 50_000), NOW)
    assert not window.moved_to_data


def test_all_spans_the_data_and_has_nothing_before_it() -> None:
    window = resolve(TimeRange(Range.ALL), Extent(MINUTE - 600, MINUTE), NOW)
    assert (window.start, window.end) == (MINUTE - 600, MINUTE + 60)
    assert not window.has_previous


def test_a_custom_range_is_widened_to_whole_minutes() -> None:
    start = NOW - timedelta(minutes=3)
    window = resolve(TimeRange(Range.CUSTOM, start, start + timedelta(seconds=1)), None, NOW)
    assert (window.start, window.end) == (MINUTE - 180, MINUTE - 120)


def test_the_window_before_is_as_long_and_ends_where_this_begins() -> None:
    window = resolve(TimeRange(Range.SIX_HOURS), None, NOW)
    assert window.previous.end == window.start
    assert window.previous.length_s == window.length_s


@pytest.mark.parametrize(
    ("kind", "label"), [(Range.QUARTER, "per minute"), (Range.HOUR, "per minute"), (Range.DAY, "per 15 minutes")]
)
def test_a_longer_range_has_wider_buckets(kind: Range, label: str) -> None:
    assert resolve(TimeRange(kind), None, NOW).step_label == label


@given(
    st.sampled_from([kind for kind in Range if kind is not Range.CUSTOM]),
    st.integers(0, MINUTE),
    st.integers(0, 40 * 365 * 86_400),
)
def test_any_data_gives_whole_minutes_and_a_drawable_number_of_buckets(kind: Range, oldest: int, length: int) -> None:
    window = resolve(TimeRange(kind), Extent(oldest, oldest + length), NOW)
    assert window.start % 60 == window.end % 60 == 0
    assert window.length_s > 0
    assert 1 <= len(window.buckets) <= 182
    assert all(at % window.step_s == 0 for at in window.buckets)

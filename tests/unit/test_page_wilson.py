"""A share and how sure it is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.page.wilson import Share


def test_the_interval_is_wilsons() -> None:
    share = Share(8, 10)
    assert share.low == pytest.approx(0.4902, abs=1e-4)
    assert share.high == pytest.approx(0.9433, abs=1e-4)


def test_one_of_one_ranks_below_forty_of_sixty() -> None:
    assert Share(1, 1).low < Share(40, 60).low


def test_nothing_counted_says_nothing() -> None:
    assert (Share(0, 0).value, Share(0, 0).low, Share(0, 0).high) == (0.0, 0.0, 1.0)


@given(st.integers(1, 10**9).flatmap(lambda total: st.tuples(st.integers(0, total), st.just(total))))
def test_the_interval_holds_the_share(counts: tuple[int, int]) -> None:
    share = Share(*counts)
    assert 0 <= share.low <= share.value + 1e-12
    assert share.value - 1e-12 <= share.high <= 1

"""Evidence of harm may be looked at after every turn, and stays small when there is none."""

import numpy as np
import pytest

from processors.posterior import success
from processors.rewrite_harm import Counts, log_harm, native_bound

HOLDOUT = 0.05


def test_nothing_seen_is_no_evidence() -> None:
    assert log_harm(Counts(0, 0), Counts(0, 0), 0.7) == pytest.approx(0.0)


@pytest.mark.parametrize("rate", [0.05, 0.5, 0.85, 1.0])
def test_without_harm_hardly_ever_does_it_exceed_a_hundred_however_often_it_is_looked_at(rate: float) -> None:
    dice = np.random.default_rng(7)
    served, good = dice.random((2000, 400)) >= HOLDOUT, dice.random((2000, 400)) < rate
    with_it = Counts(np.cumsum(served & good, axis=1), np.cumsum(served & ~good, axis=1))
    without = Counts(np.cumsum(~served & good, axis=1), np.cumsum(~served & ~good, axis=1))
    crossed = (log_harm(with_it, without, rate) > np.log(100)).any(axis=1)
    assert crossed.mean() <= 0.01


def test_a_rewrite_that_does_better_never_gathers_evidence() -> None:
    assert log_harm(Counts(50, 0), Counts(0, 50)) < 0.0
    assert log_harm(Counts(50, 0), Counts(0, 50), 0.3) < 0.0


def test_either_way_of_knowing_is_enough() -> None:
    assert log_harm(Counts(0, 15), Counts(15, 0)) > np.log(100)
    assert log_harm(Counts(0, 15), Counts(0, 0), 0.7) > np.log(100)


def test_when_enough_was_held_back_what_was_known_of_the_source_counts_no_longer() -> None:
    assert log_harm(Counts(0, 30), Counts(0, 4), 0.7) > np.log(100)
    assert log_harm(Counts(0, 30), Counts(0, 5), 0.7) < 0.0


def test_the_bound_of_the_source_is_below_its_mean_and_never_surer_than_after_a_few_turns() -> None:
    assert native_bound(success(17, 3)) < 0.85
    assert native_bound(success(8500, 1500)) == pytest.approx(native_bound(success(850, 150)), abs=0.01)
    assert native_bound(success(8500, 1500)) < 0.65

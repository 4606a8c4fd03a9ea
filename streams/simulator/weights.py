"""Relative frequencies, prepared for `bisect` with a draw from [0, 1)."""

from collections.abc import Iterable
from itertools import accumulate


def cumulative(weights: Iterable[float]) -> tuple[float, ...]:
    """Cumulative shares; the last is 1, so that no draw falls behind it. Empty for no weights."""
    reached = tuple(accumulate(weights))
    if not reached:
        return ()
    total = reached[-1] or 1.0
    return (*(weight / total for weight in reached[:-1]), 1.0)

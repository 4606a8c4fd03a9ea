"""Tables of random numbers: a draw is a look-up."""

from functools import lru_cache
from math import exp
from random import Random
from statistics import NormalDist
from typing import Final

STEPS: Final = 256
_NORMAL: Final = tuple(NormalDist().inv_cdf((step + 0.5) / STEPS) for step in range(STEPS))
"""Quantiles of the standard normal distribution: a draw is a look-up, a third of the time of `Random.gauss`."""


def normal(rng: Random) -> float:
    """A draw from the standard normal distribution, between -3.5 and 3.5."""
    return _NORMAL[int(rng.random() * STEPS)]


@lru_cache
def log_normal_table(sigma: float) -> tuple[float, ...]:
    """`STEPS` quantiles of the log-normal distribution with median 1."""
    return tuple(exp(sigma * quantile) for quantile in _NORMAL)

"""What is known of a success rate from counted successes and failures."""

from typing import Final

from scipy.special import betaincinv

from schemas.rewrite import Success

PRIOR: Final = 0.5
"""Pseudo-counts of each kind (Jeffreys)."""

CONFIDENCE: Final = 0.95


def success(good: float, bad: float, prior: float = PRIOR) -> Success:
    """The Beta posterior after so many (decayed) successes and failures, with its central 95 % interval. `prior`:
    pseudo-counts of each kind."""
    a, b = good + prior, bad + prior
    tail = (1.0 - CONFIDENCE) / 2
    return Success(good=a, bad=b, low=float(betaincinv(a, b, tail)), high=float(betaincinv(a, b, 1.0 - tail)))

"""How strongly turns say that a rewrite does harm: evidence that may be looked at after every turn.

Two e-processes by universal inference (Wasserman, Ramdas, Balakrishnan, PNAS 2020), each the likelihood of what was
seen, averaged over rates, divided by its maximum over the rates of a harmless rewrite. One compares turns that got the
rewrite with those from which it was held back, whatever the arms' sizes (the k-sample case of Turner, Ly, Grünwald,
arXiv 2106.02693); the other compares them with what is known of the source from before there was a rewrite, since few
turns are held back in a minute, and only until enough are. Their mean is an e-process as well: if the rewrite is
harmless, and the source does no worse than was known of it, the chance that it ever exceeds 1/alpha in a growing set of
turns is at most alpha (Ville's inequality). All are functions of counts, so neither order nor repetition matter.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betaincinv, betaln, xlogy

from processors.posterior import PRIOR
from schemas.rewrite import Success

NATIVE_TURNS: Final = 15.0
"""What is known of the source counts as no more turns than these: it is from another time, and of words alike."""

HELD_OUT_ENOUGH: Final = 5
"""When so many turns were held back they speak for themselves: the source may do worse by now than it did before."""

NATIVE_DOUBT: Final = 0.01
"""Chance that the source's success is below the bound that stands for it."""

_PRIOR: Final = 0.5


class Counts(NamedTuple):
    """Turns that went well and badly: numbers, or arrays of one shape."""

    good: ArrayLike
    bad: ArrayLike


def native_bound(native: Success) -> float:
    """A rate that the source's own success is above, with `NATIVE_DOUBT` left; 0 where no turn of it is known."""
    known = native.good + native.bad
    if known <= 2 * PRIOR:
        return 0.0
    shrunk = min(1.0, NATIVE_TURNS / known)
    return float(betaincinv(native.good * shrunk, native.bad * shrunk, NATIVE_DOUBT))


def log_harm(served: Counts, held_out: Counts, bound: ArrayLike = 0.0) -> NDArray[np.float64]:
    """Natural logarithm of the evidence against "turns fare no worse with it".

    `bound`: a rate that the source's own success is above; 0 when nothing is known, and the first process speaks alone.
    """
    few = np.add(held_out.good, held_out.bad) < HELD_OUT_ENOUGH
    by_arms, by_source = _by_arms(served, held_out), np.where(few, _by_source(served, bound), -np.inf)
    return np.where(np.asarray(bound) > 0.0, np.logaddexp(by_arms, by_source) - np.log(2.0), by_arms)


def _by_arms(served: Counts, held_out: Counts) -> NDArray[np.float64]:
    apart = _most(served) + _most(held_out)
    together = _most(Counts(np.add(served.good, held_out.good), np.add(served.bad, held_out.bad)))
    # The rates at which the arms were seen are those of a harmless rewrite, unless the served one did worse.
    worse = np.multiply(served.good, held_out.bad) < np.multiply(held_out.good, served.bad)
    return np.asarray(_averaged(served) + _averaged(held_out) - np.where(worse, together, apart))


def _by_source(served: Counts, bound: ArrayLike) -> NDArray[np.float64]:
    good, bad = np.asarray(served.good, np.float64), np.asarray(served.bad, np.float64)
    rate = np.maximum(bound, good / np.maximum(1.0, good + bad))
    return np.asarray(_averaged(served) - xlogy(good, rate) - xlogy(bad, 1.0 - rate))


def _averaged(counts: Counts) -> NDArray[np.float64]:
    """Log-likelihood averaged over all rates (Jeffreys)."""
    return np.asarray(
        betaln(np.add(counts.good, _PRIOR), np.add(counts.bad, _PRIOR)) - betaln(_PRIOR, _PRIOR), np.float64
    )


def _most(counts: Counts) -> NDArray[np.float64]:
    """Log-likelihood at the rate that was seen."""
    good, bad = np.asarray(counts.good, np.float64), np.asarray(counts.bad, np.float64)
    rate = good / np.maximum(1.0, good + bad)
    return np.asarray(xlogy(good, rate) + xlogy(bad, 1.0 - rate))

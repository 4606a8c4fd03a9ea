"""How strongly the counts since each minute speak for a break: a sequential test for a change of a rate.

For a group of turns and a minute j that may be the first of a break, the evidence is a likelihood ratio. Its null: the
failures since j come at the rate of the group's own past, of which is known what a time-decayed Beta posterior says, so
their probability is beta-binomial and little past makes for little evidence. Its alternative: a mixture over breaks
that make a share of `SEVERITIES` of the turns fail that would have gone well (a mixture keeps a ratio valid at every
look: Robbins 1970, doi:10.1214/aoms/1177696786; Johari et al. 2017, doi:10.1145/3097983.3097992). A start of the grid
well above 0 is what makes a break out of a difference.

The sum of the ratios over all j is the Shiryaev-Roberts statistic (Pollak 1985, doi:10.1214/aos/1176346587). Under the
null it grows by 1 a minute on average, so the mean time until it first reaches A is at least A minutes, however often
one looks (Shin, Ramdas and Rinaldo 2023, doi:10.51387/23-NEJSDS51): a threshold follows from a budget of false alarms.
A weighted mean over groups, with weights that sum to 1, is such a statistic as well, and that it reaches A follows from
one group that reaches A / weight: many groups cost a logarithm each, not a tuned threshold.

Failures are summed probabilities and not 0 or 1. The binomial likelihood of a mean in [0, 1] is a quasi-likelihood
(Wedderburn 1974, doi:10.1093/biomet/61.3.439), and by convexity a fraction never counts for more than a coin with that
probability would. Turns hang together (a person asks again, and it fails again): logarithms of ratios are divided by
the dispersion that the past shows, never by less than 1, which keeps a valid ratio valid (Jensen).
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.special import betaln, logsumexp

from processors.incident_counts import Floats

WINDOW: Final = 60
"""Minutes back to which the beginning of a break is looked for."""

SEVERITIES: Final = np.array([0.05, 0.1, 0.2, 0.4, 0.7])
"""Shares of turns that a break makes fail: none smaller is worth to wake a person."""

_HALF_LIFE: Final = 60.0
_DECAY: Final = 0.5 ** (1 / _HALF_LIFE)
_USUAL_RATE: Final = 0.05
_USUAL_TURNS: Final = 20.0
"""What is believed of a group before its first turn: the rate of all turns, and so many of them."""

_DISPERSION: Final = (2.0, 2.0)
"""What is believed before anything was seen: failures come in twos, for people ask again."""

_OUTLIER: Final = 5.0
_STRETCH: Final = 10.0
"""Expected variance of the failures of a stretch of time: enough for a ratio, little enough for many of them."""

_UNSETTLED: Final = 5


@dataclass(frozen=True)
class Past:
    """A Beta posterior of each group's rate before each minute: `failed[minute, group]` and `went_well`."""

    failed: Floats
    went_well: Floats

    @property
    def rate(self) -> Floats:
        """Its mean."""
        mean: Floats = self.failed / (self.failed + self.went_well)
        return mean


def past_of(turns: Floats, failures: Floats, all_turns: Floats, all_failures: Floats, trust: float) -> Past:
    """What is known of the rates of groups before each minute.

    `turns[minute, group]`, `failures` alike; `all_turns[minute, 1]` over all groups. A group starts from the rate of
    all turns, believed as if it were of `trust` turns of its own, or of as many as there were.
    """
    own_turns, own_failures = _decayed(turns), _decayed(failures)
    whole = _decayed(all_turns)
    usual = (_decayed(all_failures) + _USUAL_RATE * _USUAL_TURNS) / (whole + _USUAL_TURNS)
    weight = np.clip(whole, _USUAL_TURNS, trust)
    return Past(own_failures + weight * usual, np.maximum(own_turns - own_failures, 0.0) + weight * (1 - usual))


def dispersion(turns: Floats, failures: Floats, past: Past) -> float:
    """How many times more the counts of a minute scatter than coins would: 1 or more, over all groups.

    One step ahead, so that a slow drift is none. The mean over stretches of time, each of which counts for a few times
    the usual one at most, so that a break among them that nobody has told of yet does not hide itself; the latest
    minutes are left out.
    """
    known = slice(0, max(0, len(turns) - _UNSETTLED))
    n, expected = turns[known], past.rate[known]
    weight = past.failed[known] + past.went_well[known]
    variance = (n * expected * (1 - expected) * (1 + n / (weight + 1))).sum(1)
    scatter = ((failures[known] - n * expected) ** 2).sum(1)
    stretch = (np.cumsum(variance) / _STRETCH).astype(np.int64)
    whole = np.bincount(stretch, variance)
    ratios = [*(np.bincount(stretch, scatter) / np.maximum(whole, 1e-9))[whole > _STRETCH / 2], *_DISPERSION]
    return max(1.0, float(np.minimum(ratios, _OUTLIER * max(1.0, float(np.median(ratios)))).mean()))


def since_each(values: Floats, first: int) -> Floats:
    """Sums over all minutes from each minute on, for the minutes from `first` on."""
    sums: Floats = np.cumsum(values[first:][::-1], axis=0)[::-1]
    return sums


def evidence_of_break(turns: Floats, failures: Floats, failed: Floats, went_well: Floats, spread: float) -> Floats:
    """Logarithms of the evidence that a break began with a minute.

    `turns` and `failures` are sums since it, `failed` and `went_well` the posterior before it, all of one shape;
    `spread` is the dispersion. Returns an array of that shape.
    """
    before = failed / (failed + went_well)
    broken = before[..., None] + (1 - before[..., None]) * SEVERITIES
    well = turns - failures
    as_ever = betaln(failed + failures, went_well + well) - betaln(failed, went_well)
    each = failures[..., None] * np.log(broken) + well[..., None] * np.log1p(-broken)
    mixed = logsumexp(each, axis=-1) - np.log(len(SEVERITIES))
    found: Floats = (mixed - as_ever) / spread
    return found


def evidence_of_return(turns: Floats, failures: Floats, expected: float, observed: float, spread: float) -> Floats:
    """Logarithms of the evidence that the rate is back since a minute: `expected` against a third of the way to
    `observed`, which was seen when there was just enough to raise an alarm and is more often too high than too low."""
    usual = min(max(expected, 0.001), 0.9)
    broken = min(max(expected + (observed - expected) / 3, usual + 0.01), 0.99)
    well = turns - failures
    found: Floats = (failures * np.log(usual / broken) + well * np.log((1 - usual) / (1 - broken))) / spread
    return found


def over_all_starts(evidence: Floats) -> Floats:
    """The logarithm of the Shiryaev-Roberts statistic of each group, from the evidence since each minute."""
    summed: Floats = logsumexp(evidence, axis=0)
    return summed


def _decayed(values: Floats) -> Floats:
    """Sums over all minutes before each one; what is an hour older counts half."""
    sums = np.zeros_like(values)  # scipy.signal has this, and takes 1.4 s to be imported by every worker
    for minute in range(1, len(values)):
        sums[minute] = values[minute - 1] + _DECAY * sums[minute - 1]
    return sums

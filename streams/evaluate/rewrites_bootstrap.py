"""Sums over people, compared: every interval draws people, with all they did."""

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from streams.evaluate.figures import CONFIDENCE, RESAMPLES, Figure

Floats = NDArray[np.float64]
Measure = Callable[[Floats], Floats]
"""Of (sums,) or (sums, draws)."""

_SEED: Final = 20220711
_CHUNK: Final = 100


def share_of_sums(parts: Sequence[float], wholes: Sequence[float], times: float = 1.0) -> Figure:
    """The sum of the parts by the sum of the wholes, one of each for a person; n is the sum of the wholes."""
    return drawn(np.array([parts, wholes], dtype=np.float64), lambda sums: times * sums[0] / sums[1], wholes)


def cut(before: Sequence[float], after: Sequence[float]) -> Figure:
    """By what share the sum is lower after; one of each for a person, n is the sum before."""
    return drawn(np.array([before, after], dtype=np.float64), lambda sums: 1.0 - sums[1] / sums[0], before)


def difference(more: Sequence[float], less: Sequence[float], wholes: Sequence[float]) -> Figure:
    """By how much the share `more` is above the share `less` of the same wholes."""
    values = np.array([more, less, wholes], dtype=np.float64)
    return drawn(values, lambda sums: (sums[0] - sums[1]) / sums[2], wholes)


def drawn(values: Floats, measure: Measure, wholes: Sequence[float]) -> Figure:
    """A measure of sums over people, with an interval that draws people. `values`: (sums, people)."""
    sums = values.sum(1)
    n = int(sum(wholes))
    if not n:
        return Figure(0.0, n=0)
    people = values.shape[1]
    draws = np.random.default_rng(_SEED)
    found: list[Floats] = []
    for at in range(0, RESAMPLES, _CHUNK):
        times = draws.multinomial(people, np.full(people, 1 / people), min(_CHUNK, RESAMPLES - at))
        with np.errstate(divide="ignore", invalid="ignore"):
            found.append(np.asarray(measure(values @ times.T), dtype=np.float64))
    values_drawn = np.concatenate(found)
    values_drawn = values_drawn[np.isfinite(values_drawn)]
    tail = (1.0 - CONFIDENCE) / 2
    low, high = np.quantile(values_drawn, [tail, 1.0 - tail]) if len(values_drawn) else (0.0, 0.0)
    return Figure(float(measure(sums)), float(low), float(high), n)

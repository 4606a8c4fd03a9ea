"""Figures of failure points told for commands: F1 by class with intervals that draw sentences, calibration."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.failure_point_commands.jury import CLASSES
from streams.evaluate.figures import CONFIDENCE, RESAMPLES, Figure

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

_BINS: Final = 15
_SEED: Final = 20220711


@dataclass(frozen=True)
class Told:
    """Decisions beside the truth, both numbers of `CLASSES`, and the sentence that each recording says."""

    truth: Integers
    said: Integers
    sentence: Integers


def f1_figures(told: Told, suffix: str = "") -> dict[str, Figure]:
    """`macro_f1<suffix>` over the classes and `f1_<class><suffix>` of each."""
    drawn = _resampled(told.sentence, lambda cases: _f1(told.truth[cases], told.said[cases]))
    whole = _f1(told.truth, told.said)
    figures = {f"macro_f1{suffix}": _figure(whole.mean(), drawn.mean(1), len(told.truth))}
    for at, label in enumerate(CLASSES):
        figures[f"f1_{label}{suffix}"] = _figure(whole[at], drawn[:, at], int((told.truth == at).sum()))
    return figures


def macro_figure(told: Told) -> Figure:
    """The macro-F1 alone."""
    return f1_figures(told)["macro_f1"]


def gain_figure(more: Told, less: Told) -> Figure:
    """By how much the macro-F1 of one is above that of the other on the same recordings."""

    def gain(cases: Integers) -> Floats:
        difference = _f1(more.truth[cases], more.said[cases]).mean() - _f1(less.truth[cases], less.said[cases]).mean()
        return np.array([difference])

    drawn = _resampled(more.sentence, gain)
    return _figure(gain(np.arange(len(more.truth)))[0], drawn[:, 0], len(more.truth))


def calibration_figure(probabilities: Floats, truth: Integers, sentence: Integers) -> Figure:
    """Expected calibration error of the most probable class, 15 bins of equal width."""
    sure, right = probabilities.max(1), probabilities.argmax(1) == truth
    place = np.minimum((sure * _BINS).astype(np.int64), _BINS - 1)

    def error(cases: Integers) -> Floats:
        off = np.bincount(place[cases], (sure - right)[cases], minlength=_BINS)
        return np.array([np.abs(off).sum() / len(cases)])

    return _figure(error(np.arange(len(truth)))[0], _resampled(sentence, error)[:, 0], len(truth))


def _f1(truth: Integers, said: Integers) -> Floats:
    """(classes,); 0 for a class that neither occurs nor is named."""
    size = len(CLASSES)
    table = np.bincount(truth * size + said, minlength=size * size).reshape(size, size)
    values: Floats = 2 * table.diagonal() / np.maximum(table.sum(0) + table.sum(1), 1)
    return values


def _resampled(sentence: Integers, measure: Callable[[Integers], Floats]) -> Floats:
    """(RESAMPLES, values): the measure on draws of whole sentences; the draws are the same for the same sentences."""
    members = [np.flatnonzero(sentence == one) for one in np.unique(sentence)]
    draws = np.random.default_rng(_SEED)
    return np.stack(
        [
            measure(np.concatenate([members[at] for at in draws.integers(len(members), size=len(members))]))
            for _ in range(RESAMPLES)
        ]
    )


def _figure(value: float, drawn: Floats, cases: int) -> Figure:
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(drawn, [tail, 1 - tail])
    return Figure(float(value), float(low), float(high), cases)

"""Fits the judge of pairs, for the weights that ship as for those of a cross-validation or a transfer test."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self
from zipfile import BadZipFile
from zlib import crc32

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from models.logistic import Logistic
from models.rephrase.gate_features import NAMES, gate_features
from models.rephrase.retry_model import RetryModel
from streams.adapters import getgoing
from streams.evaluate.figures import Bools, Floats, Groups, best_threshold
from streams.training.rephrase_examples import Example, with_fields_dropped
from streams.training.rephrase_sets import kind_of
from streams.training.rephrase_task_talk import TALKS

VERSION: Final = "1"
FOLDS: Final = 5
FALSE_ALARMS: Final = 0.01
"""Share of people's ordinary next requests that may be taken for retries at the operating threshold."""

_MOST: Final = 1_500.0
"""Weight of all cases of one kind and set together, at most: no set outvotes the others by its size."""
_REAL: Final = 6.0
"""Real calls count more: they are few, and nothing else shows what a recogniser and a person in trouble do."""
_STRENGTH: Final = 1.0
_STEPS: Final = 400
_FLAT: Final = 1e-3
_GUESSED: Final = (getgoing.NAME, *TALKS)
"""Sets whose refinements are guessed from the question before: `yes` counts there, though it adds nothing."""
_RETRY: Final = 2
_TURNS_BETWEEN: Final = NAMES.index("turns_between")


@dataclass(frozen=True, slots=True)
class Design:
    """Examples as a matrix: `rows` (n, len(NAMES)), `kind` (0 none, 1 refinement, 2 said again), the name of each
    one's set, and its fold of `FOLDS`."""

    rows: NDArray[np.float64]
    kind: NDArray[np.int64]
    source: NDArray[np.str_]
    fold: Groups

    @classmethod
    def of(cls, examples: Sequence[Example], seed: int) -> Self:
        """The examples, with optional fields dropped as data from elsewhere lack them."""
        shown = with_fields_dropped(examples, seed)
        return cls(
            np.stack([gate_features(one.candidate) for one in shown]).astype(np.float64),
            np.array([kind_of(one.label) for one in examples], dtype=np.int64),
            np.array([one.source for one in examples]),
            np.array([crc32(one.group.encode()) % FOLDS for one in examples], dtype=np.int64),
        )

    @classmethod
    def kept(cls, file: Path, made_from: str) -> Self | None:
        """What `keep` wrote of the same data; None where there is nothing or it was made from other data."""
        try:
            with np.load(file, allow_pickle=False) as stored:
                if str(stored["made_from"]) != made_from:
                    return None
                return cls(stored["rows"], stored["kind"], stored["source"], stored["fold"])
        except (OSError, ValueError, KeyError, BadZipFile):
            return None

    def keep(self, file: Path, made_from: str) -> None:
        """Write it down, so that a training that is interrupted need not make it again. Raises `OSError`."""
        file.parent.mkdir(parents=True, exist_ok=True)
        unfinished = file.with_suffix(".new.npz")
        np.savez(unfinished, made_from=made_from, rows=self.rows, kind=self.kind, source=self.source, fold=self.fold)
        unfinished.replace(file)

    @property
    def retry(self) -> Bools:
        """Which were said again."""
        again: Bools = self.kind == _RETRY
        return again

    def weights(self, chosen: Bools) -> Floats:
        """Of the chosen cases, so that sets count alike."""
        weights = np.zeros(len(self.kind))
        for source in np.unique(self.source[chosen]):
            real = _REAL if source == getgoing.NAME else 1.0
            for kind in range(_RETRY + 1):
                cases = chosen & (self.source == source) & (self.kind == kind)
                if cases.any():
                    weights[cases] = real * min(1.0, _MOST / cases.sum())
        return weights[chosen]


def fit_retry(design: Design, chosen: Bools) -> Logistic:
    """Is it said again? Uncalibrated: sets count alike, however often retries are."""
    return _fit(design.rows[chosen], design.retry[chosen], design.weights(chosen))


def fit_refinement(design: Design, chosen: Bools) -> Logistic:
    """Of what is not said again: does it add to the request before or answer what was asked? Only sets that know."""
    knowing = np.setdiff1d(design.source[chosen & (design.kind == 1)], _GUESSED)
    chosen = chosen & ~design.retry & np.isin(design.source, knowing)
    return _fit(design.rows[chosen], design.kind[chosen] == 1, design.weights(chosen))


def out_of_fold(design: Design, fitted: Callable[[Design, Bools], Logistic]) -> Floats:
    """Log-odds of each case by weights that saw nothing of its group (caller, simulated user, dialogue)."""
    odds = np.zeros(len(design.kind))
    for fold in range(FOLDS):
        own = design.fold == fold
        odds[own] = fitted(design, ~own).odds(design.rows[own])[:, 0]
    return odds


def fit_model(design: Design, natural: Bools) -> RetryModel:
    """Weights from all cases. Calibration and thresholds come from out-of-fold odds of the `natural` cases, in which
    retries are as rare as they are among people: each threshold has the best F1 there, and that for retries is no
    lower than lets `FALSE_ALARMS` of the others pass."""
    everything = np.ones(len(design.kind), dtype=bool)
    odds = out_of_fold(design, fit_retry)[natural]
    retry = design.retry[natural]
    slope, shift = calibration(odds, retry)
    probabilities = 1.0 / (1.0 + np.exp(-(slope * odds + shift)))
    fewest = float(np.quantile(probabilities[~retry], 1.0 - FALSE_ALARMS))
    raw = fit_retry(design, everything)
    calibrated = Logistic(raw.mean, raw.scale, raw.weights * slope, raw.bias * slope + shift)
    return RetryModel(
        calibrated, _refinement(design, natural), max(best_threshold(retry, probabilities), fewest), VERSION
    )


def _refinement(design: Design, natural: Bools) -> Logistic:
    """Weights whose odds are 0 where F1 is best among natural requests that follow another at once."""
    odds = out_of_fold(design, fit_refinement)
    next_ones = natural & ~design.retry & ~np.isin(design.source, _GUESSED) & (design.rows[:, _TURNS_BETWEEN] == 0.0)
    threshold = best_threshold(design.kind[next_ones] == 1, odds[next_ones])
    raw = fit_refinement(design, np.ones(len(design.kind), dtype=bool))
    return Logistic(raw.mean, raw.scale, raw.weights, raw.bias - threshold)


def calibration(odds: Floats, retry: Bools) -> tuple[float, float]:
    """Platt (1999): the slope and shift that make odds the log-odds of a probability."""
    fitted = LogisticRegression(C=np.inf, max_iter=_STEPS).fit(odds[:, None], retry)
    return float(fitted.coef_[0, 0]), float(fitted.intercept_[0])


def _fit(rows: NDArray[np.float64], truth: Bools, weights: Floats) -> Logistic:
    mean, scale = rows.mean(axis=0), rows.std(axis=0) + _FLAT
    fitted = LogisticRegression(C=_STRENGTH, max_iter=_STEPS).fit((rows - mean) / scale, truth, sample_weight=weights)
    return Logistic(mean, scale, fitted.coef_, fitted.intercept_)

"""Figures of distributions over failure points: F1 by class at two prevalences, calibration, risk and coverage.

At natural prevalence classes are as common as in the stream. At balanced prevalence every class weighs the same, and
odds are turned into those of that world by dividing by the shares of the classes that a model takes for natural.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from schemas.failure_point import FailurePoint
from streams.evaluate.figures import CONFIDENCE, RESAMPLES, Figure, Floats, Groups

CLASSES: Final = tuple(FailurePoint)
PREVALENCES: Final = ("natural", "balanced")
COVERAGES: Final = (0.5, 0.8, 0.9, 0.95, 1.0)
_BINS: Final = 15
_SEED: Final = 20220711

Codes = NDArray[np.int64]


@dataclass(frozen=True)
class Told:
    """Distributions over the classes (turns, classes) for turns of some users. `prior`: the shares of the classes that
    they take for natural."""

    truth: Codes
    probabilities: Floats
    user: Groups
    prior: Floats

    def at(self, prevalence: str) -> Floats:
        """The distributions of that world."""
        if prevalence == "natural":
            return self.probabilities
        odds = self.probabilities / self.prior
        return np.asarray(odds / odds.sum(1, keepdims=True))

    def weights(self, prevalence: str) -> Floats:
        """What each turn counts."""
        if prevalence == "natural":
            return np.ones(len(self.truth))
        return np.asarray(1.0 / np.maximum(np.bincount(self.truth, minlength=len(CLASSES)), 1))[self.truth]


def f1_figures(name: str, told: Told, bound: Told | None = None) -> dict[str, Figure]:
    """`<name>_<prevalence>_macro_f1` and `..._<class>_f1`; with a bound on the same turns also the share of it that is
    reached, resampled together."""
    figures: dict[str, Figure] = {}
    draws = _draws(told.user)
    for prevalence in PREVALENCES:
        own = _resampled_f1(told, prevalence, draws)
        present = np.bincount(told.truth, minlength=len(CLASSES)) > 0
        figures[f"{name}_{prevalence}_macro_f1"] = _figure(own[:, present].mean(1), len(told.truth))
        best = _resampled_f1(bound, prevalence, draws) if bound is not None else None
        for code, label in enumerate(CLASSES):
            if not present[code]:
                continue
            cases = int((told.truth == code).sum())
            figures[f"{name}_{prevalence}_{label}_f1"] = _figure(own[:, code], cases)
            if best is not None and best[0, code] > 0:
                figures[f"{name}_{prevalence}_{label}_of_bound"] = _figure(
                    np.divide(own[:, code], best[:, code], out=np.full(len(own), np.nan), where=best[:, code] > 0),
                    cases,
                )
    return figures


def macro_figures(name: str, told: Told) -> dict[str, Figure]:
    """The macro-F1 of `f1_figures` alone."""
    return {key: figure for key, figure in f1_figures(name, told).items() if key.endswith("_macro_f1")}


def decided_figures(name: str, truth: Codes, decisions: dict[str, Codes], user: Groups) -> dict[str, Figure]:
    """Macro-F1 of decisions without probabilities, by prevalence."""
    draws = _draws(user)
    return {
        f"{name}_{prevalence}_macro_f1": _figure(
            _f1(_confusions(truth, said, user, draws), prevalence).mean(1), len(truth)
        )
        for prevalence, said in decisions.items()
    }


def calibration_figure(told: Told, prevalence: str = "natural") -> Figure:
    """Expected calibration error of the most probable class, 15 bins of equal width."""
    probabilities, weights = told.at(prevalence), told.weights(prevalence)
    sure = probabilities.max(1)
    right = (probabilities.argmax(1) == told.truth).astype(np.float64)
    bins = np.minimum((sure * _BINS).astype(np.int64), _BINS - 1)
    off = np.zeros((int(told.user.max()) + 1, _BINS))
    mass = np.zeros(len(off))
    np.add.at(off, (told.user, bins), weights * (sure - right))
    np.add.at(mass, told.user, weights)
    draws = _draws(told.user)
    return _figure(np.abs(draws @ off).sum(1) / np.maximum(draws @ mass, 1e-12), len(sure))


def risk_curve(told: Told) -> tuple[Floats, Floats]:
    """(coverage, risk): of the surest turns, the share that is judged wrongly."""
    order = np.argsort(-told.probabilities.max(1), kind="stable")
    wrong = (told.probabilities.argmax(1) != told.truth)[order]
    counts = np.arange(1, len(wrong) + 1)
    return counts / len(wrong), np.cumsum(wrong) / counts


def risk_figures(name: str, told: Told) -> dict[str, Figure]:
    """Risk at some coverages, and the area under the curve."""
    coverage, risk = risk_curve(told)
    figures = {
        f"{name}_risk_at_{round(share * 100)}": Figure(float(risk[np.searchsorted(coverage, share - 1e-9)]))
        for share in COVERAGES
    }
    return figures | {f"{name}_risk_coverage_area": Figure(float(risk.mean()), n=len(risk))}


def gain_figures(name: str, more: Told, less: Told) -> dict[str, Figure]:
    """By how much macro-F1 of one is above that of the other on the same turns."""
    draws = _draws(more.user)
    return {
        f"{name}_{prevalence}": _figure(
            _resampled_f1(more, prevalence, draws).mean(1) - _resampled_f1(less, prevalence, draws).mean(1),
            len(more.truth),
        )
        for prevalence in PREVALENCES
    }


def _draws(user: Groups) -> Floats:
    """(1 + resamples, users): how often each user is drawn; in row 0 once."""
    people = int(user.max()) + 1
    drawn = np.random.default_rng(_SEED).multinomial(people, np.full(people, 1 / people), size=RESAMPLES)
    return np.concatenate((np.ones((1, people)), drawn.astype(np.float64)))


def _resampled_f1(told: Told, prevalence: str, draws: Floats) -> Floats:
    said = told.at(prevalence).argmax(1)
    return _f1(_confusions(told.truth, said, told.user, draws), prevalence)


def _confusions(truth: Codes, said: Codes, user: Groups, draws: Floats) -> Floats:
    width = len(CLASSES)
    counts = np.zeros((draws.shape[1], width * width))
    np.add.at(counts, (user, truth * width + said), 1.0)
    return np.asarray((draws @ counts).reshape(-1, width, width))


def _f1(confusions: Floats, prevalence: str) -> Floats:
    """(draws, classes)"""
    if prevalence == "balanced":
        confusions = confusions / np.maximum(confusions.sum(2, keepdims=True), 1e-12)
    hits = np.diagonal(confusions, axis1=1, axis2=2)
    either = confusions.sum(1) + confusions.sum(2)
    return np.asarray(np.divide(2 * hits, either, out=np.zeros_like(hits), where=either > 0))


def _figure(values: Floats, cases: int) -> Figure:
    """The first value, with the interval of the others."""
    tail = (1.0 - CONFIDENCE) / 2
    low, high = np.nanquantile(values[1:], [tail, 1.0 - tail])
    return Figure(float(values[0]), float(low), float(high), cases)

"""Fits the classifiers that read the evidence, on recordings with known failure points."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.sparse import csr_matrix
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold

from models.failure_point_commands.command import Command
from models.failure_point_commands.jury import BUCKETS, CLASSES, Jury, buckets_of, rows_of
from models.failure_point_commands.trees import Trees
from models.logistic import Logistic

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Evidence = Mapping[str, float]

FOLDS: Final = 8

_TREES: Final = 120
_LEAST_IN_LEAF: Final = 5
_FEATURES_TRIED: Final = 0.3
_NUMBERS_STRENGTH: Final = 0.01
_WORDS_STRENGTH: Final = 1.0
_STEPS: Final = 500


def fit_jury(evidence: Sequence[Evidence], commands: Sequence[Command], truth: Integers, seed: int) -> Jury:
    """Classifiers on all of it, not calibrated: verdicts and decisions are right, `calibrated` gives the verdicts.

    `truth`: numbers of `CLASSES`. Raises `ValueError` where a class does not occur.
    """
    names = tuple(sorted(evidence[0]))
    rows = rows_of(evidence, names)
    counts = np.bincount(truth, minlength=len(CLASSES))
    if not counts.all():
        raise ValueError(f"no recording whose failure point is {CLASSES[int(counts.argmin())]}; give a larger folder")
    weights = (len(truth) / len(CLASSES) / counts)[truth]
    grown = ExtraTreesClassifier(
        _TREES, min_samples_leaf=_LEAST_IN_LEAF, max_features=_FEATURES_TRIED, random_state=seed
    ).fit(rows.astype(np.float32), truth, weights)
    mean, spread = rows.mean(0), rows.std(0)
    scale = np.where(spread > 0.0, spread, 1.0)
    numbers = LogisticRegression(C=_NUMBERS_STRENGTH, max_iter=_STEPS).fit((rows - mean) / scale, truth, weights)
    words = LogisticRegression(C=_WORDS_STRENGTH, max_iter=_STEPS).fit(_pieces(commands), truth, weights)
    return Jury(
        names,
        trees_of(grown),
        Logistic(mean, scale, numbers.coef_, numbers.intercept_),
        words.coef_.T,
        words.intercept_,
        np.array([0.0] * len(CLASSES) + [1.0]),
        counts / len(truth),
    )


def trees_of(grown: ExtraTreesClassifier) -> Trees:
    """scikit-learn's trees as arrays: places of nodes are counted through all of them."""
    parts = [tree.tree_ for tree in grown.estimators_]
    roots = np.cumsum([0, *(part.node_count for part in parts[:-1])])
    shares = np.concatenate([part.value[:, 0, :] for part in parts])
    return Trees(
        roots,
        np.concatenate([np.where(part.children_left < 0, -1, part.feature) for part in parts]).astype(np.int64),
        np.concatenate([part.threshold for part in parts]),
        np.concatenate([part.children_left + root for part, root in zip(parts, roots, strict=True)]),
        np.concatenate([part.children_right + root for part, root in zip(parts, roots, strict=True)]),
        shares / shares.sum(1, keepdims=True),
    )


def across_sentences(
    evidence: Sequence[Evidence], commands: Sequence[Command], truth: Integers, sentences: Integers, seed: int
) -> Floats:
    """(commands, classes): verdicts on each by classifiers that saw no recording of its sentence."""
    verdicts = np.zeros((len(truth), len(CLASSES)))
    for rest, own in folds_of(truth, sentences, seed):
        jury = fit_jury([evidence[at] for at in rest], [commands[at] for at in rest], truth[rest], seed)
        verdicts[own] = jury.verdicts([evidence[at] for at in own], [commands[at] for at in own])
    return verdicts


def folds_of(truth: Integers, sentences: Integers, seed: int) -> list[tuple[list[int], list[int]]]:
    """(the rest, its own) of each fold; no sentence is in two, classes are about equally common in all."""
    splitter = StratifiedGroupKFold(min(FOLDS, len(np.unique(sentences))), shuffle=True, random_state=seed)
    return [(rest.tolist(), own.tolist()) for rest, own in splitter.split(truth, truth, sentences)]


def fit_calibration(verdicts: Floats, truth: Integers) -> Floats:
    """A slope and biases (vector scaling with one slope) that make verdicts probabilities at the shares seen here.

    Verdicts have to be from `across_sentences`.
    """
    logs = np.log(np.maximum(verdicts, 1e-6))

    def loss(calibration: Floats) -> float:
        odds = calibration[:-1] + calibration[-1] * logs
        highest = odds.max(1)
        norm = highest + np.log(np.exp(odds - highest[:, None]).sum(1))
        return float((norm - odds[np.arange(len(truth)), truth]).mean())

    found = minimize(loss, np.array([0.0] * len(CLASSES) + [1.0]), method="BFGS")
    return np.asarray(found.x, dtype=np.float64)


def calibrate(jury: Jury, verdicts: Floats, truth: Integers) -> Jury:
    """The same jury, with a calibration from verdicts on recordings that it did not see."""
    return replace(jury, calibration=fit_calibration(verdicts, truth))


def _pieces(commands: Sequence[Command]) -> csr_matrix:
    found = [buckets_of(command) for command in commands]
    starts = np.cumsum([0, *(len(buckets) for buckets, _ in found)])
    places, weights = np.concatenate([one for one, _ in found]), np.concatenate([one for _, one in found])
    return csr_matrix((weights, places, starts), shape=(len(commands), BUCKETS))

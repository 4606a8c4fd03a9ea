"""Figures with their uncertainty, in the one shape that every evaluation and benchmark prints."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from math import isnan

import numpy as np
import orjson
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Groups = NDArray[np.int64]

RESAMPLES = 1000
CONFIDENCE = 0.95
FOLDS = 10
_SEED = 20220711


@dataclass(frozen=True, slots=True)
class Figure:
    """A number, its 95 % interval where it has one, and how many cases it rests on."""

    value: float
    low: float | None = None
    high: float | None = None
    n: int | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """What an evaluation found. `notes` say how it was measured, one sentence each."""

    name: str
    figures: dict[str, Figure]
    notes: tuple[str, ...] = ()

    def to_json(self) -> str:
        """`{"name": ..., "figures": {name: {"value", "low", "high", "n"}}}`; what a figure lacks is left out."""
        figures = {
            name: {key: value for key, value in asdict(figure).items() if value is not None}
            for name, figure in self.figures.items()
        }
        return orjson.dumps({"name": self.name, "figures": figures}).decode()

    def to_text(self) -> str:
        """A table for people."""
        width = max(map(len, self.figures), default=0)
        lines = []
        for name, figure in self.figures.items():
            between = "" if figure.low is None else f"  [{figure.low:.3f}, {figure.high:.3f}]"
            cases = "" if figure.n is None else f"  n={figure.n}"
            lines.append(f"{name:<{width}}  {figure.value:.3f}{between}{cases}")
        return "\n".join((*lines, "", *self.notes))


def auc(truth: Bools, scores: Floats) -> float:
    """Area under the ROC curve; not a number where all cases are of one kind."""
    return float(roc_auc_score(truth, scores)) if truth.any() and not truth.all() else float("nan")


def f1(truth: Bools, decisions: Floats) -> float:
    """F1 of decisions that are 0 or 1; 0 where nothing is true and nothing is said to be."""
    both = float(truth.sum() + decisions.sum())
    return 2 * float(decisions[truth].sum()) / both if both else 0.0


def precision(truth: Bools, decisions: Floats) -> float:
    """Share of the yeses that are right; 0 where there is none."""
    said = float(decisions.sum())
    return float(decisions[truth].sum()) / said if said else 0.0


def recall(truth: Bools, decisions: Floats) -> float:
    """Share of the true cases that got a yes; 0 where there is none."""
    true = float(truth.sum())
    return float(decisions[truth].sum()) / true if true else 0.0


def with_interval(
    measure: Callable[[Bools, Floats], float], truth: Bools, scores: Floats, groups: Groups, resamples: int = RESAMPLES
) -> Figure:
    """The measure with a percentile bootstrap interval that draws whole groups, as cases of a group hang together.

    The draws are the same for the same number of groups, so that figures of one evaluation can be compared.
    """
    members = [np.flatnonzero(groups == group) for group in np.unique(groups)]
    draws = np.random.default_rng(_SEED)
    values = []
    for _ in range(resamples):
        drawn = np.concatenate([members[at] for at in draws.integers(len(members), size=len(members))])
        value = measure(truth[drawn], scores[drawn])
        if not isnan(value):
            values.append(value)
    tail = (1.0 - CONFIDENCE) / 2
    low, high = np.quantile(values, [tail, 1.0 - tail]) if values else (float("nan"), float("nan"))
    return Figure(measure(truth, scores), float(low), float(high), len(truth))


def decide(truth: Bools, scores: Floats, groups: Groups, folds: int = FOLDS) -> Floats:
    """0 or 1 for each case, by the threshold with the best F1 on the other folds; no group is in two folds."""
    fold_of = {group: at % folds for at, group in enumerate(np.unique(groups).tolist())}
    fold = np.array([fold_of[group] for group in groups.tolist()])
    decisions = np.zeros(len(scores))
    for at in range(folds):
        own = fold == at
        decisions[own] = scores[own] >= best_threshold(truth[~own], scores[~own])
    return decisions


def best_threshold(truth: Bools, scores: Floats) -> float:
    """The score from which on to say yes so that F1 is highest; infinite when no case is true."""
    if not truth.any():
        return float("inf")
    order = np.argsort(-scores, kind="stable")
    hits = np.cumsum(truth[order])
    # Only where the score changes can a threshold lie.
    last = np.append(np.flatnonzero(np.diff(scores[order])), len(scores) - 1)
    values = 2 * hits[last] / (last + 1 + truth.sum())
    return float(scores[order][last[int(np.argmax(values))]])


def floats(values: Sequence[float]) -> Floats:
    return np.asarray(values, dtype=np.float64)

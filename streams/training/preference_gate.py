"""Fits the gate of the preference model: a logistic regression on words, cut to those that weigh."""

from collections import Counter
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression

from models.preference.gate import cues_of
from streams.training.preference_examples import Example

FEWEST: Final = 3
"""Examples that have a cue."""
_KEPT: Final = 0.02
"""Weights below it are as good as none."""
RECALL: Final = 0.985
"""Share of the statements that the gate lets through at least."""
QUIET: Final = 0.8
"""Share of the other turns that it keeps back at most: it has to let through phrasings that it never saw."""


def fit_gate(examples: Sequence[Example], values: frozenset[str]) -> tuple[list[str], NDArray[np.float32], float]:
    """(cues, weights, threshold). `values`: words of things that people like, which are no cues."""
    cued = [{cue for cue in cues_of(one.turn.text) if not values.intersection(cue.split(" "))} for one in examples]
    counts = Counter(cue for cues in cued for cue in cues)
    names = sorted(cue for cue, count in counts.items() if count >= FEWEST)
    number = {cue: at for at, cue in enumerate(names)}
    pairs = [(row, number[cue]) for row, cues in enumerate(cued) for cue in sorted(cues) if cue in number]
    rows, columns = zip(*pairs, strict=True)
    matrix = csr_matrix((np.ones(len(pairs)), (rows, columns)), shape=(len(examples), len(names)))
    teaches = np.array([bool(one.teaches) for one in examples])
    machine = LogisticRegression(C=0.5, max_iter=200, class_weight="balanced").fit(matrix, teaches)
    weights = machine.coef_[0]
    weights[np.abs(weights) < _KEPT] = 0.0
    odds = np.asarray(matrix @ weights)
    threshold = float(min(np.quantile(odds[teaches], 1.0 - RECALL), np.quantile(odds[~teaches], QUIET)))
    kept = np.flatnonzero(weights)
    return [names[at] for at in kept], weights[kept].astype(np.float32), round(threshold, 4)

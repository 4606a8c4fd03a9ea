"""Grows the boosted trees of the judge of failure points with scikit-learn, and turns them into arrays."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from models.trees import BoostedTrees

if TYPE_CHECKING:
    from sklearn.ensemble import HistGradientBoostingClassifier

ROUNDS: Final = 100
_GROWTH: Final = {"learning_rate": 0.1, "max_leaf_nodes": 15, "max_depth": 5, "l2_regularization": 1.0}

Floats = NDArray[np.float32]


def grow(numbers: Floats, truth: NDArray[np.int64], weights: Floats, seed: int) -> BoostedTrees:
    """Trees that tell the classes of turns, each of which weighs what `weights` of its class says.

    Raises `ValueError` where a class never occurs.
    """
    from sklearn.ensemble import HistGradientBoostingClassifier

    absent = sorted(set(range(len(weights))) - set(truth.tolist()))
    if absent:
        raise ValueError(f"no turn of the classes {absent} to learn from; simulate more dialogues")
    telling = np.flatnonzero(~np.isnan(numbers).all(axis=0))
    grown = HistGradientBoostingClassifier(max_iter=ROUNDS, random_state=seed, early_stopping=False, **_GROWTH)
    trees = as_arrays(grown.fit(numbers[:, telling], truth, sample_weight=weights[truth]))
    side = trees.column % 2
    return replace(trees, column=2 * telling[trees.column // 2] + side)


def as_arrays(grown: "HistGradientBoostingClassifier") -> BoostedTrees:
    """The same trees without scikit-learn: the same logits for numbers of 32 bits."""
    trees = [tree.nodes for turn in grown._predictors for tree in turn]
    starts = np.cumsum([0, *(len(nodes) for nodes in trees)])
    parts = [_laid_out(nodes, start) for nodes, start in zip(trees, starts[:-1], strict=True)]
    column, threshold, below, value = (np.concatenate(part) for part in zip(*parts, strict=True))
    return BoostedTrees(
        roots=starts[:-1].reshape(len(grown._predictors), -1),
        column=column,
        threshold=threshold,
        below=below,
        value=value,
        baseline=np.asarray(grown._baseline_prediction, dtype=np.float64).ravel(),
        depth=max(int(nodes["depth"].max()) for nodes in trees),
    )


def _laid_out(nodes: NDArray[Any], start: int) -> tuple[NDArray[Any], ...]:
    """(column, threshold, below, value) of the nodes of one tree, the root first, level by level."""
    order = [0]
    for at in order:
        if not nodes[at]["is_leaf"]:
            order += [int(nodes[at]["left"]), int(nodes[at]["right"])]
    place = np.empty(len(nodes), dtype=np.int64)
    place[order] = np.arange(len(nodes))
    own = nodes[order]
    leaf = own["is_leaf"].astype(bool)
    column = 2 * own["feature_idx"].astype(np.int64) + (own["missing_go_to_left"] == 0)
    below = np.where(leaf, np.arange(len(own)), place[own["left"].astype(np.int64)])
    return (
        np.where(leaf, 0, column),
        np.where(leaf, np.float32(np.inf), _rounded_down(own["num_threshold"])),
        start + below,
        own["value"],
    )


def _rounded_down(thresholds: NDArray[np.float64]) -> Floats:
    """In 32 bits, such that every number of 32 bits is on the same side. Only what is not known is above the largest,
    as a threshold without end tells the known from the unknown."""
    narrow = thresholds.astype(np.float32)
    narrow = np.where(narrow > thresholds, np.nextafter(narrow, np.float32(-np.inf)), narrow)
    return np.minimum(narrow, np.finfo(np.float32).max)

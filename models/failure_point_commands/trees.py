"""Randomised trees (Geurts, Ernst and Wehenkel 2006) as they are stored and asked. Growing them is done elsewhere."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

LEAF: Final = -1
"""In `feature`: the node decides nothing more."""

_PARTS: Final = ("roots", "feature", "threshold", "below", "above", "shares")


@dataclass(frozen=True, slots=True)
class Trees:
    """All nodes of all trees in one row of arrays; `roots` says where each tree begins.

    A case goes `below` where its feature is at most the `threshold`, else `above`. `shares`: (nodes, classes), which
    sum to 1 at leaves. Features are compared in 32 bits, as they were when the trees grew.
    """

    roots: Integers
    feature: Integers
    threshold: Floats
    below: Integers
    above: Integers
    shares: Floats

    def probabilities(self, rows: Floats) -> Floats:
        """(rows, classes): the mean of the leaves that a row falls into."""
        narrow = rows.astype(np.float32)
        at = np.broadcast_to(self.roots, (len(rows), len(self.roots))).copy()
        places = np.arange(len(rows))[:, None]
        while True:
            feature = self.feature[at]
            inner = feature != LEAF
            if not inner.any():
                mean: Floats = self.shares[at].mean(1)
                return mean
            goes_below = narrow[places, feature] <= self.threshold[at]
            at = np.where(inner, np.where(goes_below, self.below[at], self.above[at]), at)

    def tensors(self, name: str) -> dict[str, NDArray[Any]]:
        """What to store, each under a name that begins with `name`."""
        narrow = (np.int32, np.int16, np.float64, np.int32, np.int32, np.float16)
        return {f"{name}.{part}": getattr(self, part).astype(kind) for part, kind in zip(_PARTS, narrow, strict=True)}

    @classmethod
    def of_tensors(cls, name: str, tensors: Mapping[str, NDArray[Any]]) -> Self:
        """What `tensors` gave. Raises `KeyError` with what is missing."""
        parts = {part: tensors[f"{name}.{part}"] for part in _PARTS}
        return cls(
            parts["roots"].astype(np.int64),
            parts["feature"].astype(np.int64),
            parts["threshold"].astype(np.float64),
            parts["below"].astype(np.int64),
            parts["above"].astype(np.int64),
            parts["shares"].astype(np.float64),
        )

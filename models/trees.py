"""Boosted decision trees (Friedman 2001) as they are stored and asked, in numpy. Growing them is done elsewhere."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

_PARTS: Final = ("roots", "column", "threshold", "below", "value", "baseline")


@dataclass(frozen=True, slots=True)
class BoostedTrees:
    """All nodes of all trees in one row of arrays; the two nodes below one lie side by side.

    `roots` (rounds, classes): where each tree begins. At a node a case goes to `below` where its `column` is at most
    the `threshold`, else to the node after `below`. Each number fills two columns: in the first what is not known is
    less than everything, in the second more. A leaf has `below` of itself and a threshold without end, so who is there
    stays. `depth`: steps to the deepest leaf. `baseline` (classes) is what the values of leaves are added to.
    """

    roots: NDArray[np.int64]
    column: NDArray[np.int64]
    threshold: Floats
    below: NDArray[np.int64]
    value: NDArray[np.float64]
    baseline: NDArray[np.float64]
    depth: int

    def logits(self, numbers: Floats) -> NDArray[np.float64]:
        """(cases, classes) of numbers (cases, numbers), which are not a number where they are not known. One case's
        logits do not depend on the others."""
        unknown = np.isnan(numbers)
        both = np.stack((np.where(unknown, -np.inf, numbers), np.where(unknown, np.inf, numbers)), axis=2)
        flat = both.astype(np.float32).ravel()
        first = (np.arange(len(numbers)) * 2 * numbers.shape[1])[:, None]
        at = np.repeat(self.roots.reshape(1, -1), len(numbers), axis=0)
        for _ in range(self.depth):
            above = flat.take(self.column.take(at) + first) > self.threshold.take(at)
            at = self.below.take(at) + above
        leaves = self.value.take(at).reshape(len(numbers), *self.roots.shape)
        return np.asarray(leaves.sum(1) + self.baseline)

    def tensors(self, name: str) -> dict[str, NDArray[Any]]:
        """What to store, each under a name that begins with `name`."""
        narrow = (np.int32, np.int16, np.float32, np.int32, np.float32, np.float64)
        parts = {f"{name}.{part}": getattr(self, part).astype(kind) for part, kind in zip(_PARTS, narrow, strict=True)}
        return parts | {f"{name}.depth": np.array([self.depth], dtype=np.int32)}

    @classmethod
    def of_tensors(cls, name: str, tensors: Mapping[str, NDArray[Any]]) -> Self:
        """What `tensors` gave. Raises `KeyError` with what is missing."""
        wide = (np.int64, np.int64, np.float32, np.int64, np.float64, np.float64)
        parts = {part: tensors[f"{name}.{part}"].astype(kind) for part, kind in zip(_PARTS, wide, strict=True)}
        return cls(**parts, depth=int(tensors[f"{name}.depth"][0]))

"""The odds of failure points: those of the mixing encoder and those of boosted trees, averaged.

The two err in different places: the trees follow steps of single numbers, the encoder reads texts and all numbers
together. The mean of their logits is better than either.
"""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from models.failure_point.head import Floats, MixingHead
from models.failure_point.texts import Embedded
from models.trees import BoostedTrees

TREES: Final = "trees"
"""What the names of the trees' tensors begin with."""


class Odds:
    """Both, from the tensors of a model folder. One case's odds do not depend on the others."""

    def __init__(self, tensors: Mapping[str, NDArray[Any]]) -> None:
        """Raises `KeyError` with what is missing."""
        self._trees = BoostedTrees.of_tensors(TREES, tensors)
        self._head = MixingHead({name: one for name, one in tensors.items() if not name.startswith(f"{TREES}.")})

    def logits(self, embedded: Embedded, numbers: Floats) -> NDArray[np.float64]:
        """(cases, classes): the mean of both. `numbers` are not a number where they are not known."""
        return np.asarray((self._head.logits(embedded, numbers) + self._trees.logits(numbers)) / 2)

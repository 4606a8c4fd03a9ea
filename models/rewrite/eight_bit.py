"""Vectors at 8 bits a number, each row with a scale of its own: a quarter of the memory, cosines to within .002."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
_MOST = 127.0


class EightBit(NamedTuple):
    """`codes`: (rows, width) in int8; `scales`: (rows,)."""

    codes: NDArray[np.int8]
    scales: Floats

    @classmethod
    def of(cls, vectors: Floats) -> "EightBit":
        """Of (rows, width)."""
        scales = np.maximum(np.abs(vectors).max(axis=1, initial=0.0), 1e-9).astype(np.float32) / _MOST
        return cls(np.round(vectors / scales[:, None]).astype(np.int8), scales)

    @property
    def vectors(self) -> Floats:
        """(rows, width), to within what 8 bits lose."""
        return self.codes.astype(np.float32) * self.scales[:, None]

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

    def cosines(self, vector: Floats) -> Floats:
        """Inner product of every row with a vector (width,)."""
        products: Floats = (self.codes.astype(np.float32) @ vector) * self.scales
        return products

    def joined(self, other: "EightBit") -> "EightBit":
        """The rows of both."""
        return EightBit(np.concatenate([self.codes, other.codes]), np.concatenate([self.scales, other.scales]))

    def only(self, rows: list[int]) -> "EightBit":
        """Some of the rows, in that order."""
        return EightBit(self.codes[rows], self.scales[rows])

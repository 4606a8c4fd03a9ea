"""Nearest neighbours among sentence embeddings: exact while there are few, in cells of 8-bit vectors once there are
many (faiss, IVF with a scalar quantizer).

Vectors are only ever appended; their number is their place. Growing from exact to cells is done on a copy, beside
whoever searches, and then swapped in. Not safe for threads: whoever holds it locks.
"""

from collections.abc import Sequence
from math import sqrt
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from models.minilm import ModelsNotInstalled

Floats = NDArray[np.float32]

EXACT_MOST: Final = 8_000
"""Up to this many vectors are compared one by one: a millisecond."""

_MOST_CELLS: Final = 4_096
_CELLS_LOOKED_INTO: Final = (40, 160)
"""At least and at most: the fewer vectors there are, the larger the share that is looked at."""

_LOOKED_AT: Final = 160_000
_TRAINED_ON_A_CELL: Final = 40
_GROWN: Final = 4
"""Cells are laid out anew when this many times as many vectors lie in them."""


class DenseIndex:
    """Vectors of unit length, searched by inner product."""

    def __init__(self, width: int) -> None:
        self._faiss = faiss_library()
        self._index: Any = self._faiss.IndexFlatIP(width)
        self._laid_out_for = 0

    def __len__(self) -> int:
        return int(self._index.ntotal)

    @property
    def width(self) -> int:
        """Numbers of a vector."""
        return int(self._index.d)

    @property
    def in_cells(self) -> bool:
        """Whether a search is approximate."""
        return self._laid_out_for > 0

    @property
    def outgrown(self) -> bool:
        """Whether `laid_out` would make searching faster."""
        return len(self) > (_GROWN * self._laid_out_for if self.in_cells else EXACT_MOST)

    def add(self, vectors: Floats) -> None:
        """Append (n, width)."""
        self._index.add(np.ascontiguousarray(vectors, dtype=np.float32))

    def search(self, vector: Floats, most: int) -> tuple[NDArray[np.int64], Floats]:
        """Numbers and cosines of at most `most` neighbours of a vector (width,), the nearest first."""
        if not len(self):
            return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.float32)
        cosines, numbers = self._index.search(vector[None], min(most, len(self)))
        found = numbers[0] >= 0
        return numbers[0][found], cosines[0][found]

    def cosines(self, numbers: Sequence[int], vector: Floats) -> list[float]:
        """Of single ones, by their numbers."""
        held: Floats = self._index.reconstruct_batch(np.asarray(numbers, dtype=np.int64))
        return [float(cosine) for cosine in held @ vector]

    def vectors(self, start: int, end: int) -> Floats:
        """(end - start, width) as they are stored: 8 bits a number once they lie in cells."""
        stored: Floats = self._index.reconstruct_n(start, end - start)
        return stored

    def laid_out(self, seed: int = 1) -> "DenseIndex":
        """A copy in cells for as many vectors as there are; itself as it is while they are few enough to compare."""
        return self.of(self.vectors(0, len(self)), seed)

    @classmethod
    def of(cls, vectors: Floats, seed: int = 1) -> Self:
        """Vectors that are all known, in cells if there are many. Takes half a minute for a million on one core."""
        made = cls(vectors.shape[1])
        if len(vectors) > EXACT_MOST:
            made._index = _cells_for(made._faiss, vectors, seed)
            made._laid_out_for = len(vectors)
        made.add(vectors)
        return made

    def write(self, file: Path) -> None:
        """To a file. Raises `OSError`."""
        try:
            self._faiss.write_index(self._index, str(file))
        except RuntimeError as fault:
            raise OSError(f"{file} cannot be written: {fault}") from fault

    @classmethod
    def read(cls, file: Path, laid_out_for: int) -> Self:
        """What was written. Raises `OSError`."""
        try:
            held = faiss_library().read_index(str(file))
        except RuntimeError as fault:
            raise OSError(f"{file} holds no index that faiss reads: {fault}") from fault
        if laid_out_for:
            held.nprobe = _looked_into(int(held.nlist))
        made = cls(int(held.d))
        made._index = held
        made._laid_out_for = laid_out_for
        return made

    @property
    def laid_out_for(self) -> int:
        """How many vectors the cells were laid out for; 0 where there are none."""
        return self._laid_out_for


def faiss_library() -> Any:
    """The library, on one thread. Raises `ModelsNotInstalled`."""
    try:
        import faiss
    except ImportError as missing:
        raise ModelsNotInstalled("rewrites cannot be searched: faiss-cpu is not installed") from missing
    faiss.omp_set_num_threads(1)
    return faiss


def _looked_into(cells: int) -> int:
    fewest, most = _CELLS_LOOKED_INTO
    return max(fewest, min(most, _LOOKED_AT // cells))


def _cells_for(faiss: Any, vectors: Floats, seed: int) -> Any:
    cells = min(_MOST_CELLS, int(4 * sqrt(len(vectors))))
    width = vectors.shape[1]
    quantizer = faiss.IndexFlatIP(width)
    index = faiss.IndexIVFScalarQuantizer(
        quantizer, width, cells, faiss.ScalarQuantizer.QT_8bit, faiss.METRIC_INNER_PRODUCT
    )
    index.by_residual = False
    index.nprobe = _looked_into(cells)
    index.cp.seed, index.cp.niter = seed, 8
    sample = np.random.default_rng(seed).permutation(len(vectors))[: cells * _TRAINED_ON_A_CELL]
    index.train(np.ascontiguousarray(vectors[np.sort(sample)], dtype=np.float32))
    index.make_direct_map()
    return index

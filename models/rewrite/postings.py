"""Texts by the keys they contain, to be searched by many keys at once: what stands behind letters and sounds.

The texts that were there at the start lie in flat arrays; what comes later is appended beside them. Nothing is rebuilt
while it is searched. A text is named by its number, which says when it came: 0, 1, 2, ...
"""

from array import array
from collections.abc import Callable, Iterable, Sequence
from math import log
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

Keys = Callable[[str], Sequence[str]]
"""The keys of a text; the same for texts that are stored and for what is asked."""

_MOST_READ = 1_000
"""Numbers read for one question, rarest keys first: what bounds its time."""

_MOST_OF_A_KEY = 500
"""Of a key in more texts than this, the newest are read."""


class Packed(NamedTuple):
    """Flat postings as they are stored. `keys`: one a line; `starts`: (keys + 1,); `numbers`: of texts."""

    keys: str
    starts: NDArray[np.int64]
    numbers: NDArray[np.uint32]


class Postings:
    """An inverted index. Not safe for threads: whoever holds it locks."""

    def __init__(self, keys_of: Keys) -> None:
        self._keys_of = keys_of
        self._row: dict[str, int] = {}
        self._starts: NDArray[np.int64] = np.zeros(1, dtype=np.int64)
        self._numbers: NDArray[np.uint32] = np.zeros(0, dtype=np.uint32)
        self._later: dict[str, array[int]] = {}
        self.texts = 0
        """how many texts are in it"""

    def add(self, text: str) -> None:
        """Append the next text."""
        for key in dict.fromkeys(self._keys_of(text)):
            later = self._later.get(key)
            if later is None:
                self._later[key] = array("I", (self.texts,))
            else:
                later.append(self.texts)
        self.texts += 1

    def search(self, text: str, most: int) -> NDArray[np.int64]:
        """Numbers of at most `most` texts that share the rarest keys with `text`, the best first.

        A key weighs the logarithm of how rare it is. Keys in many texts are read last, and not at all once enough was.
        """
        found = sorted((count, key) for key in set(self._keys_of(text)) if (count := self._count(key)))
        parts: list[NDArray[np.uint32]] = []
        weights: list[float] = []
        read = 0
        for count, key in found:
            if parts and read + min(count, _MOST_OF_A_KEY) > _MOST_READ:
                break
            numbers = self._read(key)
            parts.append(numbers)
            weights.append(log((self.texts + 1) / count) + 0.1)
            read += len(numbers)
        if not parts:
            return np.zeros(0, dtype=np.int64)
        numbers, places = np.unique(np.concatenate(parts), return_inverse=True)
        weight = np.bincount(places, weights=np.repeat(weights, [len(part) for part in parts]))
        best = np.argsort(-weight, kind="stable")[:most]
        return numbers[best].astype(np.int64)

    def packed(self, kept: NDArray[np.bool_]) -> Packed:
        """All of it for texts that are `kept`, numbered anew in their order."""
        renumbered = np.cumsum(kept) - 1
        rows: list[NDArray[np.uint32]] = []
        keys: list[str] = []
        for key in sorted(self._row.keys() | self._later.keys()):
            numbers = self._all(key)
            numbers = numbers[kept[numbers]]
            if len(numbers):
                keys.append(key)
                rows.append(renumbered[numbers].astype(np.uint32))
        starts = np.zeros(len(rows) + 1, dtype=np.int64)
        np.cumsum([len(row) for row in rows], out=starts[1:])
        together = np.concatenate(rows) if rows else np.zeros(0, dtype=np.uint32)
        return Packed("\n".join(keys), starts, together)

    @classmethod
    def unpacked(cls, keys_of: Keys, packed: Packed, texts: int) -> Self:
        """What was packed, with `texts` texts in it."""
        made = cls(keys_of)
        made._row = {key: row for row, key in enumerate(packed.keys.split("\n"))} if packed.keys else {}
        made._starts, made._numbers, made.texts = packed.starts, packed.numbers, texts
        return made

    @classmethod
    def of(cls, keys_of: Keys, texts: Iterable[str]) -> Self:
        """Of texts that are all known."""
        made = cls(keys_of)
        for text in texts:
            made.add(text)
        return made

    def _count(self, key: str) -> int:
        row, later = self._row.get(key), self._later.get(key)
        early = 0 if row is None else int(self._starts[row + 1] - self._starts[row])
        return early + (len(later) if later is not None else 0)

    def _read(self, key: str) -> NDArray[np.uint32]:
        later = self._later.get(key)
        newest = np.frombuffer(later[-_MOST_OF_A_KEY:], dtype=np.uint32) if later is not None else None
        if newest is not None and len(newest) == _MOST_OF_A_KEY:
            return newest
        early = self._early(key)
        if newest is None:
            return early[-_MOST_OF_A_KEY:]
        return np.concatenate([early[-(_MOST_OF_A_KEY - len(newest)) :], newest])

    def _all(self, key: str) -> NDArray[np.uint32]:
        later = self._later.get(key)
        early = self._early(key)
        return early if later is None else np.concatenate([early, np.frombuffer(later[:], dtype=np.uint32)])

    def _early(self, key: str) -> NDArray[np.uint32]:
        row = self._row.get(key)
        if row is None:
            return np.zeros(0, dtype=np.uint32)
        early: NDArray[np.uint32] = self._numbers[self._starts[row] : self._starts[row + 1]]
        return early

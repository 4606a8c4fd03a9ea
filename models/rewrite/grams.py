"""How much of a request a text holds: BM25 (Robertson and Walker, 1994) over each three letters in a row of the words
and of how they sound. What is rare among the texts of an index weighs more than what stands in most of them."""

from collections.abc import Sequence
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from models.rewrite.phonetic import sounds_of

Floats = NDArray[np.float32]

COUNTED_MOST: Final = 5_000
"""Texts of an index that are counted: enough to know what is rare."""

_HASHES: Final = 1 << 16
_FIRST, _SECOND = np.uint16(7919), np.uint16(263)
_SATURATION: Final = 1.2
_LENGTH_COUNTS: Final = 0.75
_GROWN, _GROWN_LARGE = 1.25, 2.0
_USUAL_LENGTH: Final = 40.0
"""Where nothing was counted yet."""


class Grams:
    """What three letters in a row weigh. Never changed once made. Where hashes meet, grams count as the same one."""

    def __init__(self, weights: Floats, length: float, counted_for: int) -> None:
        """`weights`: (65536,), of each hash; `length`: how many grams a text has on average."""
        self._weights = weights
        self._length = length
        self._counted_for = counted_for

    @classmethod
    def of(cls, texts: Sequence[str], drawn_from: int | None = None) -> Self:
        """Of texts as `entry.plain` makes them: those of an index, or a sample `drawn_from` so many."""
        codes, owners = _coded(texts)
        texts_with = np.bincount(np.unique(owners * _HASHES + codes) % _HASHES, minlength=_HASHES)
        count = len(texts)
        weights = np.log((count - texts_with + 0.5) / (texts_with + 0.5) + 1.0).astype(np.float32)
        return cls(weights, len(codes) / count if count else _USUAL_LENGTH, count if drawn_from is None else drawn_from)

    def outgrown_by(self, texts: int) -> bool:
        """Whether an index of so many texts should be counted anew."""
        return texts > self._counted_for * (_GROWN if texts <= COUNTED_MOST else _GROWN_LARGE)

    def held(self, asked: str, texts: Sequence[str]) -> Floats:
        """(texts,): BM25 of each for a request, by the weight of the whole request: about 1 for the request itself."""
        if not texts:
            return np.zeros(0, dtype=np.float32)
        codes, owners = _coded((asked, *texts))
        wanted = codes[: np.searchsorted(owners, 1)]
        column = np.zeros(_HASHES, dtype=np.uint16)
        column[wanted] = np.arange(1, len(wanted) + 1)
        width = len(wanted) + 1
        cells = np.bincount(owners * width + column[codes], minlength=(1 + len(texts)) * width).reshape(-1, width)
        weights = self._weights[wanted] * cells[0, 1:]
        cells = cells[1:]
        lengths = cells.sum(axis=1)
        slow = _SATURATION * (1.0 - _LENGTH_COUNTS + _LENGTH_COUNTS * lengths / self._length)
        counts = cells[:, 1:]
        scores: Floats = (counts / (counts + slow[:, None])) @ weights * ((_SATURATION + 1.0) / weights.sum())
        return scores


def _coded(texts: Sequence[str]) -> tuple[NDArray[np.uint16], NDArray[np.int64]]:
    """Hashes of the grams of all texts, one text's after the other, and whose they are."""
    forms = [f" {text} {sounds_of(text)} ".encode() for text in texts]
    letters = np.frombuffer(b"".join(forms), dtype=np.uint8).astype(np.uint16)
    codes = letters[:-2] * _FIRST + letters[1:-1] * _SECOND + letters[2:]
    owners = np.repeat(np.arange(len(forms)), [len(form) for form in forms])
    within = owners[:-2] == owners[2:]
    return codes[within], owners[:-2][within]

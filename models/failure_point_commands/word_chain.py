"""How usual each word of a text is where it stands: n-grams with Witten-Bell smoothing (Witten and Bell 1991)."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, Self
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_START: Final = "<s>"
_END: Final = "</s>"
_BETWEEN: Final = "\x1f"


class WordChain:
    """Counts of all n-grams up to `order` words, and of what followed each context."""

    def __init__(
        self, order: int, grams: Mapping[int, int], followed: Mapping[int, int], different: Mapping[int, int]
    ) -> None:
        self.order = order
        self._grams = grams
        self._followed = followed
        self._different = different
        self._unseen = 0.5 / (1 + different.get(_key(()), 0))

    @classmethod
    def of(cls, texts: Iterable[Sequence[str]], order: int = 3) -> Self:
        """Counted from texts that are split into words."""
        grams: Counter[int] = Counter()
        followed: Counter[int] = Counter()
        different: Counter[int] = Counter()
        for text in texts:
            row = _framed(text, order)
            for at in range(order - 1, len(row)):
                for length in range(order):
                    context = _key(row[at - length : at])
                    gram = _key(row[at - length : at + 1])
                    grams[gram] += 1
                    followed[context] += 1
                    different[context] += grams[gram] == 1
        return cls(order, grams, followed, different)

    def scores(self, words: Sequence[str]) -> Floats:
        """(words + 1,): natural log-probability of each word after those before it, and of the end."""
        row = _framed(words, self.order)
        return np.log([self._probability(row, at) for at in range(self.order - 1, len(row))])

    def count(self, word: str) -> int:
        """How often a word was seen."""
        return self._grams.get(_key((word,)), 0)

    def tensors(self, name: str) -> dict[str, NDArray[Any]]:
        """What to store, each under a name that begins with `name`."""
        contexts = list(self._followed)
        return {
            f"{name}.grams": np.array(list(self._grams), dtype=np.uint32),
            f"{name}.counts": np.minimum(np.array(list(self._grams.values())), 65_535).astype(np.uint16),
            f"{name}.contexts": np.array(contexts, dtype=np.uint32),
            f"{name}.followed": np.array([self._followed[one] for one in contexts], dtype=np.uint32),
            f"{name}.different": np.array([self._different[one] for one in contexts], dtype=np.uint16),
        }

    @classmethod
    def of_tensors(cls, name: str, tensors: Mapping[str, NDArray[Any]], order: int) -> Self:
        """What `tensors` gave. Raises `KeyError` with what is missing."""
        grams, counts, contexts, followed, different = (
            tensors[f"{name}.{part}"].tolist() for part in ("grams", "counts", "contexts", "followed", "different")
        )
        return cls(
            order,
            dict(zip(grams, counts, strict=True)),
            dict(zip(contexts, followed, strict=True)),
            dict(zip(contexts, different, strict=True)),
        )

    def _probability(self, row: Sequence[str], at: int) -> float:
        probability = self._unseen
        for length in range(self.order):
            context = _key(row[at - length : at])
            followed = self._followed.get(context, 0)
            if not followed:
                break
            different = self._different[context]
            seen = self._grams.get(_key(row[at - length : at + 1]), 0)
            probability = (seen + different * probability) / (followed + different)
        return probability


def _framed(words: Sequence[str], order: int) -> list[str]:
    return [_START] * (order - 1) + list(words) + [_END]


def _key(words: Sequence[str]) -> int:
    """32 bits for a sequence of words: collisions are rarer than one in ten thousand n-grams."""
    return crc32(_BETWEEN.join(words).encode())

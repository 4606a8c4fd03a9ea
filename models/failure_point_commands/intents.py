"""Which intent a text asks for, told from commands whose intent people have checked: a log-linear model."""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

BUCKETS: Final = 8_192
EMBEDDING_SCALE: Final = 5.0
"""What unit embeddings are multiplied with, so that they weigh about as much as the n-grams."""

_LETTERS: Final = (3, 4)


@dataclass(frozen=True, slots=True)
class IntentModel:
    """Log-odds = bias + embedding x `meaning` + sum of the rows of `pieces` that the text's n-grams fall into.

    `meaning`: (384, intents); `pieces`: (BUCKETS, intents); `bias`: (intents,).
    """

    intents: tuple[str, ...]
    meaning: Floats
    pieces: Floats
    bias: Floats

    def probabilities(self, words: Sequence[str], embedding: Floats) -> Floats:
        """(intents,), in the order of `intents`. `embedding`: (384,), of unit length."""
        buckets, weights = pieces_of(words)
        odds = self.bias + EMBEDDING_SCALE * embedding @ self.meaning + weights @ self.pieces[buckets]
        grown = np.exp(odds - odds.max())
        shares: Floats = grown / grown.sum()
        return shares

    def tensors(self, name: str) -> dict[str, NDArray[Any]]:
        """What to store, each under a name that begins with `name`."""
        return {
            f"{name}.meaning": self.meaning.astype(np.float16),
            f"{name}.pieces": self.pieces.astype(np.float16),
            f"{name}.bias": self.bias,
        }

    @classmethod
    def of_tensors(cls, name: str, tensors: Mapping[str, NDArray[Any]], intents: Sequence[str]) -> Self:
        """What `tensors` gave. Raises `KeyError` with what is missing."""
        meaning, pieces, bias = (tensors[f"{name}.{part}"].astype(np.float32) for part in ("meaning", "pieces", "bias"))
        return cls(tuple(intents), meaning, pieces, bias)


def pieces_of(words: Sequence[str]) -> tuple[NDArray[np.int64], Floats]:
    """Buckets of the words, pairs of neighbours and letters in a row, each once, with weights; squares sum to 1."""
    pieces = {*words, *(f"{first} {second}" for first, second in itertools.pairwise(words))}
    for word in words:
        framed = f"<{word}>"
        pieces |= {f"#{framed[at : at + size]}" for size in _LETTERS for at in range(len(framed) - size + 1)}
    buckets = sorted({crc32(piece.encode()) % BUCKETS for piece in pieces})
    return np.array(buckets), np.full(len(buckets), len(buckets) ** -0.5, dtype=np.float32)

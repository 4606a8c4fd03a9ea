"""The second look at a turn: does it read like something to remember? A small network over words without context.

A convolution over MiniLM's input embeddings and the largest response of each filter (Kim, "Convolutional Neural
Networks for Sentence Classification", EMNLP 2014). It costs a twentieth of what MiniLM itself does, so it is asked of
what the gate lets through, and MiniLM of what is left.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from models.folder import load_as
from models.minilm import input_embeddings, minilm_tokenizer

if TYPE_CHECKING:
    from tokenizers import Tokenizer

FORMAT: Final = 1
MOST_PIECES: Final = 48
"""Word pieces of a turn that are looked at."""
WINDOW: Final = 4
"""Pieces that a filter sees at once."""

Floats = NDArray[np.float32]


class SecondLook:
    """Says which of the turns that pass the gate are worth the network's time."""

    def __init__(
        self, tensors: Mapping[str, NDArray[Any]], passes_from: float, embeddings: Floats, tokenizer: "Tokenizer"
    ) -> None:
        """`tensors`: `projection` (width, 384), `filters` (WINDOW * width, filters), `bias` (filters,), `weights`
        (filters,) and `shift` (1,); `passes_from`: log-odds from which on it is; `embeddings`: (pieces, 384)."""
        held = {name: np.asarray(value, dtype=np.float32) for name, value in tensors.items()}
        self._pieces = embeddings @ held["projection"].T
        self._filters, self._bias, self._weights = held["filters"], held["bias"], held["weights"]
        self._shift = float(held["shift"][0])
        self._passes_from = passes_from
        self._tokenizer = tokenizer

    @classmethod
    def load(cls, folder: Path) -> "SecondLook":
        """The model of a folder. Raises `ModelFolderError`, or `ModelsNotInstalled` where the encoder is missing."""
        config, tensors = load_as(folder, FORMAT, "earshot train preference-gate")
        return cls(tensors, config["passes_from"], input_embeddings(), tokenizer())

    def odds(self, text: str) -> float:
        """Log-odds that the turn teaches something, as seen without context."""
        ids = self._tokenizer.encode(text).ids
        width = self._pieces.shape[1]
        padded = np.zeros((len(ids) + 2 * (WINDOW - 1), width), dtype=np.float32)
        padded[WINDOW - 1 : 1 - WINDOW] = self._pieces[ids]
        windows = np.lib.stride_tricks.as_strided(
            padded, (len(ids) + WINDOW - 1, WINDOW * width), (padded.strides[0], padded.strides[1]), writeable=False
        )
        largest = np.maximum((windows @ self._filters).max(axis=0) + self._bias, 0.0)
        return float(largest @ self._weights) + self._shift

    def passes(self, text: str) -> bool:
        """Whether to look closer."""
        return self.odds(text) >= self._passes_from


def tokenizer() -> "Tokenizer":
    """MiniLM's, cut to `MOST_PIECES`. Raises `ModelsNotInstalled`."""
    made = minilm_tokenizer()
    made.enable_truncation(MOST_PIECES)
    return made

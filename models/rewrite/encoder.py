"""Requests as vectors, in the space that the index was made in."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from models.encoder import WIDTH, SentenceEncoder

Floats = NDArray[np.float32]


class RequestEncoder(Protocol):
    """Encodes requests. `version` names the space: vectors of two versions must never meet."""

    version: str
    width: int

    def encode(self, texts: Sequence[str]) -> Floats:
        """(len(texts), width), rows of unit length."""

    def forget(self) -> None:
        """Keep nothing of what was encoded."""


class EncoderMismatch(Exception):
    """An index holds vectors of another encoder."""

    def __init__(self, held: str, given: str) -> None:
        super().__init__(
            f"the index was made with the encoder {held}, this process has {given}: let it be made again from its topic"
            " (remove the snapshot), or install the version that it was made with"
        )


class MiniLmRequests:
    """The sentence encoder as it ships, on its own."""

    version = "minilm-l6-v2/1"
    width = WIDTH

    def __init__(self, encoder: SentenceEncoder) -> None:
        self._encoder = encoder

    def encode(self, texts: Sequence[str]) -> Floats:
        """(len(texts), 384), rows of unit length."""
        return self._encoder.encode(texts)

    def forget(self) -> None:
        """Keep nothing of what was encoded."""
        self._encoder.forget()

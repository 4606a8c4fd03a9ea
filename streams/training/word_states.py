"""The word states of many texts, each made once."""

from collections.abc import Iterable, Sequence
from typing import Protocol

import numpy as np

from models.correction.encoder import Floats, WordEncoder
from models.minilm import WIDTH


class Texts(Protocol):
    """What is made of several texts."""

    @property
    def texts(self) -> tuple[str, ...]: ...


class WordStates:
    """The word states of all texts of a training or an evaluation."""

    def __init__(self, encoder: WordEncoder) -> None:
        self._encoder = encoder
        self._known: dict[str, Floats] = {"": np.zeros((0, WIDTH), dtype=np.float16)}

    @classmethod
    def load(cls) -> "WordStates":
        """Nothing known yet. Raises `ModelsNotInstalled`."""
        return cls(WordEncoder.load())

    def learn(self, told: Iterable[Texts]) -> None:
        """Make the states of the texts that are not known yet."""
        self.encode([text for one in told for text in one.texts])

    def __call__(self, text: str) -> Floats:
        """Those of a text that was learned."""
        return self._known[text]

    def encode(self, texts: Sequence[str]) -> list[Floats]:
        """Those of any texts; what is not known is made and kept."""
        for text, states in self._encoder.fresh(sorted(set(texts) - self._known.keys())):
            self._known[text] = states.astype(np.float16)
        return [self._known[text] for text in texts]

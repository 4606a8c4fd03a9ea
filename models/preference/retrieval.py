"""Which preference matters for a request that does not name it.

Two towers (Huang et al., CIKM 2013): a request and a preference each go through a small projection on top of frozen
MiniLM, and meet as cosines; words that both have, such as an own name, add to that, weighed by how rare they are.
Nothing is returned where no preference is close enough.
"""

from collections.abc import Mapping, Sequence
from math import log
from pathlib import Path
from typing import Any, Final, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from models.encoder import SentenceEncoder
from models.folder import WEIGHTS, load_as

FORMAT: Final = 1
FOLDER: Final = WEIGHTS / "preference" / "retrieval"
_DIGITS: Final = 4
_MARKS: Final = str.maketrans("", "", ".,!?;:\"'\u2019")
_COMMON: Final = frozenset(
    "a an the i i'm im my me we our you your it is are to of for in on at with and or not no do don't dont that this "
    "please can could would like love prefer want call some any".split()
)

Floats = NDArray[np.float32]


class Candidate(NamedTuple):
    """A preference that may matter, in words."""

    id: str
    text: str


class Ranked(NamedTuple):
    """A preference with its score, a probability that it matters."""

    id: str
    score: float


class Encoder(Protocol):
    """Makes embeddings of texts, unit length."""

    def encode(self, texts: Sequence[str]) -> Floats:
        """(texts, 384)."""


class PreferenceRetriever:
    """Ranks a person's preferences for a request."""

    def __init__(
        self, tensors: Mapping[str, NDArray[Any]], scale: float, shift: float, threshold: float, encoder: Encoder
    ) -> None:
        """`tensors`: `request` and `preference` (width, 384), `shared` (1,): weight of shared words; `scale`, `shift`:
        from a score to log-odds; `threshold`: probability from which on a preference matters."""
        self._request = np.asarray(tensors["request"], dtype=np.float32)
        self._preference = np.asarray(tensors["preference"], dtype=np.float32)
        self._shared = float(tensors["shared"][0])
        self._scale, self._shift = scale, shift
        self.threshold = threshold
        self._encoder = encoder

    @classmethod
    def load(cls, folder: Path = FOLDER, encoder: Encoder | None = None) -> "PreferenceRetriever":
        """The model of a folder. Raises `ModelFolderError`, or `ModelsNotInstalled` where the encoder is missing."""
        config, tensors = load_as(folder, FORMAT, "earshot train preference-retrieval")
        return cls(tensors, config["scale"], config["shift"], config["threshold"], encoder or SentenceEncoder.load())

    def rank(self, request: str, candidates: Sequence[Candidate], most: int | None = None) -> list[Ranked]:
        """The preferences that matter, the most important first; empty where none does."""
        if not candidates:
            return []
        scores = self.scores(request, [one.text for one in candidates])
        chances = 1.0 / (1.0 + np.exp(-(self._scale * scores + self._shift)))
        ranked = sorted(
            (Ranked(one.id, round(float(chance), _DIGITS)) for one, chance in zip(candidates, chances, strict=True)),
            key=lambda one: (-one.score, one.id),
        )
        return [one for one in ranked if one.score >= self.threshold][:most]

    def scores(self, request: str, preferences: Sequence[str]) -> Floats:
        """A score of each preference for the request; higher matters more."""
        asked = projected(self._encoder.encode([request]), self._request)[0]
        known = projected(self._encoder.encode(preferences), self._preference)
        near: Floats = known @ asked + self._shared * shared_words(request, preferences)
        return near


def projected(embeddings: Floats, weights: Floats) -> Floats:
    """(texts, width): unit length."""
    out = np.asarray(embeddings, dtype=np.float32) @ weights.T
    rows: Floats = out / np.maximum(np.linalg.norm(out, axis=1, keepdims=True), 1e-9)
    return rows


def shared_words(request: str, preferences: Sequence[str]) -> Floats:
    """Of each preference, how many of the request's rare words it has: 1 for one that no other has.

    Rare among these preferences (inverse document frequency).
    """
    asked = words_of(request)
    of_each = [words_of(text) for text in preferences]
    count = len(preferences)
    weights = {word: log((count + 1) / (1 + sum(word in words for words in of_each))) for word in asked}
    most = log((count + 1) / 2)
    if most <= 0:
        return np.array([float(bool(asked & words)) for words in of_each], dtype=np.float32)
    return np.array([sum(weights[word] for word in asked & words) / most for words in of_each], dtype=np.float32)


def words_of(text: str) -> frozenset[str]:
    """The words of a text that say something."""
    return frozenset(text.lower().translate(_MARKS).split()) - _COMMON

"""Which preference matters for a request that does not name it.

Four signs are added up: MiniLM's cosine; BM25 (Robertson and Walker, SIGIR 1994) and the share of the request's rare
words, which find own names; and whether the request leaves open what the preference is about, as a linear model of
MiniLM's embedding sees it. Where it is known what a preference is about, that is taken; else a second linear model
guesses it from the words. Nothing is returned where no preference is close enough.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import lru_cache
from math import log
from pathlib import Path
from typing import Any, Final, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from models.encoder import SentenceEncoder
from models.folder import WEIGHTS, load_as
from models.preference.attributes import Attribute
from models.recurrent import softmax

FORMAT: Final = 2
FOLDER: Final = WEIGHTS / "preference" / "retrieval"
ATTRIBUTES: Final = tuple(Attribute)
_DIGITS: Final = 4
_MARKS: Final = str.maketrans("", "", ".,!?;:\"'\u2019")
_COMMON: Final = frozenset(
    "a an the i i'm im my me we our you your it is are to of for in on at with and or not no do don't dont that this "
    "please can could would like love prefer want call some any".split()
)
_K1, _B = 1.5, 0.75
_BM25_SCALE: Final = 10.0
_REMEMBERED: Final = 4_096
"""Texts whose words are kept."""
_LEAST: Final = 0.01
"""Added to the probability that a request is about the same, so that nothing is ruled out."""

Floats = NDArray[np.float32]

SIGNS: Final = ("cosine", "shared words", "BM25", "about the same, as is known", "about the same, as is guessed")


class Candidate(NamedTuple):
    """A preference that may matter, in words, and what it is about where that is known."""

    id: str
    text: str
    attribute: str | None = None


class Ranked(NamedTuple):
    """A preference with its score, a probability that it matters."""

    id: str
    score: float


class Encoder(Protocol):
    """Makes embeddings of texts, unit length."""

    def encode(self, texts: Sequence[str]) -> Floats:
        """(texts, 384)."""


class Topics:
    """What requests and preferences are about, as linear models of their embeddings see it."""

    def __init__(self, tensors: Mapping[str, NDArray[Any]]) -> None:
        """`request.weights` (attributes + 1, 384), the last row for requests that leave nothing open;
        `preference.weights` (attributes, 384); `request.bias` and `preference.bias`."""
        self._tensors = {name: np.asarray(value, dtype=np.float32) for name, value in tensors.items()}

    def of(self, side: str, embeddings: Floats) -> Floats:
        """(texts, attributes): probabilities. `side`: request or preference."""
        logits = embeddings @ self._tensors[f"{side}.weights"].T + self._tensors[f"{side}.bias"]
        return softmax(logits)[:, : len(ATTRIBUTES)]


class PreferenceRetriever:
    """Ranks a person's preferences for a request."""

    def __init__(
        self, tensors: Mapping[str, NDArray[Any]], scale: float, shift: float, threshold: float, encoder: Encoder
    ) -> None:
        """`tensors`: those of `Topics`, and `mix` (5,), the weights of `SIGNS`; `scale`, `shift`: from a score to
        log-odds; `threshold`: probability from which on a preference matters."""
        self._mix = np.asarray(tensors["mix"], dtype=np.float32)
        self._topics = Topics({name: value for name, value in tensors.items() if name != "mix"})
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
        scores = self.scores(request, candidates)
        chances = 1.0 / (1.0 + np.exp(-(self._scale * scores + self._shift)))
        ranked = sorted(
            (Ranked(one.id, round(float(chance), _DIGITS)) for one, chance in zip(candidates, chances, strict=True)),
            key=lambda one: (-one.score, one.id),
        )
        return [one for one in ranked if one.score >= self.threshold][:most]

    def scores(self, request: str, candidates: Sequence[Candidate]) -> Floats:
        """A score of each preference for the request; higher matters more."""
        asked = self._encoder.encode([request])[0]
        known = self._encoder.encode([one.text for one in candidates])
        scores: Floats = signs_of(request, candidates, asked, known, self._topics) @ self._mix
        return scores


def signs_of(request: str, candidates: Sequence[Candidate], asked: Floats, known: Floats, topics: Topics) -> Floats:
    """(candidates, 5): the `SIGNS` of each. `asked` (384,), `known` (candidates, 384): embeddings."""
    texts = [one.text for one in candidates]
    wanted = topics.of("request", asked[None])[0]
    told = {attribute.value: at for at, attribute in enumerate(ATTRIBUTES)}
    sure = np.array([one.attribute in told for one in candidates])
    same = topics.of("preference", known) @ wanted
    same[sure] = [wanted[told[one.attribute]] for one in candidates if one.attribute in told]
    same = np.log(same + _LEAST) - log(_LEAST)
    return np.stack(
        [
            known @ asked,
            shared_words(request, texts),
            bm25(request, texts) / _BM25_SCALE,
            np.where(sure, same, 0.0),
            np.where(sure, 0.0, same),
        ],
        axis=1,
    ).astype(np.float32)


def bm25(request: str, texts: Sequence[str]) -> Floats:
    """How well each text answers the request, by its words."""
    bags = [_bag(text) for text in texts]
    lengths = np.array([sum(bag.values()) for bag in bags], dtype=np.float64)
    longer = _K1 * (1 - _B + _B * lengths / max(float(lengths.mean()), 1.0))
    total = np.zeros(len(texts))
    for word in request.lower().split():
        counts = np.array([bag[word] for bag in bags], dtype=np.float64)
        holding = int((counts > 0).sum())
        weight = log((len(texts) - holding + 0.5) / (holding + 0.5) + 1)
        total += weight * counts * (_K1 + 1) / (counts + longer)
    return total.astype(np.float32)


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


def forget_words() -> None:
    """Drop all texts that are remembered; answers stay the same."""
    _bag.cache_clear()
    words_of.cache_clear()


@lru_cache(_REMEMBERED)
def _bag(text: str) -> Counter[str]:
    return Counter(text.lower().split())


@lru_cache(_REMEMBERED)
def words_of(text: str) -> frozenset[str]:
    """The words of a text that say something."""
    return frozenset(text.lower().translate(_MARKS).split()) - _COMMON

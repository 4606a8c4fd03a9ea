"""How likely each of some texts is what a request means, as far as letters and sounds tell: one order for what was
found by letters, by sounds and by meaning."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import process
from rapidfuzz.distance import Indel

from models.folder import ModelFolderError, load
from models.rewrite.candidate import Candidate
from models.rewrite.grams import Grams
from models.rewrite.learned_encoder import RETRIEVAL_FOLDER
from models.rewrite.phonetic import sounds_of

Floats = NDArray[np.float32]

KEY: Final = "likeness"
"""In the config of the model of retrieval."""


class Likeness(NamedTuple):
    """Weights of a conditional logit: `held`, how much of the request a text holds (`Grams.held`); `letters` and
    `sounds`, 1 - insertions and deletions by the joint length."""

    held: float
    letters: float
    sounds: float

    @classmethod
    def load(cls, folder: Path = RETRIEVAL_FOLDER) -> Self:
        """As the model of retrieval was fitted with. Raises `ModelFolderError`, `ModelsNotInstalled`."""
        told = load(folder).config.get(KEY)
        if not isinstance(told, dict) or told.keys() != set(cls._fields):
            raise ModelFolderError(
                f"{folder} lacks {KEY} with {', '.join(cls._fields)}; run `earshot train rewrite-retrieval` again"
            )
        return cls(**{name: float(weight) for name, weight in told.items()})

    def of(self, asked: str, texts: Sequence[str], grams: Grams) -> Floats:
        """(texts,): log-odds of each against the others, but for what is common to all."""
        made: Floats = features(asked, texts, grams) @ np.array(self, dtype=np.float32)
        return made


def features(asked: str, texts: Sequence[str], grams: Grams) -> Floats:
    """(texts, 3): what `Likeness` weighs."""
    sounds = [sounds_of(text) for text in texts]
    return np.stack(
        [grams.held(asked, texts), _alike(asked, texts), _alike(sounds_of(asked), sounds)], axis=1, dtype=np.float32
    )


def behind(candidates: Sequence[Candidate]) -> NDArray[np.float64]:
    """(candidates,): log-odds by which each is less alike than the most alike, at most 0; 0 where the very words, or
    what was understood, are known."""
    best = max((one.alike for one in candidates if one.alike is not None), default=0.0)
    return np.array([one.alike - best if one.alike is not None else 0.0 for one in candidates])


def _alike(one: str, others: Sequence[str]) -> Floats:
    made: Floats = process.cdist([one], others, scorer=Indel.normalized_similarity, dtype=np.float32)[0]
    return made

"""Retries in calls to a service that asks the same questions in the same order, from the callers' words alone.

What tells a retry there is the course of the call rather than how alike two requests are: a place after a place, a
third answer where the second should have been the last, words that fit no question. Each request is seen through the
MiniLM embeddings of its neighbours, where it stands in the call, and how like it is to all before. A first judgement
knows the past only; a revised one knows two more requests.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final, Protocol, Self

import numpy as np
from numpy.typing import NDArray
from rapidfuzz.distance import Indel

from models.folder import WEIGHTS, ModelFolderError, load
from models.logistic import Logistic, stored_logistic
from models.minilm import WIDTH
from models.rephrase.wording import Wording, wording_of

Floats = NDArray[np.float32]
Scores = NDArray[np.float64]

CALLS_FOLDER: Final = WEIGHTS / "rephrase"
"""The model that ships: learned from calls to a travel line."""

BEFORE: Final = 2
AFTER: Final = 2
POSITIONS: Final = 12
_ONLINE, _REVISED = "online", "revised"
_COMMAND: Final = "earshot train rephrase"
_PRODUCT: Final = 3.0
_SMALL: Final = 0.5
_OWN: Final = 11
_COSINES: Final = 3


class Encoder(Protocol):
    """Embeds texts: (n, 384), rows of unit length."""

    def encode(self, texts: Sequence[str]) -> Floats: ...


def width(revised: bool) -> int:
    """Features of a request."""
    windows = 1 + BEFORE + (AFTER if revised else 0)
    return WIDTH * (windows + 1) + POSITIONS + 2 * _OWN + _COSINES + (AFTER + 1 if revised else 0)


def call_features(requests: Sequence[str], encoder: Encoder, revised: bool) -> Floats:
    """(len(requests), width(revised)): of each request of a call, in their order."""
    if not requests:
        return np.zeros((0, width(revised)), dtype=np.float32)
    embeddings = encoder.encode(requests)
    wordings = [wording_of(request) for request in requests]
    own = np.stack([_own(wordings, at) for at in range(len(wordings))])
    none = np.zeros(WIDTH, dtype=np.float32)
    rows = []
    for at in range(len(requests)):
        reach = range(at - BEFORE, at + 1 + (AFTER if revised else 0))
        parts: list[Floats] = [embeddings[near] if 0 <= near < len(requests) else none for near in reach]
        before = embeddings[at - 1] if at else none
        cosines = embeddings[:at] @ embeddings[at] if at else np.zeros(1, dtype=np.float32)
        parts += [
            embeddings[at] * before * np.float32(_PRODUCT),
            np.eye(POSITIONS, dtype=np.float32)[min(at, POSITIONS - 1)],
            own[at] * np.float32(_SMALL),
            own[at - 1] * np.float32(_SMALL) if at else np.zeros(_OWN, dtype=np.float32),
            np.array([cosines[-1], cosines.max(), cosines.mean()], dtype=np.float32),
        ]
        if revised:
            parts.append(np.array([at + ahead < len(requests) for ahead in range(1, AFTER + 2)], dtype=np.float32))
        rows.append(np.concatenate(parts))
    return np.stack(rows)


def _own(wordings: Sequence[Wording], at: int) -> Floats:
    """Of one request: where it stands, how long it is, what it begins with, how like it is to those before."""
    one = wordings[at]
    last = _alike(wordings[at - 1], one) if at else (0.0, 0.0, 0.0)
    most = np.max([_alike(before, one) for before in wordings[:at]], axis=0) if at else (0.0, 0.0, 0.0)
    return np.array(
        [at == 0, min(at, 15) / 15, np.log1p(len(one.tokens)) / 3, one.steering, one.marked, *last, *most],
        dtype=np.float32,
    )


def _alike(one: Wording, other: Wording) -> tuple[float, float, float]:
    """In letters, in sounds, in content words."""
    ours, theirs = frozenset(one.content), frozenset(other.content)
    fewest = min(len(ours), len(theirs))
    return (
        Indel.normalized_similarity(one.text, other.text),
        Indel.normalized_similarity(one.sounds, other.sounds),
        len(ours & theirs) / fewest if fewest else 0.0,
    )


class CallModel:
    """Scores the requests of a call. Deterministic: a call's scores depend on nothing but its own requests."""

    def __init__(
        self, online: Logistic, revised: Logistic, online_threshold: float, revised_threshold: float, version: str
    ) -> None:
        self.online_logistic = online
        self.revised_logistic = revised
        self.online_threshold = online_threshold
        """Probability from which a first judgement says that it is a retry."""
        self.revised_threshold = revised_threshold
        self.version = version

    @classmethod
    def load(cls, folder: Path = CALLS_FOLDER) -> Self:
        """The model of a folder. Raises `ModelFolderError`."""
        config, tensors = load(folder)
        online, revised = (
            stored_logistic(name, tensors, folder, _COMMAND, (1, width(name == _REVISED)))
            for name in (_ONLINE, _REVISED)
        )
        try:
            thresholds = float(config["online_threshold"]), float(config["revised_threshold"])
        except KeyError as missing:
            raise ModelFolderError(f"{folder} lacks {missing}; run `{_COMMAND}` again") from None
        return cls(online, revised, *thresholds, str(config["version"]))

    def tensors(self) -> dict[str, Floats]:
        """To store."""
        return {
            name: tensor.astype(np.float32)
            for name, tensor in (
                *self.online_logistic.tensors(_ONLINE).items(),
                *self.revised_logistic.tensors(_REVISED).items(),
            )
        }

    def online(self, requests: Sequence[str], encoder: Encoder) -> Scores:
        """For each request the probability that it makes the one before again, from it and the past alone."""
        return probabilities(self._online_odds(requests, encoder))

    def revised(self, requests: Sequence[str], encoder: Encoder) -> Scores:
        """The same, knowing the requests after it as well."""
        rows = call_features(requests, encoder, revised=True).astype(np.float64)
        return probabilities(revised_odds(self._online_odds(requests, encoder), self.revised_logistic.odds(rows)[:, 0]))

    def _online_odds(self, requests: Sequence[str], encoder: Encoder) -> Scores:
        return self.online_logistic.odds(call_features(requests, encoder, revised=False).astype(np.float64))[:, 0]


def revised_odds(online: Scores, whole: Scores) -> Scores:
    """What is said with hindsight: the mean of the odds by the past alone and by the past and the future."""
    return (online + whole) / 2.0


def probabilities(odds: Scores) -> Scores:
    """Of log-odds."""
    likely: Scores = 1.0 / (1.0 + np.exp(-odds))
    return likely

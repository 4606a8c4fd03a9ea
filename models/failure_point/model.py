"""The model that ships: cases in, calibrated distributions over failure points out."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from models.encoder import SentenceEncoder
from models.failure_point.case import Case, Judgement
from models.failure_point.numbers import NAMES, numbers
from models.failure_point.odds import Odds
from models.failure_point.texts import TEXTS, Embedded, Encoder, embed
from models.folder import WEIGHTS, ModelFolderError, load
from schemas.failure_point import FailurePoint

FAILURE_POINT_FOLDER: Final = WEIGHTS / "failure_point"
"""The model that ships."""

CLASSES: Final = tuple(FailurePoint)
NOT_HEARD: Final = "the turn has neither words nor an interpretation nor an answer"
UNSURE: Final = "no failure point is likely enough"

_DECIMALS: Final = 4
_AT_ONCE: Final = 64

Probabilities = NDArray[np.float64]


class FailurePointModel:
    """Judges turns. What it says of one never depends on the others that are asked about with it."""

    def __init__(self, config: dict[str, Any], tensors: dict[str, NDArray[Any]], encoder: Encoder, name: str) -> None:
        """`config` and `tensors` of a model folder called `name`. Raises `ModelFolderError` when they are of another
        version of the features or not whole."""
        if config.get("numbers") != list(NAMES) or config.get("texts") != list(TEXTS):
            raise ModelFolderError(f"{name} was trained on other features than this Earshot has; train it again")
        self.version = str(config["version"])
        try:
            self._odds = Odds(tensors)
        except KeyError as missing:
            raise ModelFolderError(f"{name} lacks the tensor {missing}; train it again") from missing
        self._bias = np.asarray(config["bias"], dtype=np.float64)
        self._temperature = float(config["temperature"])
        self.prior = np.asarray(config["prior"], dtype=np.float64)
        """the shares of the classes that it takes for natural"""
        self._least = float(config["least"])
        self._encoder = encoder

    @classmethod
    def load(cls, folder: Path = FAILURE_POINT_FOLDER, encoder: Encoder | None = None) -> Self:
        """The model of a folder; it embeds with the shared encoder. Raises `ModelFolderError` and
        `ModelsNotInstalled`."""
        stored = load(folder)
        return cls(stored.config, stored.tensors, encoder or SentenceEncoder.load(), str(folder))

    def judge(self, cases: Sequence[Case]) -> list[Judgement]:
        """One judgement a case, in their order."""
        judged: list[Judgement] = []
        for start in range(0, len(cases), _AT_ONCE):
            chunk = cases[start : start + _AT_ONCE]
            rows = np.round(self.probabilities(chunk), _DECIMALS).tolist()
            judged += [self._judgement(case, row) for case, row in zip(chunk, rows, strict=True)]
        return judged

    def probabilities(self, cases: Sequence[Case]) -> Probabilities:
        """(cases, classes), in the order of `FailurePoint`; each row sums to 1."""
        embedded = embed(cases, self._encoder)
        return self.of_prepared(embedded, numbers(cases, embedded))

    def of_prepared(self, embedded: Embedded, measured: NDArray[np.float32]) -> Probabilities:
        """The same of cases whose texts are embedded and whose numbers are taken."""
        logits = self._odds.logits(embedded, measured)
        odds = logits / self._temperature + self._bias
        raised = np.exp(odds - odds.max(1, keepdims=True))
        return np.asarray(raised / raised.sum(1, keepdims=True))

    def _judgement(self, case: Case, row: Sequence[float]) -> Judgement:
        probabilities = tuple(row)
        if not case.request and not case.interpretation and case.response is None:
            return Judgement(None, probabilities, NOT_HEARD)
        likeliest = max(range(len(CLASSES)), key=row.__getitem__)
        if row[likeliest] < self._least:
            return Judgement(None, probabilities, UNSURE)
        return Judgement(CLASSES[likeliest], probabilities)

"""Judges pairs of requests by a logistic regression on what is cheap to see of them. numpy, no encoder."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from models.folder import WEIGHTS, ModelFolderError, load
from models.logistic import Logistic, probability, stored_logistic
from models.rephrase.candidate import Candidate, Judgement, Label
from models.rephrase.cause import cause_of
from models.rephrase.gate_features import NAMES, gate_features, says_the_same

REPHRASE_FOLDER: Final = WEIGHTS / "rephrase"
"""The model that ships."""

_RETRY, _REFINEMENT = "retry", "refinement"
_COMMAND: Final = "earshot train rephrase"


class RetryModel:
    """Repeat, rephrase, refinement or none. Deterministic; each candidate is judged by itself."""

    def __init__(self, retry: Logistic, refinement: Logistic, threshold: float, version: str) -> None:
        """`retry`: is it made again; `refinement`: does it add or answer, where it is not made again. One output each,
        an input for each of `NAMES`."""
        self.retry_logistic = retry
        self.refinement_logistic = refinement
        self.threshold = threshold
        """Probability from which a request is said to be made again."""
        self.version = version

    @classmethod
    def load(cls, folder: Path = REPHRASE_FOLDER) -> Self:
        """The model of a folder. Raises `ModelFolderError`."""
        config, tensors = load(folder)
        if config.get("features") != list(NAMES):
            raise ModelFolderError(f"{folder} was made for other features; run `{_COMMAND}` again")
        retry, refinement = (
            stored_logistic(name, tensors, folder, _COMMAND, (1, len(NAMES))) for name in (_RETRY, _REFINEMENT)
        )
        try:
            return cls(retry, refinement, float(config["threshold"]), str(config["version"]))
        except KeyError as missing:
            raise ModelFolderError(f"{folder} lacks {missing}; run `{_COMMAND}` again") from None

    def tensors(self) -> dict[str, NDArray[np.float32]]:
        """To store."""
        parts = self.retry_logistic.tensors(_RETRY) | self.refinement_logistic.tensors(_REFINEMENT)
        return {name: tensor.astype(np.float32) for name, tensor in parts.items()}

    def judge(self, candidates: Sequence[Candidate]) -> list[Judgement]:
        """Of each candidate, whatever else is asked with it."""
        return [self._judge(candidate) for candidate in candidates]

    def told(self, candidate: Candidate, score: float, threshold: float) -> Judgement:
        """The judgement where something else says how likely it is a retry, and from where on it is one."""
        return self._told(candidate, gate_features(candidate).astype(np.float64)[None], score, threshold)

    def _judge(self, candidate: Candidate) -> Judgement:
        row = gate_features(candidate).astype(np.float64)[None]
        return self._told(candidate, row, probability(float(self.retry_logistic.odds(row)[0, 0])), self.threshold)

    def _told(self, candidate: Candidate, row: NDArray[np.float64], score: float, threshold: float) -> Judgement:
        if score >= threshold:
            label = Label.REPEAT if says_the_same(candidate.first, candidate.second) else Label.REPHRASE
            return Judgement(label, score, cause_of(candidate))
        refines = float(self.refinement_logistic.odds(row)[0, 0]) >= 0.0
        return Judgement(Label.REFINEMENT if refines else Label.NONE, score)

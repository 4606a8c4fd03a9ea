"""What an interruption was for, by a multinomial logistic regression on what the events show. numpy, no encoder."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final, Self

from models.barge_in.candidate import Candidate, Judgement
from models.barge_in.kind_features import NAMES, WIDTH, matrix_of
from models.folder import WEIGHTS, ModelFolderError, load
from models.logistic import Logistic, probabilities, stored_logistic
from schemas.feedback import BargeInKind

KINDS: Final = tuple(BargeInKind)
KIND_FOLDER: Final = WEIGHTS / "barge_in" / "kind"
"""The model that ships."""

_NAME: Final = "kind"


class KindModel:
    """Tells the kind of interruptions. Deterministic; each candidate is judged by itself."""

    def __init__(self, logistic: Logistic, version: str) -> None:
        """`logistic` has an output for each of `KINDS` and an input for each column of `matrix_of`."""
        self._logistic = logistic
        self.version = version

    @classmethod
    def load(cls, folder: Path = KIND_FOLDER) -> Self:
        """The model of a folder. Raises `ModelFolderError`."""
        config, tensors = load(folder)
        if config.get("features") != list(NAMES) or config.get("kinds") != [kind.value for kind in KINDS]:
            raise ModelFolderError(f"{folder} was made for other features or kinds; run `earshot train barge-in` again")
        logistic = stored_logistic(_NAME, tensors, folder, "earshot train barge-in", (len(KINDS), WIDTH))
        return cls(logistic, str(config["version"]))

    def judge(self, candidates: Sequence[Candidate]) -> list[Judgement]:
        """The likeliest kind of each, with its probability."""
        if not candidates:
            return []
        shares = probabilities(self._logistic.odds(matrix_of(candidates)))
        best = shares.argmax(axis=1).tolist()
        return [Judgement(KINDS[at], float(row[at])) for at, row in zip(best, shares, strict=True)]

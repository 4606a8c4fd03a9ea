"""One calibrated score for rewrites of both layers: the probability that the request fails as it is and the rewrite is
what the person means.

Of what stands in the table for these very words, or for what was understood, the table's own posteriors say it: that
the source fails, times that its target works, times the share of people who agree on it, each at its lower bound. Of
what is only alike a logistic regression says it. Where both speak, the higher counts. Of what a person taught for this
very request their own lessons alone say it (`own_lessons`), with a threshold of their own: the two scores were learned
from different people and do not mean the same. What they taught for another request is never served for this one,
however alike: of people who repeat themselves that spoiled five requests for each that it set right. Nor does it say
much that a request is like itself with a phrase put right: of phrases the posteriors alone decide, and they have to say
that more often than not it fails and the other is meant.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from models.folder import WEIGHTS, ModelFolderError, load
from models.logistic import Logistic, stored_logistic
from models.rewrite.candidate import Candidate
from models.rewrite.context import ContextPrior
from models.rewrite.features import NAMES, features
from models.rewrite.likeness import behind
from models.rewrite.own_lessons import Lessons, OwnLessons, for_this_request, is_taught
from models.rewrite.phrase_lessons import is_lesson
from models.rewrite.query import Query

REWRITE_FOLDER: Final = WEIGHTS / "rewrite"
"""The model that ships."""

MOSTLY: Final = 0.5
"""The score from which a phrase is put right, at least."""

LESS_ALIKE: Final = "less-alike"
"""What `explain` calls the log-odds by which a candidate is less alike than the most alike."""

_NAME = "rewrite"
_COMMAND = "earshot train rewrite"
_FARTHEST = 3.0


class Ranked(NamedTuple):
    """A candidate, its score in [0, 1], what counted, by the name of the feature: log-odds each, and what the table
    says by itself, 0 where it does not."""

    candidate: Candidate
    score: float
    parts: dict[str, float]
    evidence: float


class Ranker:
    """A logistic regression on `features`, less by how much less alike than another a candidate is. Deterministic."""

    def __init__(
        self,
        logistic: Logistic,
        context: ContextPrior,
        threshold: float,
        version: str,
        own: OwnLessons | None = None,
    ) -> None:
        """`own`: judges what a person taught; without it that is judged as what all taught is."""
        self.logistic = logistic
        self.context = context
        self.threshold = threshold
        """Score from which a rewrite is served that is not the person's own."""
        self.version = version
        self.own = own

    @classmethod
    def load(cls, folder: Path = REWRITE_FOLDER) -> Self:
        """The model of a folder. Raises `ModelFolderError`."""
        config, tensors = load(folder)
        if config.get("features") != list(NAMES):
            raise ModelFolderError(f"{folder} was made for other features; run `{_COMMAND}` again")
        logistic = stored_logistic(_NAME, tensors, folder, _COMMAND, (1, len(NAMES)))
        try:
            threshold, version = float(config["threshold"]), str(config["version"])
            sure = {Lessons(*one["lessons"]): float(one["sure"]) for one in config["own"]}
            own = OwnLessons(sure, float(config["own_threshold"]))
            return cls(logistic, ContextPrior(config["context"]), threshold, version, own)
        except KeyError as missing:
            raise ModelFolderError(f"{folder} lacks {missing}; run `{_COMMAND}` again") from None

    def tensors(self) -> dict[str, NDArray[np.float32]]:
        """To store."""
        return {name: tensor.astype(np.float32) for name, tensor in self.logistic.tensors(_NAME).items()}

    def threshold_of(self, candidate: Candidate) -> float:
        """The score from which this candidate is served."""
        if is_lesson(candidate.entry):
            return max(self.threshold, MOSTLY)
        return self.own.threshold if self.own is not None and is_taught(candidate) else self.threshold

    def _rows(self, query: Query, candidates: Sequence[Candidate]) -> NDArray[np.float64]:
        return bounded(features(query, candidates, self.context), self.logistic.mean, self.logistic.scale)

    def rank(self, query: Query, candidates: Sequence[Candidate]) -> list[tuple[Candidate, float]]:
        """The candidates with their scores, the best first: those that reach their threshold before the others."""
        if not candidates:
            return []
        exact = self._scores(features(query, candidates, self.context), candidates)
        scores: list[float] = exact.round(4).tolist()
        enough = [score >= self.threshold_of(one) for one, score in zip(candidates, scores, strict=True)]
        order = sorted(range(len(candidates)), key=lambda at: (not enough[at], -exact[at]))
        return [(candidates[at], scores[at]) for at in order]

    def _scores(self, rows: NDArray[np.float64], candidates: Sequence[Candidate]) -> NDArray[np.float64]:
        odds = self.logistic.odds(bounded(rows, self.logistic.mean, self.logistic.scale))[:, 0] + behind(candidates)
        likely = 1.0 / (1.0 + np.exp(-np.clip(odds, -60.0, 60.0)))
        likely[[is_lesson(one.entry) for one in candidates]] = 0.0
        scores: NDArray[np.float64] = np.maximum(likely, [evidence(one) for one in candidates])
        scores[[one.entry.personal and not for_this_request(one) for one in candidates]] = 0.0
        own = [at for at, one in enumerate(candidates) if is_taught(one)]
        if own and self.own is not None:
            scores[own] = self.own.likely([candidates[at] for at in own])
        return scores

    def explain(self, query: Query, candidates: Sequence[Candidate]) -> list[Ranked]:
        """The same, with what each feature added to the log-odds."""
        if not candidates:
            return []
        model = self.logistic
        rows = self._rows(query, candidates)
        parts = (rows - model.mean) / model.scale * model.weights[0]
        held = {
            id(candidate): dict(zip(NAMES, map(float, part), strict=True)) | {LESS_ALIKE: float(less)}
            for candidate, part, less in zip(candidates, parts, behind(candidates), strict=True)
        }
        return [
            Ranked(candidate, score, held[id(candidate)], evidence(candidate))
            for candidate, score in self.rank(query, candidates)
        ]


def bounded(rows: NDArray[np.float64], mean: NDArray[np.float64], scale: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rows with each number at most three standard deviations from what training saw: a rewrite of more people than any
    there is not surer than the surest."""
    made: NDArray[np.float64] = np.clip(rows, mean - _FARTHEST * scale, mean + _FARTHEST * scale)
    return made


def evidence(candidate: Candidate) -> float:
    """What the table says by itself of a candidate that it holds for this very request; 0 of any other."""
    entry = candidate.entry
    if not for_this_request(candidate):
        return 0.0
    agreed = 1.0 if entry.personal else entry.agreement
    return (1.0 - entry.source_success.high) * entry.target_success.low * agreed

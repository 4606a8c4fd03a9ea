"""One calibrated score for rewrites of both layers: the probability that the request fails as it is and the rewrite is
what the person means.

Of what stands in the table for these very words, or for what was understood, the table's own posteriors say it: that
the source fails, times that its target works, times the share of people who agree on it, each at its lower bound. Of
what is only alike a logistic regression says it. Where both speak, the higher counts. Of what a person taught for this
very request their own lessons alone say it: how often, among people who repeat themselves, so many that agree and so
many that do not were borne out the next time, at the lower bound too.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from models.folder import WEIGHTS, ModelFolderError, load
from models.logistic import Logistic, stored_logistic
from models.rewrite.candidate import Candidate, Channel, Via
from models.rewrite.context import ContextPrior
from models.rewrite.features import NAMES, features
from models.rewrite.query import Query

REWRITE_FOLDER: Final = WEIGHTS / "rewrite"
"""The model that ships."""

_NAME = "rewrite"
_COMMAND = "earshot train rewrite"
_FARTHEST = 3.0
_PRIOR = 0.5

_LESSONS = 5
"""Learned lessons are no more than these; a record with more was put there by who looks after the table."""


class Ranked(NamedTuple):
    """A candidate, its score in [0, 1], what counted, by the name of the feature: log-odds each, and what the table
    says by itself, 0 where it does not."""

    candidate: Candidate
    score: float
    parts: dict[str, float]
    evidence: float


class Ranker:
    """A logistic regression on `features`. Deterministic; each candidate is judged by itself."""

    def __init__(
        self,
        logistic: Logistic,
        context: ContextPrior,
        threshold: float,
        version: str,
        own: Mapping[str, float] | None = None,
    ) -> None:
        """`own`: `own_key` -> how surely such lessons hold; without any, posteriors decide as they do for all."""
        self.logistic = logistic
        self.context = context
        self.threshold = threshold
        """Score from which a rewrite is served."""
        self.version = version
        self.own = own or {}

    @classmethod
    def load(cls, folder: Path = REWRITE_FOLDER) -> Self:
        """The model of a folder. Raises `ModelFolderError`."""
        config, tensors = load(folder)
        if config.get("features") != list(NAMES):
            raise ModelFolderError(f"{folder} was made for other features; run `{_COMMAND}` again")
        logistic = stored_logistic(_NAME, tensors, folder, _COMMAND, (1, len(NAMES)))
        try:
            threshold, version = float(config["threshold"]), str(config["version"])
            return cls(logistic, ContextPrior(config["context"]), threshold, version, config["own"])
        except KeyError as missing:
            raise ModelFolderError(f"{folder} lacks {missing}; run `{_COMMAND}` again") from None

    def tensors(self) -> dict[str, NDArray[np.float32]]:
        """To store."""
        return {name: tensor.astype(np.float32) for name, tensor in self.logistic.tensors(_NAME).items()}

    def _rows(self, query: Query, candidates: Sequence[Candidate]) -> NDArray[np.float64]:
        return bounded(features(query, candidates, self.context), self.logistic.mean, self.logistic.scale)

    def rank(self, query: Query, candidates: Sequence[Candidate]) -> list[tuple[Candidate, float]]:
        """The candidates with their scores, the best first."""
        if not candidates:
            return []
        odds = self.logistic.odds(self._rows(query, candidates))[:, 0]
        likely = 1.0 / (1.0 + np.exp(-np.clip(odds, -60.0, 60.0)))
        scores = [self._score(candidate, odds) for candidate, odds in zip(candidates, likely.tolist(), strict=True)]
        order = np.argsort(-np.array(scores), kind="stable")
        return [(candidates[at], round(scores[at], 4)) for at in order]

    def _score(self, candidate: Candidate, likely: float) -> float:
        known = evidence(candidate, self.own)
        decides = bool(self.own) and candidate.entry.personal and _for_this_request(candidate)
        return known if decides else max(likely, known)

    def explain(self, query: Query, candidates: Sequence[Candidate]) -> list[Ranked]:
        """The same, with what each feature added to the log-odds."""
        if not candidates:
            return []
        model = self.logistic
        rows = self._rows(query, candidates)
        parts = (rows - model.mean) / model.scale * model.weights[0]
        held = {
            id(candidate): dict(zip(NAMES, map(float, part), strict=True))
            for candidate, part in zip(candidates, parts, strict=True)
        }
        return [
            Ranked(candidate, score, held[id(candidate)], evidence(candidate, self.own))
            for candidate, score in self.rank(query, candidates)
        ]


def bounded(rows: NDArray[np.float64], mean: NDArray[np.float64], scale: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rows with each number at most three standard deviations from what training saw: a rewrite of more people than any
    there is not surer than the surest."""
    made: NDArray[np.float64] = np.clip(rows, mean - _FARTHEST * scale, mean + _FARTHEST * scale)
    return made


def evidence(candidate: Candidate, own: Mapping[str, float] | None = None) -> float:
    """What the table says by itself of a candidate that it holds for this very request; 0 of any other. `own`: of the
    person's lessons, by `own_key`."""
    entry = candidate.entry
    if not _for_this_request(candidate):
        return 0.0
    worked = entry.target_success
    if entry.personal and own and worked.good + worked.bad - 2 * _PRIOR <= _LESSONS:
        return own.get(own_key(worked.good - _PRIOR, worked.bad - _PRIOR), 0.0)
    agreed = 1.0 if entry.personal else entry.agreement
    return (1.0 - entry.source_success.high) * entry.target_success.low * agreed


def own_key(agree: float, others: float) -> str:
    """A person's lessons of one source: how many agree with the rewrite, and how many do not."""
    return f"{round(agree)}/{round(others)}"


def _for_this_request(candidate: Candidate) -> bool:
    return candidate.channel in (Channel.EXACT, Channel.STATE) and candidate.via is Via.SOURCE

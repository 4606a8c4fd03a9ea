"""The learned models that `detect` has on this machine, as its processors ask for them."""

import logging
from collections.abc import Sequence
from functools import lru_cache
from typing import Literal

from infra.settings import Settings
from models.barge_in import KindModel
from models.correction import CorrectionModel, Utterances
from models.correction import Label as Corrects
from models.correction.cues import CueModel
from models.folder import WEIGHTS
from models.minilm import ModelsNotInstalled
from models.rephrase import Candidate, Label, RetryModel
from processors.hearing import CorrectionCase, CorrectionOpinion, Hearing
from processors.retry import RetryCase, RetryKind, RetryOpinion
from processors.signals import RULES
from schemas.feedback import CorrectionKind

log = logging.getLogger(__name__)

CORRECTION_FOLDER = WEIGHTS / "correction"


class LearnedRetries:
    """`models.rephrase` as a judge of pairs of requests."""

    def __init__(self) -> None:
        self._model = RetryModel.load()
        self.version = self._model.version

    def judge(self, cases: Sequence[RetryCase]) -> list[RetryOpinion]:
        candidates = [
            Candidate(
                first=case.first,
                second=case.second,
                response=case.response,
                status=case.status,
                gap_s=case.gap_s,
                distance=case.distance,
                n_best=case.n_best,
                confidence=case.confidence,
                asked=case.asked,
            )
            for case in cases
        ]
        return [
            RetryOpinion(
                None if judged.label is Label.NONE else RetryKind(judged.label.value), judged.score, judged.cause
            )
            for judged in self._model.judge(candidates)
        ]


class LearnedCorrections:
    """`models.correction` as a finder of corrections: a cheap look at all that passes the gate, the network on few."""

    def __init__(self) -> None:
        self._cues = CueModel.load()
        self._model = CorrectionModel.load(CORRECTION_FOLDER)
        self.version = self._model.version
        self.read = 0
        """turns that the network read"""

    def find(self, cases: Sequence[CorrectionCase]) -> list[CorrectionOpinion]:
        first = [self._cues.probability(case.text) for case in cases]
        opinions = [CorrectionOpinion(None, score) for score in first]
        suspects = [at for at, score in enumerate(first) if score >= self._cues.threshold]
        self.read += len(suspects)
        exchanges = [Utterances(cases[at].text, cases[at].request, cases[at].response) for at in suspects]
        for at, one in zip(suspects, self._model.find(exchanges), strict=True):
            kind = None if one.label is Corrects.NONE else CorrectionKind(one.label.value)
            opinions[at] = CorrectionOpinion(kind, one.score, one.value, one.rewrite)
        return opinions


def hearing_of(settings: Settings) -> Hearing:
    """What `settings` ask for; models are loaded once a process.

    With `hearing=auto` and packages missing, what needs them is left out, and a warning says so. With
    `hearing=models` that raises `ModelsNotInstalled`. Raises `ModelFolderError` where a model that ships is broken.
    """
    return _hearing(settings.hearing)


@lru_cache
def _hearing(wanted: Literal["auto", "models", "rules"]) -> Hearing:
    if wanted == "rules":
        return RULES
    corrections: LearnedCorrections | None = None
    try:
        one_thread()
        retries, kinds = LearnedRetries(), KindModel.load()
        try:
            corrections = LearnedCorrections()
        except ModelsNotInstalled as missing:
            if wanted == "models":
                raise
            log.warning("corrections are not heard: %s", missing)
    except ModelsNotInstalled as missing:
        if wanted == "models":
            raise
        log.warning("hearing goes by its rules alone: %s", missing)
        return RULES
    return Hearing(retries, corrections, kinds)


def one_thread() -> None:
    """Matrices here are small: handing them to several threads takes eight times as long as one does."""
    try:
        from threadpoolctl import threadpool_limits
    except ImportError as missing:
        raise ModelsNotInstalled("threadpoolctl is not installed: pip install 'earshot[models]'") from missing
    threadpool_limits(1, "blas")

"""Repeat, rephrase and refinement of simulated people: each turn's label against the truth, by the stream's own rules
beside the model.

A case is a turn that follows another in its dialogue. The model judges it with each request in its window and keeps
what it holds for the likeliest retry.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from models.rephrase.candidate import Candidate, Judgement, Label
from processors.signals import signals_of
from processors.similarity import characters_alike, words_of
from schemas.failure_point import FailurePoint
from schemas.feedback import Refinement, Repeat, Rephrase, RetryCause
from streams.evaluate.figures import CONFIDENCE, RESAMPLES, Figure, Groups, auc, f1, floats, with_interval
from streams.evaluate.judged import exchanges_of
from streams.training.rephrase_simulated import candidates_of
from streams.training.simulated_dialogues import Heard

_LABELS: Final = tuple(Label)
_NONE: Final = _LABELS.index(Label.NONE)
_SIGNALS: Final = {Repeat: Label.REPEAT, Rephrase: Label.REPHRASE, Refinement: Label.REFINEMENT}
_SEED: Final = 20220711
_AGAIN: Final = (Label.REPEAT, Label.REPHRASE)

Codes = NDArray[np.int64]


class Judge(Protocol):
    """Says of pairs of requests what the second is to the first."""

    def judge(self, candidates: Sequence[Candidate]) -> list[Judgement]:
        """Of each candidate, in their order."""


@dataclass(frozen=True)
class Turns:
    """The cases: what is true of each, what the model and the rules say, and whose turn it is."""

    true: Codes
    said: Codes
    ruled: Codes
    score: NDArray[np.float64]
    alike: NDArray[np.float64]
    user: Groups
    misheard: NDArray[np.bool_]
    """the recogniser was where the request before first went wrong"""
    cause: Sequence[RetryCause | None]


def judged_turns(dialogues: Sequence[Sequence[Heard]], model: Judge) -> Turns:
    """Every turn that follows another, judged."""
    cases = [(heard, at) for heard in dialogues for at in range(1, len(heard))]
    pairs = [[candidate for _, candidate in candidates_of(heard, at)] for heard, at in cases]
    judgements = iter(model.judge([pair for window in pairs for pair in window]))
    told = [likeliest([next(judgements) for _ in window]) for window in pairs]
    laters = [heard[at].truth for heard, at in cases]
    rules = {turn_id: label for heard in dialogues for turn_id, label in _rules(heard).items()}
    failed = {one.truth.turn_id: one.truth.failure_point for heard in dialogues for one in heard}
    users: dict[str, int] = {}
    return Turns(
        true=_codes([Label(truth.retry.kind) if truth.retry is not None else Label.NONE for truth in laters]),
        said=_codes([one.label for one in told]),
        ruled=_codes([rules.get(truth.turn_id, Label.NONE) for truth in laters]),
        score=floats([one.score for one in told]),
        alike=floats([max((_alike(pair.first, pair.second) for pair in window), default=0.0) for window in pairs]),
        user=np.array([users.setdefault(truth.user_id, len(users)) for truth in laters], dtype=np.int64),
        misheard=np.array(
            [truth.retry is not None and failed.get(truth.retry.turn_id) is FailurePoint.ASR for truth in laters],
            dtype=bool,
        ),
        cause=[one.cause for one in told],
    )


def _codes(labels: Sequence[Label]) -> Codes:
    return np.array([_LABELS.index(label) for label in labels], dtype=np.int64)


def likeliest(judgements: Sequence[Judgement]) -> Judgement:
    """What a turn is, from what it is to each request in its window, nearest first: a retry of the likeliest one, else
    what it is to the nearest."""
    if not judgements:
        return Judgement(Label.NONE, 0.0)
    best = max(judgements, key=lambda one: one.score)
    return best if best.label in _AGAIN else Judgement(judgements[0].label, best.score)


def simulated_figures(name: str, turns: Turns) -> dict[str, Figure]:
    """Macro-F1 over the three labels, F1 of each, and how well the score ranks, with baselines."""
    again = np.isin(turns.true, [_LABELS.index(label) for label in _AGAIN])
    figures = {
        f"{name}_macro_f1": macro_f1(turns.true, turns.said, turns.user),
        f"{name}_baseline_rules_macro_f1": macro_f1(turns.true, turns.ruled, turns.user),
        f"{name}_baseline_always_no_macro_f1": Figure(0.0, n=len(turns.true)),
    }
    for code, label in enumerate(_LABELS):
        if code != _NONE:
            figures[f"{name}_{label}_f1"] = with_interval(
                f1, turns.true == code, (turns.said == code).astype(np.float64), turns.user
            )
    figures[f"{name}_retry_auc"] = with_interval(auc, again, turns.score, turns.user, resamples=300)
    figures[f"{name}_baseline_similarity_auc"] = with_interval(auc, again, turns.alike, turns.user, resamples=300)
    told = again & np.array([cause is not None for cause in turns.cause])
    if told.any():
        heard_wrong = floats([cause is RetryCause.MISHEARD for cause in turns.cause])
        figures[f"{name}_misheard_f1"] = with_interval(f1, turns.misheard[told], heard_wrong[told], turns.user[told])
        figures[f"{name}_misheard_share"] = Figure(float(turns.misheard[told].mean()), n=int(told.sum()))
    figures[f"{name}_retry_share"] = Figure(float(again.mean()), n=len(again))
    return figures


def macro_f1(true: Codes, said: Codes, users: Groups) -> Figure:
    """Mean F1 of repeat, rephrase and refinement, resampled by user."""
    width = len(_LABELS)
    counts = np.zeros((int(users.max()) + 1, width * width))
    np.add.at(counts, (users, true * width + said), 1.0)
    people = len(counts)
    drawn = np.random.default_rng(_SEED).multinomial(people, np.full(people, 1 / people), size=RESAMPLES) @ counts
    values = [mean_f1(one.reshape(width, width)) for one in drawn]
    tail = (1.0 - CONFIDENCE) / 2
    low, high = np.quantile(values, [tail, 1.0 - tail])
    return Figure(mean_f1(counts.sum(0).reshape(width, width)), float(low), float(high), len(true))


def mean_f1(confusion: NDArray[np.float64]) -> float:
    """Over repeat, rephrase and refinement; rows are the truth, columns what was said, in the order of `Label`."""
    hits = np.diag(confusion)
    either = confusion.sum(0) + confusion.sum(1)
    each = np.divide(2 * hits, either, out=np.zeros_like(hits), where=either > 0)
    return float(np.delete(each, _NONE).mean())


def _rules(heard: Sequence[Heard]) -> dict[str, Label]:
    """What the stream says of a dialogue's turns without any model."""
    exchanges = exchanges_of([one.turn for one in heard])
    said: dict[str, Label] = {}
    for at in range(1, len(exchanges)):
        for signal in signals_of(exchanges, at, 0):
            label = _SIGNALS.get(type(signal))
            if label is not None and isinstance(signal, Repeat | Rephrase | Refinement) and signal.by_turn_id:
                said[signal.by_turn_id] = label
    return said


def _alike(first: str, second: str) -> float:
    return characters_alike(words_of(first), words_of(second))

"""The probabilities from which on the preference model says yes, and what they give on what was not fitted to."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from models.preference.features import Turn
from models.preference.model import PreferenceModel
from streams.evaluate.figures import Bools, Figure, Floats, auc, best_threshold, decide, f1, floats, with_interval
from streams.training.preference_examples import Example
from streams.training.preference_opinion import Answers, fit_opinion

FOLDS: Final = 5
FALSE_TEACHES: Final = 0.0005
"""Share of the chit-chat that may be taken for teaching; half of what is promised."""
_LOWEST: Final = 0.5
_STATED: Final = 0.025
"""Share of the turns that state a preference, as simulated people speak; among the examples there are far more."""


def cross_validated(answers: Answers, seed: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """The probability of each answer by a model that was not fitted to its interview."""
    scores = np.zeros(len(answers.turns))
    fold = answers.groups % FOLDS
    for at in range(FOLDS):
        own = fold == at
        model = fit_opinion(answers[~own], seed)
        scores[own] = [
            model.judge(one.turn, states).opinion
            for one, states in zip(answers[own].turns, answers[own].states, strict=True)
        ]
    return scores


def opinion_threshold(answers: Answers, seed: int) -> tuple[float, dict[str, Figure]]:
    """(threshold with the best F1 in cross-validation, figures of thresholds chosen on the other folds)."""
    scores, truth = cross_validated(answers, seed), answers.opinions
    decisions = decide(truth, scores, answers.groups, FOLDS)
    return round(best_threshold(truth, scores), 4), {
        "interviews, statement F1, cross-validated": with_interval(f1, truth, decisions, answers.groups),
        "interviews, statement AUC, cross-validated": with_interval(auc, truth, scores, answers.groups),
    }


def teaching_threshold(
    model: PreferenceModel, examples: Sequence[Example], chat: Sequence[Turn]
) -> tuple[float, dict[str, Figure]]:
    """(threshold, figures): the one with the best F1 on the examples, were statements as rare as they are, or a higher
    one that chit-chat asks for."""
    truth = np.array([bool(one.teaches) for one in examples])
    scores = floats([one.score for one in model.find([one.turn for one in examples])])
    chatting = np.sort(floats([one.score for one in model.find(list(chat))]))[::-1]
    allowed = int(FALSE_TEACHES * len(chatting))
    quiet = float(chatting[allowed]) + 0.0001 if len(chatting) > allowed else _LOWEST
    threshold = round(min(max(_LOWEST, _best_among_many(truth, scores), quiet), 0.9999), 4)
    groups = np.array([one.group for one in examples], dtype=np.int64)
    decisions = (scores >= threshold).astype(np.float64)
    return threshold, {
        "statements among the calibrating examples, F1": with_interval(f1, truth, decisions, groups),
        "false teaches per 1,000 calibrating chat turns": Figure(
            1000.0 * float((chatting >= threshold).mean()), n=len(chatting)
        ),
    }


def _best_among_many(truth: Bools, scores: Floats) -> float:
    """The threshold with the best F1 where `_STATED` of the turns are true."""
    weight = _STATED / (1.0 - _STATED) * float((~truth).sum()) / max(int(truth.sum()), 1)
    order = np.argsort(-scores, kind="stable")
    found = weight * np.cumsum(truth[order])
    said = found + np.cumsum(~truth[order])
    f1s = 2 * found / (said + weight * truth.sum())
    last = np.append(scores[order][1:] < scores[order][:-1], True)
    return float(scores[order][int(np.where(last, f1s, 0.0).argmax())])

"""Learning the course of a service's calls: weights for `CallModel`, and scores by weights that never saw a call.

Only the callers' words go in. What supervises is `retry_of`, a request that the assistant did not accept before.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from models.logistic import Logistic
from models.rephrase.call_model import CallModel, Encoder, call_features, probabilities, revised_odds
from streams.adapters.getgoing import Call, Speaker
from streams.evaluate.figures import FOLDS, Bools, Floats, best_threshold

VERSION: Final = "1"
_STRENGTH: Final = 1.0
_STEPS: Final = 400

Progress = Callable[[str], None]


@dataclass(frozen=True)
class CallCases:
    """The requests of calls that have one before them. `call`: the number of each one's call."""

    retry: Bools
    call: NDArray[np.int64]
    online: NDArray[np.float32]
    revised: NDArray[np.float32]


def requests_of(call: Call) -> list[str]:
    """What the caller said, in order."""
    return [said.text for said in call.turns if said.speaker is Speaker.USER]


def retries_of(call: Call) -> list[bool]:
    """For each request whether it makes an earlier one again."""
    return [said.retry_of is not None for said in call.turns if said.speaker is Speaker.USER]


def fingerprint(call: Call) -> str:
    """Tells a call again that a model has learned from, without keeping it."""
    return sha256(call.id.encode()).hexdigest()[:12]


def call_cases(calls: Sequence[Call], encoder: Encoder) -> CallCases:
    """What a model sees of every request but the first of a call."""
    retry: list[bool] = []
    of_call: list[int] = []
    online: list[NDArray[np.float32]] = []
    revised: list[NDArray[np.float32]] = []
    for number, call in enumerate(calls):
        requests = requests_of(call)
        retry += retries_of(call)[1:]
        of_call += [number] * max(len(requests) - 1, 0)
        online.append(call_features(requests, encoder, revised=False)[1:])
        revised.append(call_features(requests, encoder, revised=True)[1:])
    return CallCases(
        np.array(retry, dtype=bool), np.array(of_call, dtype=np.int64), np.concatenate(online), np.concatenate(revised)
    )


def fit(rows: NDArray[np.float32], retry: Bools) -> Logistic:
    """A logistic regression on the features as they are: embeddings have one scale."""
    fitted = LogisticRegression(C=_STRENGTH, max_iter=_STEPS).fit(rows, retry)
    width = rows.shape[1]
    return Logistic(np.zeros(width), np.ones(width), fitted.coef_, fitted.intercept_)


def out_of_fold(cases: CallCases, folds: int = FOLDS) -> tuple[Floats, Floats]:
    """The probability of each case, with the past alone and revised, by weights learned from the other folds' calls."""
    online, whole = np.zeros(len(cases.retry)), np.zeros(len(cases.retry))
    for fold in range(folds):
        own = cases.call % folds == fold
        if not own.any():
            continue
        for rows, odds in ((cases.online, online), (cases.revised, whole)):
            odds[own] = fit(rows[~own], cases.retry[~own]).odds(rows[own].astype(np.float64))[:, 0]
    return probabilities(online), probabilities(revised_odds(online, whole))


def train_calls(cases: CallCases, progress: Progress) -> CallModel:
    """Weights from all calls; thresholds with the best F1 of scores by weights that never saw the call."""
    progress(f"calls: {len(cases.retry):,} requests, {int(cases.retry.sum())} of them retries")
    online, revised = (best_threshold(cases.retry, scores) for scores in out_of_fold(cases))
    return CallModel(fit(cases.online, cases.retry), fit(cases.revised, cases.retry), online, revised, VERSION)

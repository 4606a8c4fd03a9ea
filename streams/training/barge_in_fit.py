"""Fits the models of interruptions; the same for the weights that ship and for those that a cross-validation needs."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, hstack
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression

from models.barge_in.floor import FloorCase, FloorWeights
from models.barge_in.kind import KINDS
from models.barge_in.kind_features import matrix_of
from models.logistic import Logistic
from processors.barge_in import Interruption
from processors.thresholds import THRESHOLDS
from schemas.feedback import BargeInKind
from streams.evaluate.figures import Bools, Floats, Groups
from streams.training.barge_in_cases import Case

FLOOR_FOLDS: Final = 11
TOKEN_MEETINGS: Final = 5
"""A word is learnt only if it was said in so many meetings: names and subjects of one do not carry over."""

_KIND_STRENGTH: Final = 0.1
_FLOOR_STRENGTH: Final = 0.02
_STEPS: Final = 2_000
_SEED: Final = 1
_UNKNOWN_WORDS: Final = 0.5
"""Weight of the copies `in_unknown_words`."""


def fit_kind(cases: Sequence[Case]) -> Logistic:
    """A multinomial logistic regression on `matrix_of`, an output for each of `KINDS`; each kind has to occur."""
    rows, truth, weights = _kind_rows(cases)
    mean, scale = _standard(rows)
    fitted = LogisticRegression(C=_KIND_STRENGTH, max_iter=_STEPS).fit((rows - mean) / scale, truth, weights)
    if len(fitted.classes_) < len(KINDS):
        lacking = [kind.value for at, kind in enumerate(KINDS) if at not in fitted.classes_]
        raise ValueError(f"among {len(cases)} interruptions there is no {' and no '.join(lacking)}; simulate more")
    return Logistic(mean, scale, fitted.coef_, fitted.intercept_)


def fit_kind_trees(cases: Sequence[Case]) -> Callable[[Sequence[Interruption]], list[BargeInKind]]:
    """A baseline on the same rows with the same weights: gradient-boosted trees. Gives what tells kinds."""
    rows, truth, weights = _kind_rows(cases)
    trees = HistGradientBoostingClassifier(max_leaf_nodes=15, learning_rate=0.06, random_state=_SEED)
    trees.fit(rows, truth, sample_weight=weights)
    return lambda seen: [KINDS[at] for at in trees.predict(matrix_of(seen)).tolist()] if seen else []


def _kind_rows(cases: Sequence[Case]) -> tuple[Floats, NDArray[np.int64], Floats]:
    """The rows of all cases, as they are and in unknown words; the number of each one's kind, and its weight."""
    rows = matrix_of([case.seen for case in cases] + [in_unknown_words(case.seen) for case in cases])
    truth = np.array([KINDS.index(case.kind) for case in cases] * 2, dtype=np.int64)
    return rows, truth, np.repeat([1.0, _UNKNOWN_WORDS], len(cases))


def in_unknown_words(seen: Interruption) -> Interruption:
    """The same interruption, said in set phrases that no list has: nobody's lists have all of them."""
    rule = seen.rule
    if seen.stops or seen.corrects or seen.listens or seen.steers:
        rule = BargeInKind.CONTINUATION if seen.answered else BargeInKind.OTHER_DIRECTED
        if seen.stop_understood:
            rule = BargeInKind.STOP
    return replace(seen, stops=False, corrects=False, listens=False, steers=False, rule=rule)


def as_if_answered(seen: Interruption) -> Interruption:
    """The same interruption of a device that answers whatever it hears, and so gives nothing away."""
    unsure = seen.rule is BargeInKind.OTHER_DIRECTED and not seen.answered and seen.word_count > 0
    woken = seen.wake is None or seen.wake >= THRESHOLDS.wake_confidence
    return replace(seen, answered=True, rule=BargeInKind.CONTINUATION if unsure and woken else seen.rule)


def fit_floor(cases: Sequence[FloorCase], takes: Bools, meetings: Groups) -> FloorWeights:
    """Weights for cases of one number of words heard. `meetings`: which meeting each is from."""
    tokens = _tokens(cases, meetings)
    rows = np.array([case.row for case in cases])
    mean, scale = _standard(rows)
    design = hstack([csr_matrix((rows - mean) / scale), _token_matrix(cases, tokens)]).tocsr()
    fitted = LogisticRegression(C=_FLOOR_STRENGTH, max_iter=_STEPS).fit(design, takes)
    width = rows.shape[1]
    weights = fitted.coef_[0]
    return FloorWeights(
        Logistic(mean, scale, weights[None, :width], fitted.intercept_),
        dict(zip(tokens, weights[width:].tolist(), strict=True)),
    )


def fit_words(cases: Sequence[FloorCase], takes: Bools, meetings: Groups) -> FloorWeights:
    """The baseline: a logistic regression on nothing but the words of who starts."""
    blind = [
        FloorCase(np.zeros(1), tuple(token for token in case.tokens if not token.startswith(("under:", "last:"))), ())
        for case in cases
    ]
    return fit_floor(blind, takes, meetings)


def floor_across_meetings(
    cases: Sequence[FloorCase], takes: Bools, meetings: Groups, *, only_words: bool = False
) -> Floats:
    """Scores of all cases, each by weights that saw nothing of its meeting."""
    fit = fit_words if only_words else fit_floor
    names = np.unique(meetings)
    fold_of = {name: at % FLOOR_FOLDS for at, name in enumerate(names.tolist())}
    folds = np.array([fold_of[name] for name in meetings.tolist()])
    scores = np.zeros(len(cases))
    for fold in np.unique(folds):
        rest = np.flatnonzero(folds != fold)
        weights = fit([cases[at] for at in rest.tolist()], takes[rest], meetings[rest])
        for at in np.flatnonzero(folds == fold).tolist():
            case = cases[at]
            scores[at] = weights.score(case._replace(row=np.zeros(1)) if only_words else case)
    return scores


def _standard(rows: NDArray[np.float64]) -> tuple[Floats, Floats]:
    spread = rows.std(axis=0)
    return rows.mean(axis=0), np.where(spread > 0.0, spread, 1.0)


def _tokens(cases: Sequence[FloorCase], meetings: Groups) -> list[str]:
    seen: dict[str, set[int]] = defaultdict(set)
    for case, meeting in zip(cases, meetings.tolist(), strict=True):
        for token in case.tokens:
            seen[token].add(meeting)
    return sorted(token for token, where in seen.items() if len(where) >= TOKEN_MEETINGS)


def _token_matrix(cases: Sequence[FloorCase], tokens: Sequence[str]) -> csr_matrix:
    place = {token: at for at, token in enumerate(tokens)}
    pairs = [(at, place[token]) for at, case in enumerate(cases) for token in case.tokens if token in place]
    rows, columns = zip(*pairs, strict=True) if pairs else ((), ())
    return csr_matrix((np.ones(len(pairs)), (rows, columns)), shape=(len(cases), len(tokens)))

"""What the model is measured against: rules on confidences, boosted trees on numbers, texts alone, and the bound.

The bound is what a Bayes-optimal judge would reach, who knows the simulator's rates and densities. That posterior has
no closed form: what a person says next depends on the whole dialogue. It is estimated from below by boosted trees that
have what no shipped model has: plenty of labelled turns of the very assistant that is tested, under the same noise, and
the exact log-likelihood ratio of each confidence under the simulator's densities.
"""

from dataclasses import dataclass
from math import log
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from models.failure_point.numbers import GROUP_OF, NAMES, Group
from models.failure_point.relations import RELATIONS
from models.failure_point.repairs import REPAIRS
from models.failure_point.texts import TEXTS
from schemas.failure_point import FailurePoint, IsolationPass
from streams.evaluate.failure_point_figures import CLASSES, Codes, Told
from streams.evaluate.figures import Floats, best_threshold
from streams.simulator.profile import Confidence, Profile, Shape
from streams.training.failure_point_rows import Rows

_TREES: Final = {"max_iter": 120, "learning_rate": 0.1, "max_leaf_nodes": 15, "l2_regularization": 1.0}
_CORRECT_SEEN: Final = 0.35
_FOLDS: Final = 5
_EDGE: Final = 1e-3
_QUITE_SURE: Final = 99.0
"""What a confidence that is not told is taken for by the rules: logits of others are below 7."""
_TEXT_TURNS: Final = 30_000
_METADATA: Final = tuple(
    at for at, name in enumerate(NAMES) if name not in (*RELATIONS, *REPAIRS) and GROUP_OF[at] is not Group.MEANING
)
_OWN_TEXTS: Final = tuple(TEXTS.index(name) for name in ("request", "interpretation", "response", "request_after"))


@dataclass(frozen=True)
class Boosted:
    """Boosted trees on numbers, with odds put back to those of natural turns."""

    trees: "object"
    columns: tuple[int, ...]
    shift: Floats
    prior: Floats

    @classmethod
    def fit(
        cls, numbers: NDArray[np.float32], truth: Codes, natural: NDArray[np.bool_], seed: int,
        columns: tuple[int, ...] | None = None,
    ) -> Self:  # fmt: skip
        """`natural`: the turns whose failures are as rare as they are. `columns`: those to use, by default all."""
        from sklearn.ensemble import HistGradientBoostingClassifier

        columns = columns or tuple(range(numbers.shape[1]))
        rng = np.random.default_rng(seed)
        seen = (truth > 0) | (rng.random(len(truth)) < _CORRECT_SEEN)
        columns = tuple(at for at in columns if len(np.unique(_known(numbers[seen, at]))) > 1)
        trees = HistGradientBoostingClassifier(random_state=seed, **_TREES)
        weights = np.where(truth[seen] == 0, 1.0 / _CORRECT_SEEN, 1.0)
        trees.fit(numbers[seen][:, columns], truth[seen], sample_weight=weights)
        prior, met = shares(truth[natural]), shares(truth)
        return cls(trees, columns, prior / met, prior)

    def told(self, numbers: NDArray[np.float32], truth: Codes, user: Codes) -> Told:
        """Its distributions over the classes."""
        found = np.zeros((len(truth), len(CLASSES)))
        found[:, self.trees.classes_] = self.trees.predict_proba(numbers[:, self.columns])  # type: ignore[attr-defined]
        odds = found * self.shift
        return Told(truth, odds / odds.sum(1, keepdims=True), user, self.prior)


def metadata_columns() -> tuple[int, ...]:
    """Numbers that need no text: confidences, margins, counts, status, timing, feedback."""
    return _METADATA


def bound_numbers(rows: Rows, isolation: IsolationPass, profile: Profile | None) -> NDArray[np.float32]:
    """All numbers, and with a profile the log-likelihood ratio (right to wrong) of each confidence under it."""
    numbers = rows.numbers(isolation)
    if profile is None:
        return numbers
    said = {
        "recogniser": profile.asr.confidence,
        "interpreter": profile.nlu.confidence,
        "entity_least": profile.entity.confidence,
        "wake": profile.wake.confidence,
    }
    ratios = [_log_ratio(numbers[:, NAMES.index(name)], confidence) for name, confidence in said.items()]
    return np.concatenate((numbers, np.stack(ratios, axis=1)), axis=1, dtype=np.float32)


def cross_fitted(rows: Rows, isolation: IsolationPass, seed: int) -> Told:
    """The bound where there are no other turns of the same assistant: each fold of users by trees that never saw it."""
    numbers, found = rows.numbers(isolation), np.zeros((len(rows), len(CLASSES)))
    fold = rows.user % _FOLDS
    for at in range(_FOLDS):
        own = fold == at
        fitted = Boosted.fit(numbers[~own], rows.truth[~own], np.ones(int((~own).sum()), dtype=bool), seed)
        found[own] = fitted.told(numbers[own], rows.truth[own], rows.user[own]).probabilities
    return Told(rows.truth, found, rows.user, shares(rows.truth))


def text_only(train: Rows, natural: NDArray[np.bool_], test: Rows, isolation: IsolationPass, seed: int) -> Told:
    """Logistic regression on the embeddings of the request, the interpretation, the answer and the next request."""
    from sklearn.linear_model import SGDClassifier

    chosen = np.random.default_rng(seed).permutation(len(train))[:_TEXT_TURNS]
    model = SGDClassifier(loss="log_loss", alpha=1e-5, max_iter=8, tol=None, random_state=seed)
    model.fit(_vectors(train, chosen, isolation), train.truth[chosen])
    found = np.full((len(test), len(CLASSES)), _EDGE**2)
    found[:, model.classes_] += model.predict_proba(_vectors(test, np.arange(len(test)), isolation))
    prior, met = shares(train.truth[natural]), shares(train.truth[chosen])
    odds = found * prior / met
    return Told(test.truth, odds / odds.sum(1, keepdims=True), test.user, prior)


@dataclass(frozen=True)
class RuleCascade:
    """The first component in the order of the pipeline whose confidence is below its threshold."""

    wake: float
    recogniser: float
    interpreter: float
    entity: float

    @classmethod
    def fit(cls, rows: Rows, isolation: IsolationPass, balanced: bool) -> Self:
        """Thresholds with the best F1 for their class, on turns where classes are as common as there or balanced."""
        numbers, truth = rows.numbers(isolation), rows.truth
        if balanced:
            least = int(np.bincount(truth, minlength=len(CLASSES)).min())
            places = [np.flatnonzero(truth == code)[:least] for code in range(len(CLASSES))]
            chosen = np.concatenate(places)
            numbers, truth = numbers[chosen], truth[chosen]
        return cls(*(-best_threshold(truth == code, -_sure(numbers, name)) for name, code in _CASCADE))

    def decide(self, rows: Rows, isolation: IsolationPass) -> Codes:
        """The class of each turn."""
        numbers = rows.numbers(isolation)
        said = np.zeros(len(rows), dtype=np.int64)
        other = numbers[:, NAMES.index("result_other_than_slot")] == 1
        said[other | (numbers[:, NAMES.index("result_other_than_latest")] == 1)] = CLASSES.index(FailurePoint.RESULT)
        thresholds = (self.wake, self.recogniser, self.interpreter, self.entity)
        for (name, code), threshold in reversed(list(zip(_CASCADE, thresholds, strict=True))):
            said[_sure(numbers, name) <= threshold] = code
        return said


_CASCADE: Final = (
    ("wake", CLASSES.index(FailurePoint.FALSE_WAKE)),
    ("recogniser", CLASSES.index(FailurePoint.ASR)),
    ("interpreter", CLASSES.index(FailurePoint.NLU)),
    ("entity_least", CLASSES.index(FailurePoint.ENTITY)),
)


def shares(truth: Codes) -> Floats:
    """Of each class, none zero."""
    counts = np.bincount(truth, minlength=len(CLASSES)) + 1.0
    return np.asarray(counts / counts.sum())


def _sure(numbers: NDArray[np.float32], name: str) -> Floats:
    column = numbers[:, NAMES.index(name)].astype(np.float64)
    return np.where(np.isnan(column), _QUITE_SURE, column)


def _known(column: NDArray[np.float32]) -> NDArray[np.float32]:
    return column[~np.isnan(column)]


def _vectors(rows: Rows, chosen: Codes, isolation: IsolationPass) -> NDArray[np.float32]:
    vectors = rows.embedded(chosen, isolation).vectors[:, list(_OWN_TEXTS)]
    return vectors.reshape(len(chosen), -1)


def _log_ratio(logits: NDArray[np.float32], confidence: Confidence) -> NDArray[np.float32]:
    """log p(said | right) - log p(said | wrong) of a confidence given by its logit; the Jacobian cancels."""
    inner = 1.0 / (1.0 + np.exp(-(logits.astype(np.float64) - confidence.shift) / confidence.gain))
    inside = np.clip(inner, _EDGE, 1 - _EDGE)
    ratio = _log_density(inside, confidence.right) - _log_density(inside, confidence.wrong)
    return np.where(np.isnan(logits), np.nan, ratio).astype(np.float32)


def _log_density(x: Floats, shape: Shape) -> Floats:
    """Of Kumaraswamy's distribution."""
    a, b = shape.a, shape.b
    return np.asarray(log(a * b) + (a - 1) * np.log(x) + (b - 1) * np.log1p(-(x**a)))

"""What the judge of pairs is measured against, fitted to the examples that it learned from.

From cheap to dear: likeness of letters from a threshold on; gradient-boosted trees on the gate's features; a pairwise
MiniLM and a contextual span model (`streams.training.rephrase_tuned`). Each says how likely a request is a retry;
repeat or rephrase, refinement or none are then told as by the model that ships, so that nothing but that is compared.
A fifth of the groups (calls, people, dialogues) is kept from all of them and chooses their thresholds, by the rule by
which that of the model that ships was chosen.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier

from models.encoder import SentenceEncoder
from models.logistic import probability
from models.minilm import cache_folder
from models.rephrase.candidate import Candidate, Judgement
from models.rephrase.gate_features import NAMES, gate_features
from models.rephrase.retry_model import RetryModel
from streams.adapters import getgoing
from streams.evaluate.figures import Bools, Floats, best_threshold
from streams.training.rephrase_examples import Example, with_fields_dropped
from streams.training.rephrase_fit import FALSE_ALARMS, Design, fit_retry
from streams.training.rephrase_sets import NATURAL, training_examples
from streams.training.rephrase_tuned import Pairwise, Span, Tuned
from streams.training.rephrase_tuning import Lesson, tune

LESSONS: Final = 12_000
"""Examples that each MiniLM sees once, drawn so that sets count alike."""
CALL_PASSES: Final = 2
"""Over half of the calls, after these."""
_THRESHOLD_CASES: Final = 3_000
_SEED: Final = 1
_FORMAT: Final = 1
_LETTERS: Final = NAMES.index("characters")
_NETWORKS: Final[Mapping[str, type[Pairwise] | type[Span]]] = {"pairwise_minilm": Pairwise, "span_minilm": Span}

Progress = Callable[[str], None]
Scores = Callable[[Sequence[Candidate]], Floats]


@dataclass(frozen=True, slots=True)
class Baseline:
    """Retries by `scores` from `threshold` on; the rest as `shipped` says."""

    scores: Scores
    threshold: float
    shipped: RetryModel

    def judge(self, candidates: Sequence[Candidate]) -> list[Judgement]:
        """Of each candidate."""
        scores = self.scores(candidates).tolist() if candidates else []
        return [self.shipped.told(one, score, self.threshold) for one, score in zip(candidates, scores, strict=True)]


@dataclass(frozen=True, slots=True)
class OnCalls:
    """Each request of the calls with the one before, the assistant's words hidden: is it a retry, which call, and what
    baselines say that never saw the call."""

    retry: Bools
    call: NDArray[np.int64]
    scores: Mapping[str, Floats]


class Baselines:
    """Everything that is fitted to one collection of examples. Networks are kept in `cache` and fitted once."""

    def __init__(
        self, examples: Sequence[Example], cache: Path, progress: Progress, seed: int = _SEED, lessons: int = LESSONS
    ) -> None:
        torch.set_num_threads(1)
        self._examples = with_fields_dropped(examples, seed)
        self._design = Design.of(examples, seed)
        self._progress = progress
        self._seed = seed
        self._cache = cache / f"rephrase-baselines-{_fingerprint(self._examples, seed, lessons)}"
        self._lessons = lessons
        self._calls: Bools = self._design.source == getgoing.NAME
        self._apart: Bools = self._design.fold == 0

    @classmethod
    def of_training_sets(cls, data: Path, progress: Progress) -> "Baselines":
        """On what the model that ships learned from. Raises `NothingToLearn` and `ModelsNotInstalled`."""
        encoder = SentenceEncoder.load(device="cpu")
        return cls(training_examples(data, _SEED, encoder, progress), cache_folder(), progress)

    def judges(self, shipped: RetryModel) -> dict[str, Baseline]:
        """By name, fitted to all but the fifth that chooses thresholds, networks to no calls either."""
        self._progress(f"baselines: trees on {int((~self._apart).sum()):,} pairs")
        scores: dict[str, Scores] = {"similarity": _letters, "trees": self._trees(~self._apart)}
        for name in _NETWORKS:
            network = self._tuned(name)
            scores[name] = _probabilities_of(network)
        self._progress("baselines: thresholds")
        return {name: Baseline(one, self._threshold(one), shipped) for name, one in scores.items()}

    def on_calls(self) -> OnCalls:
        """What is said of either half of the calls by what learned from all other sets and from the other half."""
        design, places = self._design, np.flatnonzero(self._calls)
        known: dict[str, int] = {}
        call = np.array([known.setdefault(self._examples[at].group, len(known)) for at in places], dtype=np.int64)
        pairs = [Candidate(one.first, one.second) for one in (self._examples[at].candidate for at in places)]
        scores = {name: np.zeros(len(places)) for name in ("logistic", "trees", *_NETWORKS)}
        scores["similarity"] = _letters(pairs)
        for half in (0, 1):
            own = np.flatnonzero(call % 2 == half)
            asked = [pairs[at] for at in own]
            taught = np.ones(len(design.kind), dtype=bool)
            taught[places[own]] = False
            scores["logistic"][own] = fit_retry(design, taught).odds(_rows(asked))[:, 0]
            scores["trees"][own] = self._trees(taught)(asked)
            others = places[call % 2 != half]
            for name in _NETWORKS:
                scores[name][own] = self._tuned_on(name, half, others).odds(asked)
        return OnCalls(design.retry[places], call, scores)

    def _trees(self, taught: Bools) -> Scores:
        design = self._design
        trees = HistGradientBoostingClassifier(max_leaf_nodes=15, learning_rate=0.06, random_state=self._seed)
        trees.fit(design.rows[taught], design.retry[taught], sample_weight=design.weights(taught))

        def scores(pairs: Sequence[Candidate]) -> Floats:
            likely: Floats = trees.predict_proba(_rows(pairs))[:, 1]
            return likely

        return scores

    def _tuned(self, name: str) -> Tuned:
        network = _NETWORKS[name](self._seed)
        taught = ~self._apart & ~self._calls
        weights = self._design.weights(taught)
        count = min(self._lessons, int(taught.sum()))
        draw = np.random.default_rng(self._seed)
        chosen = draw.choice(np.flatnonzero(taught), count, replace=False, p=weights / weights.sum())
        lessons = [self._lesson(network, at, self._examples[at].candidate) for at in chosen.tolist()]
        tune(network, lessons, 1, self._seed, self._cache / f"{name}.pt", self._progress)
        return network

    def _tuned_on(self, name: str, half: int, places: NDArray[np.int64]) -> Tuned:
        """A network that went on to learn from some calls, without what the assistant said."""
        network = self._tuned(name)
        lessons = []
        for at in places.tolist():
            hidden = replace(self._examples[at].candidate, response=None, asked=None)
            lessons.append(self._lesson(network, at, hidden))
        tune(network, lessons, CALL_PASSES, self._seed, self._cache / f"{name}-calls-{half}.pt", self._progress)
        return network

    def _lesson(self, network: Tuned, at: int, pair: Candidate) -> Lesson:
        return Lesson(network.tokens(pair), bool(self._design.retry[at]))

    def _threshold(self, scores: Scores) -> float:
        """The best F1 on natural requests kept apart, but no lower than lets `FALSE_ALARMS` of the others pass."""
        places = np.flatnonzero(self._apart & np.isin(self._design.source, NATURAL))
        if len(places) > _THRESHOLD_CASES:
            places = np.random.default_rng(self._seed).choice(places, _THRESHOLD_CASES, replace=False)
        found = scores([self._examples[at].candidate for at in places])
        retry = self._design.retry[places]
        return max(best_threshold(retry, found), float(np.quantile(found[~retry], 1.0 - FALSE_ALARMS)))


def _rows(pairs: Sequence[Candidate]) -> NDArray[np.float64]:
    return np.stack([gate_features(pair) for pair in pairs]).astype(np.float64)


def _letters(pairs: Sequence[Candidate]) -> Floats:
    return _rows(pairs)[:, _LETTERS]


def _probabilities_of(network: Tuned) -> Scores:
    return lambda pairs: np.array([probability(odds) for odds in network.odds(pairs).tolist()])


def _fingerprint(examples: Sequence[Example], seed: int, lessons: int) -> str:
    """Of what a network learns from: other examples, another file."""
    digest = sha256(f"{_FORMAT} {seed} {lessons} {CALL_PASSES}".encode())
    for one in examples:
        digest.update(repr(one).encode())
    return digest.hexdigest()[:12]

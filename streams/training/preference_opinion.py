"""Fits the model of answers to questions about likes to interviews."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.svm import SVC

from models.minilm import WIDTH
from models.preference.features import Floats, Turn
from models.preference.gate import cues_of
from models.preference.opinion import ENTITY_TYPES, SHARES, OpinionModel, asked_for, marks_of, states_of
from schemas.preference import Polarity
from streams.adapters.ccpe import Annotation, Interview, UserTurn, user_turns

COMPONENTS: Final = 160
_MARKS_WEIGHT: Final = 4.0
_COST: Final = 1.5
_WIDTH_OF_KERNEL: Final = 0.5
_FEWEST: Final = 3
"""Answers that have a cue."""
_CUE_WEIGHT: Final = 0.2
"""How much a cue counts beside the states."""

StatesOf = Callable[[str], Floats]


@dataclass(frozen=True, slots=True)
class Answers:
    """Turns of interviews as numbers. `states` (n, 2304), `marks` (n, 14); `groups`: the interview of each."""

    turns: tuple[UserTurn, ...]
    states: Floats
    marks: Floats
    groups: NDArray[np.int64]

    @property
    def opinions(self) -> NDArray[np.bool_]:
        """Which of them state a preference."""
        return np.array([one.annotation is Annotation.PREFERENCE for one in self.turns])

    def __getitem__(self, chosen: NDArray[np.bool_]) -> "Answers":
        places = np.flatnonzero(chosen)
        return Answers(
            tuple(self.turns[at] for at in places), self.states[places], self.marks[places], self.groups[places]
        )


def texts_of(turn: Turn) -> tuple[str, str, str]:
    """The texts of which the word states are needed."""
    return turn.text, turn.asked, turn.said


def answers_of(interviews: Sequence[Interview], states: StatesOf) -> Answers:
    """The annotated turns of interviews. Those that name a film are left out: it is not known what they state."""
    chosen = [
        (group, one)
        for group, interview in enumerate(interviews)
        for one in user_turns(interview)
        if one.annotation not in (None, Annotation.NAME) and one.turn.text.strip()
    ]
    rows = [states_of(*(states(text) for text in texts_of(one.turn))) for _, one in chosen]
    return Answers(
        tuple(one for _, one in chosen),
        np.stack(rows),
        np.stack([marks_of(one.turn) for _, one in chosen]),
        np.array([group for group, _ in chosen], dtype=np.int64),
    )


def fit_opinion(answers: Answers, seed: int) -> OpinionModel:
    """The model of these answers."""
    components, center = _components(answers, seed)
    rows = np.hstack([answers.states, answers.marks]) @ components.T - center
    gamma = _WIDTH_OF_KERNEL / COMPONENTS
    machine = SVC(C=_COST, gamma=gamma).fit(rows, answers.opinions)
    tensors: dict[str, NDArray[Any]] = {
        "components": components,
        "center": center,
        "support": machine.support_vectors_,
        "dual": machine.dual_coef_[0],
        "bias": machine.intercept_,
        "gamma": np.array([gamma]),
    }
    cues, likes = _likes(answers)
    return OpinionModel(tensors | _types(answers, rows) | likes, cues)


def silver_polarity(turn: UserTurn) -> Polarity | None:
    """What the question was after, for turns that state a preference; nobody annotated polarity."""
    return asked_for(turn.turn.question) if turn.annotation is Annotation.PREFERENCE else None


def _components(answers: Answers, seed: int) -> tuple[Floats, Floats]:
    """(160, 2318) and (160,): rows of principal components, whitened by one number, and what to take off."""
    rows = np.hstack([answers.states, answers.marks])
    mean = rows.mean(0)
    weights = np.empty(rows.shape[1], dtype=np.float32)
    for at, share in enumerate(SHARES):
        part = slice(at * WIDTH, (at + 1) * WIDTH)
        weights[part] = share / max(float((rows[:, part] - mean[part]).std()), 1e-6)
    marks = slice(len(SHARES) * WIDTH, None)
    weights[marks] = _MARKS_WEIGHT / np.maximum(rows[:, marks].std(0), 1e-3)
    scaled = (rows - mean) * weights
    machine = PCA(COMPONENTS, random_state=seed, svd_solver="randomized").fit(scaled)
    spread = float(machine.transform(scaled).std())
    components = (machine.components_ * weights / spread).astype(np.float32)
    return components, np.asarray(components @ mean, dtype=np.float32)


def _types(answers: Answers, rows: Floats) -> dict[str, NDArray[Any]]:
    told = np.array([one.entity_type is not None and one.annotation is Annotation.PREFERENCE for one in answers.turns])
    types = [
        ENTITY_TYPES.index(one.entity_type)
        for one in answers.turns
        if one.entity_type is not None and one.annotation is Annotation.PREFERENCE
    ]
    machine = LogisticRegression(C=0.05, max_iter=300).fit(rows[told], types)
    weights = np.zeros((len(ENTITY_TYPES), COMPONENTS))
    bias = np.full(len(ENTITY_TYPES), -1e4)
    coefficients, intercepts = machine.coef_, machine.intercept_
    if len(machine.classes_) == 2:
        coefficients, intercepts = np.vstack([-coefficients, coefficients]) / 2, np.append(-intercepts, intercepts) / 2
    weights[machine.classes_], bias[machine.classes_] = coefficients, intercepts
    return {"types.weights": weights, "types.bias": bias}


def _likes(answers: Answers) -> tuple[list[str], dict[str, NDArray[Any]]]:
    """(cues, tensors) of a logistic regression on the answer's states, each of the same spread, and on its words."""
    silver = [silver_polarity(one) for one in answers.turns]
    told = np.array([one is not None for one in silver])
    likes = [one is Polarity.LIKE for one in silver if one is not None]
    cued = [set(cues_of(one.turn.text)) for one, known in zip(answers.turns, told, strict=True) if known]
    counts = Counter(cue for cues in cued for cue in cues)
    names = sorted(cue for cue, count in counts.items() if count >= _FEWEST)
    number = {cue: at for at, cue in enumerate(names)}
    words = np.zeros((len(cued), len(names)), dtype=np.float32)
    for row, cues in enumerate(cued):
        words[row, [number[cue] for cue in cues if cue in number]] = _CUE_WEIGHT
    states = answers.states[told][:, : 2 * WIDTH]
    mean = states.mean(0)
    spread = (states.std(0) + 1e-4) * np.sqrt(states.shape[1])
    rows = np.hstack([(states - mean) / spread, words])
    machine = LogisticRegression(C=1.0, max_iter=500, class_weight="balanced").fit(rows, likes)
    weights = machine.coef_[0][: len(mean)] / spread
    return names, {
        "likes.weights": weights,
        "likes.bias": machine.intercept_ - weights @ mean,
        "likes.words": machine.coef_[0][len(mean) :] * _CUE_WEIGHT,
    }

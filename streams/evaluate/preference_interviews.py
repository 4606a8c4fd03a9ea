"""Interviews about films: which answers state a preference, about what kind of thing, and whether it is liked."""

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import hstack
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score

from models.preference.model import PreferenceModel
from models.preference.opinion import OpinionModel
from schemas.preference import Polarity
from streams.adapters.ccpe import Annotation, Interview, UserTurn, user_turns
from streams.evaluate.correction_rewrites import grouped
from streams.evaluate.figures import Bools, Figure, Floats, Groups, auc, decide, f1, with_interval
from streams.training.preference_opinion import Answers, answers_of, fit_opinion, silver_polarity
from streams.training.preference_sets import fingerprint
from streams.training.preference_thresholds import FOLDS
from streams.training.word_states import WordStates

_SEED: Final = 1

Progress = Callable[[str], None]
Found = tuple[dict[str, Figure], list[str]]


def evaluate_interviews(
    interviews: Sequence[Interview], model: PreferenceModel, states: WordStates, progress: Progress
) -> Found:
    """Cross-validated by interview where the model that ships saw them, else by that model."""
    new = [one for one in interviews if fingerprint("ccpe", one.id) not in model.learned]
    seen = [one for one in interviews if fingerprint("ccpe", one.id) in model.learned]
    figures: dict[str, Figure] = {}
    notes: list[str] = []
    if seen:
        progress(f"{len(seen)} interviews that the model learned from: cross-validation")
        figures |= _cross_validated(seen, states)
        notes.append(
            f"ccpe: {FOLDS} folds by interview; thresholds from the other folds. Turns that name a film are "
            "left out, as they have one label and often state a preference as well."
        )
        notes.append(
            "Polarity: nobody annotated it; what the question was after stands for it, and the model here "
            "sees the answer alone."
        )
    if new:
        progress(f"{len(new)} interviews that are new to the model")
        figures |= _shipped(new, model)
        notes.append(
            "ccpe_new: interviews that the model never saw, judged by the weights and the threshold that ship."
        )
    return figures, notes


def _cross_validated(interviews: Sequence[Interview], states: WordStates) -> dict[str, Figure]:
    states.learn(one.turn for interview in interviews for one in user_turns(interview))
    answers = answers_of(interviews, states)
    fold = answers.groups % FOLDS
    models = [fit_opinion(answers[fold != at], _SEED) for at in range(FOLDS)]
    said = [
        models[at].judge(one.turn, row)
        for at, one, row in zip(fold.tolist(), answers.turns, answers.states, strict=True)
    ]
    scores = np.array([one.opinion for one in said])
    floor, floor_types = _floors(answers, fold)
    truth = answers.opinions
    against_other = np.array([one.annotation in (Annotation.PREFERENCE, Annotation.OTHER) for one in answers.turns])
    return {
        **_statement_figures("ccpe_statement", truth, scores, answers.groups),
        **_statement_figures("ccpe_statement_tfidf", truth, floor, answers.groups),
        "ccpe_statement_f1_against_turns_about_nothing": _decided(
            truth[against_other], scores[against_other], answers.groups[against_other]
        ),
        "ccpe_statement_always_yes_f1": Figure(f1(truth, np.ones(len(truth))), n=len(truth)),
        **_type_figures(answers, [one.entity_type.value for one in said], floor_types),
        **_polarity_figures(answers, fold, models),
    }


def _shipped(interviews: Sequence[Interview], model: PreferenceModel) -> dict[str, Figure]:
    chosen: list[tuple[int, UserTurn]] = [
        (group, one)
        for group, interview in enumerate(interviews)
        for one in user_turns(interview)
        if one.annotation not in (None, Annotation.NAME) and one.turn.text.strip()
    ]
    found = model.find([one.turn for _, one in chosen], guided=True)
    truth = np.array([one.annotation is Annotation.PREFERENCE for _, one in chosen])
    groups = np.array([group for group, _ in chosen], dtype=np.int64)
    scores = np.array([one.score for one in found])
    decisions = np.array([float(one.states) for one in found])
    return {
        "ccpe_new_statement_f1": with_interval(f1, truth, decisions, groups),
        "ccpe_new_statement_auc": with_interval(auc, truth, scores, groups),
    }


def _statement_figures(name: str, truth: Bools, scores: Floats, groups: Groups) -> dict[str, Figure]:
    return {f"{name}_f1": _decided(truth, scores, groups), f"{name}_auc": with_interval(auc, truth, scores, groups)}


def _decided(truth: Bools, scores: Floats, groups: Groups) -> Figure:
    return with_interval(f1, truth, decide(truth, scores, groups, FOLDS), groups)


def _floors(answers: Answers, fold: NDArray[np.int64]) -> tuple[Floats, list[str]]:
    """TF-IDF of answer and question with a logistic regression: scores of statements, and entity types."""
    scores = np.zeros(len(answers.turns))
    types = np.empty(len(answers.turns), dtype=object)
    told = np.array([one.entity_type is not None and one.annotation is Annotation.PREFERENCE for one in answers.turns])
    names = np.array([one.entity_type.value if one.entity_type is not None else "" for one in answers.turns])
    texts = ([one.turn.text for one in answers.turns], [one.turn.question for one in answers.turns])
    for at in range(FOLDS):
        own = fold == at
        parts = []
        for side in texts:
            vectors = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, min_df=2)
            vectors.fit([side[place] for place in np.flatnonzero(~own)])
            parts.append(vectors.transform(side))
        rows = hstack(parts).tocsr()
        machine = LogisticRegression(C=3.0, max_iter=300).fit(rows[~own], answers.opinions[~own])
        scores[own] = machine.predict_proba(rows[own])[:, 1]
        kinds = LogisticRegression(C=3.0, max_iter=300).fit(rows[~own & told], names[~own & told])
        types[own] = kinds.predict(rows[own])
    return scores, types.tolist()


def _type_figures(answers: Answers, said: Sequence[str], floor: Sequence[str]) -> dict[str, Figure]:
    told = np.array([one.entity_type is not None and one.annotation is Annotation.PREFERENCE for one in answers.turns])
    truth = np.array([one.entity_type.value if one.entity_type is not None else "" for one in answers.turns])[told]
    groups = answers.groups[told]

    def micro(guessed: Sequence[str]) -> Figure:
        chosen = np.array(guessed, dtype=object)[told]
        return grouped(lambda at: float(f1_score(truth[at], chosen[at], average="weighted", zero_division=0.0)), groups)

    return {"ccpe_entity_type_weighted_f1": micro(said), "ccpe_entity_type_tfidf_weighted_f1": micro(floor)}


def _polarity_figures(answers: Answers, fold: NDArray[np.int64], models: Sequence[OpinionModel]) -> dict[str, Figure]:
    silver = [silver_polarity(one) for one in answers.turns]
    told = np.array([one is not None for one in silver])
    dislikes = np.array([one is Polarity.DISLIKE for one in silver])
    ours, floor = np.zeros(len(silver)), np.zeros(len(silver))
    texts = [one.turn.text for one in answers.turns]
    for at in range(FOLDS):
        own = fold == at
        ours[own] = [
            models[at].liking(texts[place], answers.states[place]) < 0 for place in np.flatnonzero(own).tolist()
        ]
        vectors = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, min_df=2)
        vectors.fit([texts[place] for place in np.flatnonzero(~own & told)])
        rows = vectors.transform(texts)
        machine = LogisticRegression(C=3.0, max_iter=300, class_weight="balanced").fit(
            rows[~own & told], dislikes[~own & told]
        )
        floor[own] = machine.predict(rows[own])
    groups = answers.groups[told]
    return {
        "ccpe_dislike_f1_by_answer_alone": with_interval(f1, dislikes[told], ours[told], groups),
        "ccpe_dislike_tfidf_f1": with_interval(f1, dislikes[told], floor[told], groups),
        "ccpe_dislike_share": Figure(float(dislikes[told].mean()), n=int(told.sum())),
    }

"""Failure points of single spoken commands: how well the component that failed first is told for new sentences."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from models.failure_point_commands.command import Command
from models.failure_point_commands.jury import CLASSES, calibrated
from models.failure_point_commands.model import CommandModel
from schemas.failure_point import FailurePoint
from streams.adapters.slurp import LabelledRecording, parsed
from streams.adapters.source import AdapterError
from streams.evaluate.failure_point_commands_figures import (
    Told,
    calibration_figure,
    f1_figures,
    gain_figure,
    macro_figure,
)
from streams.evaluate.figures import Figure, Report
from streams.training.failure_point_commands import Labelled, clear_cut
from streams.training.failure_point_commands_jury import FOLDS, across_sentences, fit_calibration, folds_of

NAME: Final = "failure_point_commands"
GROUPS: Final = ("intent", "text", "entity", "far_field")
"""Groups of evidence, each left out in turn."""

_SEED: Final = 1
_STEPS: Final = 500

Progress = Callable[[str], None]
Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


def evaluate_commands(
    rows: Sequence[Mapping[str, object]], progress: Progress, model: CommandModel | None = None
) -> Report:
    """Macro-F1 over correct, asr, nlu and entity, by class and beside floors; mixed rows are left out.

    Where the model that ships has seen none of the sentences, `macro_f1` is its own. Otherwise its last classifiers
    are made again across sentences, and `macro_f1_shipped` is its own on the sentences that are new to it, if any.
    `rows`: in the format of slurp. Raises `AdapterError` where one is not or none is clear-cut, `ModelFolderError` and
    `ModelsNotInstalled` without a model.
    """
    model = model or CommandModel.load()
    labelled = clear_cut(parsed(rows, LabelledRecording))
    if not labelled.rows:
        raise AdapterError(f"none of {len(rows)} recordings has a clear-cut failure point of {', '.join(CLASSES)}")
    new = np.array([not model.learned_from(row.gold_text) for row in labelled.rows])
    notes = [f"{len(labelled.rows)} recordings of {len(np.unique(labelled.sentence))} sentences; mixed rows left out."]
    figures: dict[str, Figure] = {}
    if new.any():
        progress(f"{int(new.sum()):,} recordings of new sentences, by the model that ships")
        told, probabilities = _shipped(model, labelled, new)
        own = {"macro_f1": told} if new.all() else {}
        figures |= f1_figures(told) if own else {}
        figures["macro_f1_shipped"] = macro_figure(told)
        figures["ece_shipped"] = calibration_figure(probabilities, told.truth, told.sentence)
        notes.append("macro_f1_shipped: the weights that ship, on sentences that they have not seen.")
    if not new.all():
        found, said = _across(model, labelled, progress)
        figures |= found
        notes += said
    elif len(np.unique(labelled.sentence)) >= FOLDS:
        figures |= _floors(labelled, progress)
    notes.append("Intervals: 95 %, bootstrap by sentence. Floors are cross-validated by sentence on the same rows.")
    return Report(NAME, figures, tuple(notes))


def _shipped(model: CommandModel, labelled: Labelled, chosen: NDArray[np.bool_]) -> tuple[Told, Floats]:
    places = np.flatnonzero(chosen)
    judged = model.judge([labelled.commands[at] for at in places.tolist()])
    said = np.array([CLASSES.index(one.failure_point or FailurePoint.CORRECT) for one in judged])
    points = list(FailurePoint)
    columns = [points.index(label) for label in CLASSES]
    probabilities = np.array([one.probabilities for one in judged])[:, columns]
    return Told(labelled.truth[places], said, labelled.sentence[places]), probabilities


def _across(model: CommandModel, labelled: Labelled, progress: Progress) -> tuple[dict[str, Figure], list[str]]:
    """The last classifiers made again for each fold; what they read comes from a model that never saw recordings."""
    progress("evidence")
    evidence = model.evidence(labelled.commands)
    progress("all of the evidence")
    verdicts = across_sentences(evidence, labelled.commands, labelled.truth, labelled.sentence, _SEED)
    whole = _told(labelled, verdicts.argmax(1))
    figures = f1_figures(whole)
    figures["ece"] = calibration_figure(_calibrated_across(verdicts, labelled), labelled.truth, labelled.sentence)
    figures |= _floors(labelled, progress, whole)
    for group in GROUPS:
        progress(f"without {group}")
        less = [{name: value for name, value in one.items() if not name.startswith(group)} for one in evidence]
        left = across_sentences(less, labelled.commands, labelled.truth, labelled.sentence, _SEED)
        figures[f"macro_f1_without_{group}"] = macro_figure(_told(labelled, left.argmax(1)))
    return figures, [
        "Cross-validated by sentence: the model that ships learned from some of these sentences.",
        "The models behind the evidence learned from checked commands alone and are those that ship.",
    ]


def _floors(labelled: Labelled, progress: Progress, told: Told | None = None) -> dict[str, Figure]:
    progress("floors")
    majority = _told(labelled, np.full(len(labelled.truth), np.bincount(labelled.truth).argmax()))
    words = _told(labelled, tfidf_across(labelled.commands, labelled.truth, labelled.sentence))
    figures = {
        "macro_f1_tfidf": macro_figure(words),
        "macro_f1_far_field": macro_figure(_told(labelled, _far_field_across(labelled))),
        "macro_f1_majority": macro_figure(majority),
    }
    return figures if told is None else figures | {"gain_over_tfidf": gain_figure(told, words)}


def tfidf_across(commands: Sequence[Command], truth: Integers, sentence: Integers) -> Integers:
    """The floor: a logistic regression, all classes alike, on TF-IDF of the words, the intent and the types."""
    texts = [
        " ".join([one.text, one.intent, *(entity.type for entity in one.entities), "far" if one.far_field else "near"])
        for one in commands
    ]
    said = np.zeros(len(truth), dtype=np.int64)
    for rest, own in folds_of(truth, sentence, _SEED):
        vectors = TfidfVectorizer(token_pattern=r"\S+", ngram_range=(1, 2), sublinear_tf=True)
        fitted = LogisticRegression(max_iter=_STEPS, class_weight="balanced").fit(
            vectors.fit_transform([texts[at] for at in rest]), truth[rest]
        )
        said[own] = fitted.predict(vectors.transform([texts[at] for at in own]))
    return said


def _far_field_across(labelled: Labelled) -> Integers:
    """The class that is most over-represented at its distance of the microphone."""
    far = np.array([[one.far_field] for one in labelled.commands], dtype=np.float64)
    said = np.zeros(len(labelled.truth), dtype=np.int64)
    for rest, own in folds_of(labelled.truth, labelled.sentence, _SEED):
        fitted = LogisticRegression(class_weight="balanced").fit(far[rest], labelled.truth[rest])
        said[own] = fitted.predict(far[own])
    return said


def _calibrated_across(verdicts: Floats, labelled: Labelled) -> Floats:
    probabilities = np.zeros_like(verdicts)
    for rest, own in folds_of(labelled.truth, labelled.sentence, _SEED):
        probabilities[own] = calibrated(verdicts[own], fit_calibration(verdicts[rest], labelled.truth[rest]))
    return probabilities


def _told(labelled: Labelled, said: Integers) -> Told:
    return Told(labelled.truth, said, labelled.sentence)

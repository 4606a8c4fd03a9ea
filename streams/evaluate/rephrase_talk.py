"""False alarms of the rephrase model: in chit-chat nothing is asked again, and an answer to a question is no retry.

Neither set taught the weights that ship.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np

from models.rephrase.candidate import Label
from models.rephrase.retry_model import RetryModel
from processors.similarity import characters_alike, words_of
from streams.evaluate.figures import Bools, Figure, Floats, Groups, f1, floats, with_interval
from streams.training.rephrase_examples import Example

_ALIKE: Final = 0.5
"""Likeness of letters at which the baseline takes a request for a retry; the gate of the stream opens there."""


def talk_figures(name: str, examples: Sequence[Example], model: RetryModel) -> dict[str, Figure]:
    """False alarms in 100 turns at the operating threshold, all told and of answers; bootstrap by dialogue."""
    judged = model.judge([example.candidate for example in examples])
    alarms = floats([one.label in (Label.REPEAT, Label.REPHRASE) for one in judged])
    alike = floats(
        [
            characters_alike(words_of(example.candidate.first), words_of(example.candidate.second)) >= _ALIKE
            for example in examples
        ]
    )
    groups = _groups(examples)
    answers = np.array([example.label is Label.REFINEMENT for example in examples])
    figures = {
        f"{name}_false_alarms_per_100": _per_100(alarms, groups),
        f"{name}_baseline_similarity_false_alarms_per_100": _per_100(alike, groups),
    }
    if answers.any():
        refined = floats([one.label is Label.REFINEMENT for one in judged])
        figures[f"{name}_answer_false_alarms_per_100"] = _per_100(alarms[answers], groups[answers])
        figures[f"{name}_refinement_f1"] = with_interval(f1, answers, refined, groups)
        figures[f"{name}_baseline_always_refinement_f1"] = with_interval(f1, answers, np.ones(len(answers)), groups)
    return figures


def _per_100(alarms: Floats, groups: Groups) -> Figure:
    return with_interval(_mean, np.zeros(len(alarms), dtype=bool), 100.0 * alarms, groups)


def _mean(_: Bools, values: Floats) -> float:
    return float(values.mean())


def _groups(examples: Sequence[Example]) -> Groups:
    numbers: dict[str, int] = {}
    return np.array([numbers.setdefault(example.group, len(numbers)) for example in examples], dtype=np.int64)

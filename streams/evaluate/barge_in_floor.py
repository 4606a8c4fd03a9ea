"""Meetings: does who starts to speak over others take the floor? Told after the first words, scored by AUC.

A case is a start while somebody else has been speaking and goes on to. It is true when annotators found that it cuts
the other off. Intervals are resampled by meeting.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from models.barge_in.floor import WORDS_HEARD, FloorCase, FloorModel, floor_case
from models.barge_in.meeting import Meeting
from streams.evaluate.barge_in_meetings import Meetings
from streams.evaluate.figures import Bools, Figure, Floats, Groups, auc, with_interval
from streams.training.barge_in_fit import floor_across_meetings

_LEAST_MEETINGS = 2


class FloorCases(NamedTuple):
    """Cases of one number of words heard, whether each took the floor, and the number of its meeting."""

    cases: list[FloorCase]
    takes: Bools
    groups: Groups

    @property
    def lexicon(self) -> Floats:
        """The baseline: a start takes the floor unless it has only backchannels so far."""
        return np.array([0.0 if case.only_listens else 1.0 for case in self.cases])


def floor_cases(meetings: Mapping[str, Meeting], takes: Mapping[str, bool], words_heard: int) -> FloorCases:
    """All starts over others, in the order of meetings and starts."""
    cases: list[FloorCase] = []
    truth: list[bool] = []
    groups: list[int] = []
    for number, name in enumerate(sorted(meetings)):
        for overlap in meetings[name].overlaps():
            cases.append(floor_case(meetings[name], overlap, words_heard))
            truth.append(takes[overlap.act.id])
            groups.append(number)
    return FloorCases(cases, np.array(truth, dtype=np.bool_), np.array(groups, dtype=np.int64))


def evaluate_floor(meetings: Meetings, model: FloorModel | None) -> dict[str, Figure]:
    """`mrda_auc_1`, `mrda_auc_3` and their baselines; none without labels.

    `mrda_auc_N` scores each start by weights that never saw its meeting: the model's where it did not, else those of a
    cross-validation over these meetings. `cv_mrda_auc_N` is the cross-validation on all of them.
    """
    if meetings.takes is None:
        return {}
    figures: dict[str, Figure] = {}
    for heard in WORDS_HEARD:
        found = floor_cases(meetings.meetings, meetings.takes, heard)
        if not found.takes.any() or found.takes.all():
            continue
        crossed = words = None
        if len(np.unique(found.groups)) >= _LEAST_MEETINGS:
            crossed = floor_across_meetings(found.cases, found.takes, found.groups)
            words = floor_across_meetings(found.cases, found.takes, found.groups, only_words=True)
        scores = _unseen(found, sorted(meetings.meetings), model, heard, crossed)
        if scores is not None:
            figures[f"mrda_auc_{heard}"] = _auc(found, scores)
        if crossed is not None and words is not None:
            figures[f"cv_mrda_auc_{heard}"] = _auc(found, crossed)
            figures[f"cv_mrda_auc_{heard}_words"] = _auc(found, words)
        figures[f"mrda_auc_{heard}_lexicon"] = _auc(found, found.lexicon)
        figures[f"mrda_share_{heard}"] = Figure(float(found.takes.mean()), n=len(found.takes))
    return figures


def _auc(found: FloorCases, scores: Floats) -> Figure:
    """With an interval by meeting where there are meetings to draw from."""
    if len(np.unique(found.groups)) < _LEAST_MEETINGS:
        return Figure(auc(found.takes, scores), n=len(found.takes))
    return with_interval(auc, found.takes, scores, found.groups)


def _unseen(
    found: FloorCases, names: list[str], model: FloorModel | None, heard: int, crossed: Floats | None
) -> Floats | None:
    if model is None:
        return crossed
    seen = np.array([names[group] in model.meetings for group in found.groups.tolist()])
    if seen.any() and crossed is None:
        return None
    scores = np.zeros(len(found.cases)) if crossed is None else crossed.copy()
    for at in np.flatnonzero(~seen):
        scores[at] = model.score_case(found.cases[at], heard)
    return scores

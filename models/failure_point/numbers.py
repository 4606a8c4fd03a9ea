"""What a turn's metadata says, as numbers: confidences, their margins, counts, status, timing, feedback."""

from collections.abc import Iterable, Sequence
from enum import StrEnum
from math import log, nan
from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.failure_point.case import Case, Neighbour
from models.failure_point.relations import RELATIONS, relations
from models.failure_point.repairs import REPAIRS, repairs
from models.failure_point.texts import PAIRS, Embedded, likenesses

Floats = NDArray[np.float32]

STATUSES: Final = ("answered", "asked", "not-understood", "unsupported", "failed")
PLAYED: Final = ("started", "paused", "resumed", "stopped", "finished")
SIGNALS: Final = (
    "barge-in:stop",
    "barge-in:correction",
    "barge-in:continuation",
    "barge-in:backchannel",
    "barge-in:other-directed",
    "repeat",
    "rephrase",
    "refinement",
    "correction:third-position",
    "correction:self-repair",
    "termination:stop-request",
    "termination:playback-stopped",
    "termination:hang-up",
    "explicit-answer:yes",
    "explicit-answer:no",
    "explicit-answer:unclear",
)

_EDGE: Final = 0.001

CONFIDENCES: Final = (
    "recogniser",
    "recogniser_beside_others",
    "recogniser_margin",
    "interpreter",
    "interpreter_beside_others",
    "interpreter_margin",
    "wake",
    "wake_beside_others",
    "entity_least",
    "entity_mean",
    "other_recogniser",
    "other_interpreter",
    "other_wake",
    "others",
)
PARTS: Final = (
    "spoken",
    "place",
    "alternatives",
    "guesses",
    "interpreted",
    "intent_named",
    "responded",
    "acted",
    "found",
    "rewritten",
    "speech_s",
    "answer_s",
    "words_a_second",
    "answer_words_a_second",
    "gap_before_s",
    "gap_after_s",
    "later",
)
_MEASURED: Final = (
    *CONFIDENCES,
    *PARTS,
    *(f"status_{name}" for name in STATUSES),
    *(f"before_{name}" for name in STATUSES),
    *(f"after_{name}" for name in STATUSES),
    *(f"played_{name}" for name in PLAYED),
    *SIGNALS,
    *RELATIONS,
    *REPAIRS,
)
NAMES: Final = (*_MEASURED, *(f"{one}~{other}" for one, other in PAIRS))
"""What each column of `numbers` is."""


class Group(StrEnum):
    """Numbers that share a token."""

    CONFIDENCES = "confidences"
    PARTS = "parts"
    SLOTS = "slots"
    RESULT = "result"
    ALTERNATIVES = "alternatives"
    BEFORE = "before"
    AFTER = "after"
    FEEDBACK = "feedback"
    MEANING = "meaning"


_PREFIXES: Final = {
    "status_": Group.PARTS,
    "before_": Group.BEFORE,
    "earlier_": Group.BEFORE,
    "after_": Group.AFTER,
    "later": Group.AFTER,
    "next_": Group.AFTER,
    "played_": Group.FEEDBACK,
    "result_": Group.RESULT,
    "alternative_": Group.ALTERNATIVES,
}
_BESIDE: Final = ("recogniser_beside_others", "interpreter_beside_others", "wake_beside_others")
_OTHERS: Final = (*_BESIDE, "other_recogniser", "other_interpreter", "other_wake", "others")


def _group_of(name: str) -> Group:
    if name in CONFIDENCES:
        return Group.CONFIDENCES
    if name in SIGNALS:
        return Group.FEEDBACK
    if "~" in name:
        return Group.MEANING
    if name in ("gap_before_s", "entities_as_earlier"):
        return Group.BEFORE
    if name == "gap_after_s":
        return Group.AFTER
    if name in PARTS:
        return Group.PARTS
    return next((group for prefix, group in _PREFIXES.items() if name.startswith(prefix)), Group.SLOTS)


GROUP_OF: Final = tuple(map(_group_of, NAMES))
"""The group of each column."""

OF_CONTEXT: Final = frozenset(
    name
    for name, group in zip(NAMES, GROUP_OF, strict=True)
    if group in (Group.BEFORE, Group.AFTER, Group.FEEDBACK)
    or name in _OTHERS
    or "before" in name
    or "after" in name
    or "earlier" in name
)
"""Columns that need more than the turn itself."""


def numbers(cases: Sequence[Case], embedded: Embedded) -> Floats:
    """(cases, len(NAMES)); not a number: not known. `embedded` are the cases' own texts."""
    rows = [[*_confidences(case), *_parts(case), *_kinds(case), *relations(case), *repairs(case)] for case in cases]
    measured = np.array(rows, dtype=np.float32).reshape(len(rows), len(_MEASURED))
    return np.concatenate((measured, likenesses(embedded)), axis=1)


def _confidences(case: Case) -> list[float]:
    around = [*case.earlier, *(case.later or ())]
    heard = _mean(turn.confidence for turn in around)
    understood = _mean(turn.understood for turn in around)
    woke = _mean(turn.wake for turn in around)
    own_heard, own_understood, own_wake = map(_logit, (case.confidence, case.understood, case.wake))
    scores = [slot[3] for slot in case.slots if slot[3] is not None]
    return [
        own_heard,
        own_heard - heard,
        _logit(case.alternatives[0][1]) - own_heard if case.alternatives else nan,
        own_understood,
        own_understood - understood,
        _logit(case.guesses[0][2]) - own_understood if case.guesses else nan,
        own_wake,
        own_wake - woke,
        _logit(min(scores)) if scores else nan,
        _mean(scores),
        heard,
        understood,
        woke,
        float(len(around)),
    ]


def _parts(case: Case) -> list[float]:
    earlier, later = case.earlier, case.later
    words = case.request.count(" ") + 1
    answer_words = case.response.count(" ") + 1 if case.response else nan
    return [
        float(case.spoken),
        log(1 + case.place),
        float(len(case.alternatives)) if case.spoken else nan,
        float(len(case.guesses)) if case.domain is not None else nan,
        float(case.domain is not None),
        float(case.intent is not None),
        float(case.response is not None),
        float(case.action is not None),
        float(case.result is not None),
        float(case.rewritten),
        _log(case.speech_s),
        _log(case.answer_s),
        words / case.speech_s if case.speech_s else nan,
        answer_words / case.answer_s if case.answer_s else nan,
        _gap(earlier[-1]) if earlier else nan,
        _gap(later[0]) if later else nan,
        float(len(later)) if later is not None else nan,
    ]


def _kinds(case: Case) -> list[float]:
    earlier, later = case.earlier, case.later
    own = _one_of(STATUSES, case.status)
    before = _one_of(STATUSES, earlier[-1].status) if earlier else [nan] * len(STATUSES)
    after = _one_of(STATUSES, later[0].status) if later else [nan] * len(STATUSES)
    played = _one_of(PLAYED, case.played) if later is not None else [nan] * len(PLAYED)
    told = dict(case.signals) if case.signals is not None else None
    shown = [told.get(name, 0.0) if told is not None else nan for name in SIGNALS]
    return [*own, *before, *after, *played, *shown]


def _one_of(names: tuple[str, ...], name: str | None) -> list[float]:
    return [float(name == one) for one in names]


def _gap(turn: Neighbour) -> float:
    return max(-10.0, min(30.0, turn.gap_s)) if turn.gap_s is not None else nan


def _logit(sure: float | None) -> float:
    if sure is None:
        return nan
    inside = min(1 - _EDGE, max(_EDGE, sure))
    return log(inside / (1 - inside))


def _log(seconds: float | None) -> float:
    return log(max(seconds, 0.05)) if seconds is not None else nan


def _mean(sure: Iterable[float | None]) -> float:
    known = [_logit(one) for one in sure if one is not None]
    return sum(known) / len(known) if known else nan

"""An interruption in numbers: what was said, to what, how alike it is to what was said before."""

from collections.abc import Sequence
from math import log1p
from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.barge_in.candidate import Candidate
from schemas.feedback import BargeInKind

Floats = NDArray[np.float64]

_UNKNOWN_WAKE: Final = 0.8
"""Of people who do address the device, about the mean."""

NAMES: Final = (
    *(f"rule_{kind.value}" for kind in BargeInKind),
    *(
        "stops",
        "stop_understood",
        "corrects",
        "listens",
        "steers",
        "asked",
        "went_wrong",
        "answered",
        "wake",
        "wake_known",
    ),
    *(
        "same_intent",
        "other_intent",
        "same_domain",
        "other_domain",
        "offset",
        "heard",
        "latency",
        "speech",
        "words",
        "pace",
        "no_words",
        "one_word",
    ),
    *("retry", "characters", "sounds", "content", "new_words", "lost_words", "same_words", "contained", "negates"),
)
_PAIRED: Final = ("asked", "answered", "went_wrong", "listens", "corrects")
_WITH: Final = (
    "retry",
    "characters",
    "sounds",
    "content",
    "new_words",
    "lost_words",
    "same_intent",
    "same_domain",
    "words",
    "wake",
)
_ONES: Final = [NAMES.index(one) for one in _PAIRED for _ in _WITH]
_OTHERS: Final = [NAMES.index(other) for _ in _PAIRED for other in _WITH]
WIDTH: Final = len(NAMES) + len(_ONES)

_NEGATIONS: Final = frozenset("no nope nah not wrong wait actually sorry".split())


def row_of(candidate: Candidate) -> list[float]:
    """`NAMES` of one candidate."""
    c = candidate
    first = c.text.split(" ", 1)[0]
    wake = _UNKNOWN_WAKE if c.wake is None else c.wake
    return [
        *(float(c.rule is kind) for kind in BargeInKind),
        float(c.stops),
        float(c.stop_understood),
        float(c.corrects),
        float(c.listens),
        float(c.steers),
        float(c.asked),
        float(c.went_wrong),
        float(c.answered),
        wake,
        float(c.wake is not None),
        float(c.same_intent is True),
        float(c.same_intent is False),
        float(c.same_domain is True),
        float(c.same_domain is False),
        log1p(max(0, c.offset_ms) / 1000),
        c.share_heard,
        log1p(max(0, c.stop_latency_ms) / 1000),
        log1p(max(0, c.speech_ms) / 1000),
        log1p(c.word_count),
        log1p(max(0, c.speech_ms) / 1000 / max(1, c.word_count)),
        float(c.word_count == 0),
        float(c.word_count == 1),
        c.retry_score,
        c.characters,
        c.sounds,
        c.content,
        log1p(c.new_words),
        log1p(c.lost_words),
        float(c.characters > 0.99),
        float(c.content > 0.99),
        float(first in _NEGATIONS),
    ]


def matrix_of(candidates: Sequence[Candidate]) -> Floats:
    """(candidates, `WIDTH`): the features and the products that let a linear model tell an answer from a retry."""
    if not candidates:
        return np.zeros((0, WIDTH))
    plain = np.array([row_of(candidate) for candidate in candidates], dtype=np.float64)
    return np.concatenate([plain, plain[:, _ONES] * plain[:, _OTHERS]], axis=1)

"""How surely a rewrite that a person taught for this very request is what they mean now.

Their lessons alone say it: how many agree, how many came to something else, and how often the source was meant as it
is. How surely so many hold was counted among other people.
"""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.rewrite.candidate import Candidate, Channel, Via
from models.rewrite.entry import Entry

_LESSONS: Final = 5
"""Learned lessons are no more than these; a record with more was put there by who looks after the table."""

_PRIOR: Final = 0.5

Floats = NDArray[np.float64]


class Lessons(NamedTuple):
    """How many agree with a target, how many came to something else, in how many the source was meant as it is."""

    agree: int
    others: int
    as_it_is: int


class OwnLessons:
    """Judges what a person taught. `sure`: how surely so many lessons hold, lessons that are not in it never;
    `threshold`: from where they are served."""

    def __init__(self, sure: Mapping[Lessons, float], threshold: float) -> None:
        self.sure = sure
        self.threshold = threshold

    def likely(self, candidates: Sequence[Candidate]) -> Floats:
        """The probability, a lower bound, that each candidate is what is meant and the request fails without it."""
        return np.array([self.sure.get(lessons_of(one.entry), 0.0) for one in candidates])


def for_this_request(candidate: Candidate) -> bool:
    """Whether it was found by these very words, or by what was understood of them."""
    return candidate.channel in (Channel.EXACT, Channel.STATE) and candidate.via is Via.SOURCE


def is_taught(candidate: Candidate) -> bool:
    """Whether a person's lessons for this very request made this candidate."""
    worked = candidate.entry.target_success
    return candidate.entry.personal and for_this_request(candidate) and worked.weight - 2 * _PRIOR <= _LESSONS


def lessons_of(entry: Entry) -> Lessons:
    """What an entry that was taught rests on."""
    worked, as_it_is = entry.target_success, entry.source_success.good - _PRIOR
    return Lessons(round(worked.good - _PRIOR), round(worked.bad - _PRIOR - as_it_is), round(as_it_is))

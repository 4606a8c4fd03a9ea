"""How surely a person's own lessons hold, counted, and from how surely they are served.

The threshold is chosen on people who were not counted, each third of the people judged by the others.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Final, NamedTuple

import numpy as np

from models.rewrite.own_lessons import Lessons, OwnLessons
from processors.posterior import success as posterior
from streams.training.rewrite_own import OwnExample, OwnWorld
from streams.training.rewrite_table import share_of

FOLDS: Final = 3
FALSE_TRIGGERS: Final = 5 / 10_000
LEAST_PRECISION: Final = 0.5


class _Scored(NamedTuple):
    score: float
    meant: bool
    right: bool


class Served(NamedTuple):
    """What came of a threshold: requests that a rewrite set right, that it spoiled, and that were wrong before and
    after, of `clean` that were understood right."""

    won: int
    lost: int
    missed: int
    clean: int

    def and_of(self, scored: Sequence[_Scored]) -> "Served":
        """With these rewritten as well."""
        won = sum(one.meant and not one.right for one in scored)
        lost = sum(one.right and not one.meant for one in scored)
        missed = sum(not one.right and not one.meant for one in scored)
        return Served(self.won + won, self.lost + lost, self.missed + missed, self.clean)


def own_lessons(world: OwnWorld) -> tuple[OwnLessons, Served]:
    """The judge of people's own lessons, and what its threshold does to people who were not counted."""
    judges = [counted([one for one in world.examples if _fold(one) != fold]) for fold in range(FOLDS)]
    scored = [_scored(judges[_fold(one)], one) for one in world.examples]
    threshold = _threshold(scored, world.clean)
    served = Served(0, 0, 0, world.clean).and_of([one for one in scored if one.score >= threshold])
    return OwnLessons(counted(world.examples), threshold), served


def judged(own: OwnLessons, world: OwnWorld) -> Served:
    """What it does to the people of a world that it was not made from."""
    scored = [_scored(own.sure, one) for one in world.examples]
    return Served(0, 0, 0, world.clean).and_of([one for one in scored if one.score >= own.threshold])


def counted(examples: Sequence[OwnExample]) -> dict[Lessons, float]:
    """How surely so many lessons are what is meant where the request fails: the lower end of a 95 % interval."""
    good, bad = Counter[Lessons](), Counter[Lessons]()
    for one in examples:
        for lessons, meant in zip(one.lessons, one.meant, strict=True):
            (good if meant and not one.right else bad)[lessons] += 1
    return {each: round(posterior(good[each], bad[each]).low, 4) for each in sorted(good.keys() | bad.keys())}


def _fold(example: OwnExample) -> int:
    return int(share_of(example.user) * FOLDS)


def _scored(sure: Mapping[Lessons, float], example: OwnExample) -> _Scored:
    scores = [sure.get(one, 0.0) for one in example.lessons]
    best = int(np.argmax(scores))
    return _Scored(scores[best], example.meant[best], example.right)


def _threshold(scored: Sequence[_Scored], clean: int) -> float:
    """The lowest score at which, for sure, no more of the requests that were understood right are spoiled than allowed
    and most of what is rewritten is set right: both by a 95 % bound. Above all where there is none."""
    found, served = 1.0, Served(0, 0, 0, clean)
    for score, alike in groupby(sorted(scored, key=lambda one: -one.score), key=lambda one: one.score):
        served = served.and_of(list(alike))
        if posterior(served.lost, clean - served.lost).high > FALSE_TRIGGERS:
            break
        if posterior(served.won, served.lost + served.missed).low >= LEAST_PRECISION:
            found = score
    return float(np.floor(found * 1e4) / 1e4)

"""From what each word is to the parts of a statement."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from models.correction.words import Word
from models.preference.attributes import SpanType
from models.preference.catalogue import THING, Place
from models.preference.features import Floats
from models.preference.network import TAGS

_FROM = 0.5
"""Probability from which on a word belongs to a part that need not be there."""
_VALUE_FROM = 0.3
"""The same of a value's words, of which there is at least one in a statement."""
_BESIDE = 0.12
"""The same of a word beside one that belongs to the value, if it is of no other part."""


_NOTHING = 0.9
"""Probability from which on a word between a thing and the name that it gets is no part of the name."""


_QUOTES = "'\"\u2018\u2019\u201c\u201d"


@dataclass(frozen=True, slots=True)
class Part:
    """Words of a turn. `start`, `end`: characters, the end not included."""

    type: SpanType
    text: str
    start: int
    end: int


class Run(NamedTuple):
    """Words from `start` to before `end`, with the sum of their probabilities."""

    start: int
    end: int
    weight: float


def part_of(text: str, words: Sequence[Word], run: Run, kind: SpanType) -> Part:
    """The characters of a run of words, without quotation marks around them."""
    start, end = words[run.start].start, words[run.end - 1].end
    quoted = text[start:end]
    bare = quoted.strip(_QUOTES) or quoted
    start += quoted.index(bare)
    return Part(kind, bare, start, start + len(bare))


def runs(words: Sequence[Word], chances: Floats, kind: SpanType) -> list[Run]:
    """The stretches of words that are of a kind, the most certain first."""
    column = chances[:, TAGS.index(kind)]
    threshold = _VALUE_FROM if kind is SpanType.VALUE else _FROM
    found: list[Run] = []
    start: int | None = None
    for at in range(len(words) + 1):
        inside = at < len(words) and not words[at].is_mark and column[at] >= threshold
        if inside and start is None:
            start = at
        elif not inside and start is not None:
            found.append(Run(start, at, float(column[start:at].sum())))
            start = None
    if not found and kind is SpanType.VALUE:
        best = max((at for at, word in enumerate(words) if not word.is_mark), key=lambda at: column[at], default=None)
        if best is not None:
            found.append(Run(best, best + 1, float(column[best])))
    if kind is SpanType.VALUE:
        own = TAGS.index(kind)
        others = np.delete(chances, [0, own], axis=1).max(axis=1)
        found = [_widened(run, words, np.where(others < _FROM, column, 0.0)) for run in found]
    return sorted(found, key=lambda run: (-run.weight, run.start))


def _widened(run: Run, words: Sequence[Word], column: Floats) -> Run:
    start, end = run.start, run.end
    while start > 0 and not words[start - 1].is_mark and column[start - 1] >= _BESIDE:
        start -= 1
    while end < len(words) and not words[end].is_mark and column[end] >= _BESIDE:
        end += 1
    return Run(start, end, run.weight)


def name_beside(run: Run, chances: Floats, things: Sequence[Place]) -> Run:
    """The words of an own name, with none of a thing's, and with those between the thing before it and them.

    `things`: catalogue names in the text that can get a name.
    """
    start, end = run.start, run.end
    for thing in things:
        if thing.start <= start < thing.end < end:
            start = thing.end
        elif start < thing.start < end <= thing.end:
            end = thing.start
        elif thing.end < start and chances[thing.end : start, 0].max() < _NOTHING:
            start = thing.end
    return Run(start, end, run.weight)


def snapped(run: Run, places: Sequence[Place], things: bool) -> tuple[Run, tuple[Place, ...]]:
    """(the catalogue's words where a run overlaps a name, the names there); `things`: names of things are meant."""
    fitting = [one for one in places if (one.entry.topic == THING) == things]
    shared = [(min(run.end, one.end) - max(run.start, one.start), one) for one in fitting]
    most = max((overlap for overlap, _ in shared), default=0)
    if most <= 0:
        return run, ()
    place = next(one for overlap, one in shared if overlap == most)
    named = tuple(one for one in fitting if one[:2] == place[:2])
    return Run(place.start, place.end, run.weight), named

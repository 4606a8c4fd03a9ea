"""Which word of an exchange each word of a rewrite is copied from: the alignment with the fewest jumps."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.correction.features import Role
from models.correction.network import END
from models.correction.words import Word, plain

_JUMP = 1.0
_SKIP = 0.6
"""A jump ahead in the same utterance."""
_WRITE = 1.2
_OTHER_CASE = 0.05
_FROM_RESPONSE = 0.2
_NEVER = 1e6


class Step(NamedTuple):
    """One word of a rewrite: `source` is the place it is copied from, or None and `written` is its number."""

    source: int | None
    written: int


def align(
    words: Sequence[Word], roles: NDArray[np.int64], target: Sequence[str], vocabulary: Mapping[str, int]
) -> list[Step]:
    """The cheapest way to make `target`; words that can neither be copied nor written are dropped. Ends with END."""
    sources = [word.plain for word in words]
    target = [word for word in target if plain(word) in sources or plain(word) in vocabulary]
    # One state a place copied last, and one for nothing copied yet.
    count = len(words)
    costs = np.full(count + 1, _NEVER)
    costs[count] = 0.0
    moves = _moves(roles)
    back: list[NDArray[np.int64]] = []
    wrote: list[NDArray[np.bool_]] = []
    for word in target:
        here = np.full(count + 1, _NEVER)
        came = np.arange(count + 1)
        writes = np.zeros(count + 1, dtype=bool)
        if plain(word) in vocabulary:
            here, writes = costs + _WRITE, np.ones(count + 1, dtype=bool)
        for place in (at for at, source in enumerate(sources) if source == plain(word)):
            total = costs + moves[:, place] + (words[place].text != word) * _OTHER_CASE
            best = int(np.argmin(total))
            if total[best] < here[place]:
                here[place], came[place], writes[place] = total[best], best, False
        back.append(came)
        wrote.append(writes)
        costs = here
    steps = [Step(None, END)]
    state = int(np.argmin(costs))
    for at in reversed(range(len(target))):
        written = bool(wrote[at][state])
        steps.append(Step(None, vocabulary[plain(target[at])]) if written else Step(state, END))
        state = int(back[at][state])
    return steps[::-1]


def _moves(roles: NDArray[np.int64]) -> NDArray[np.float64]:
    """(n + 1, n): what it costs to copy a place after another; the last row is for the first copy."""
    count = len(roles)
    moves = np.full((count + 1, count), _JUMP)
    for place in range(count):
        ahead = np.arange(place + 2, count)
        moves[place, ahead[roles[ahead] == roles[place]]] = _SKIP
        if place + 1 < count and roles[place + 1] == roles[place]:
            moves[place, place + 1] = 0.0
    if count:
        moves[count, 0] = 0.0
    moves[:, roles == int(Role.RESPONSE)] += _FROM_RESPONSE
    return moves

"""Kept moves of a state as weights: decayed by age, no device heavier than one person."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from processors.interpretation import plain_words
from processors.source_moves import MOVES_OF_A_USER, Kept
from schemas.transition import Outcome

HALF_LIFE: Final = timedelta(days=14)
"""After this time a move counts half."""

_HALF_LIFE_MS: Final = HALF_LIFE / timedelta(milliseconds=1)


@dataclass(slots=True)
class Edge:
    """Moves on to one target: their weight, and the hashes of the people and devices that made them."""

    weight: float = 0.0
    users: set[str] = field(default_factory=set)
    devices: set[str] = field(default_factory=set)

    @property
    def voices(self) -> int:
        """Distinct people, and no more than there are devices: ten accounts on one device are one voice."""
        return min(len(self.users), len(self.devices))


@dataclass(slots=True)
class StateCounts:
    """What happens at one state. Weights are sums of decayed moves; times in ms since the epoch."""

    state: str
    success: float = 0.0
    failure: float = 0.0
    again: dict[str, Edge] = field(default_factory=dict)
    wordings: dict[str, set[str]] = field(default_factory=dict)
    """plain words -> the people who used them here"""
    working: Counter[str] = field(default_factory=Counter)
    """plain words -> how many people succeeded with them"""
    written: dict[str, str] = field(default_factory=dict)
    """plain words -> the same as a recogniser writes them"""
    first_ms: int = 0
    last_ms: int = 0

    @property
    def bad(self) -> float:
        """Weight of all that did not succeed at once."""
        return self.failure + sum(edge.weight for edge in self.again.values())

    @property
    def weight(self) -> float:
        return self.success + self.bad


def last_of_each(moves: Iterable[Kept]) -> list[Kept]:
    """The last few moves of each person."""
    by_user: dict[str, list[Kept]] = {}
    for move in moves:
        by_user.setdefault(move.user, []).append(move)
    return [
        move
        for mine in by_user.values()
        for move in sorted(mine, key=lambda move: (move.at_ms, move.id))[-MOVES_OF_A_USER:]
    ]


def weighed(kept: Sequence[Kept], now_ms: int) -> Iterator[tuple[Kept, float]]:
    """Each move with its weight at an event time."""
    on_device = Counter(move.device for move in kept)
    for move in kept:
        share = min(1.0, MOVES_OF_A_USER / on_device[move.device])
        yield move, move.weight * share * 0.5 ** (max(0, now_ms - move.at_ms) / _HALF_LIFE_MS)


def counts_of(state: str, moves: Iterable[Kept], now_ms: int) -> StateCounts:
    """The weights of a state's kept moves at an event time."""
    kept = last_of_each(move for move in moves if move.outcome is not Outcome.ASKED)
    worked: set[tuple[str, str]] = set()
    counts = StateCounts(state)
    for move, weight in weighed(kept, now_ms):
        words = plain_words(move.words)
        counts.wordings.setdefault(words, set()).add(move.user)
        counts.written.setdefault(words, move.words)
        if move.outcome is Outcome.AGAIN and move.target is not None:
            edge = counts.again.setdefault(move.target, Edge())
            edge.weight += weight
            edge.users.add(move.user)
            edge.devices.add(move.device)
        elif move.outcome is Outcome.SUCCESS:
            counts.success += weight
            if (words, move.user) not in worked:
                worked.add((words, move.user))
                counts.working[words] += 1
        else:
            counts.failure += weight
    if kept:
        counts.first_ms, counts.last_ms = min(move.at_ms for move in kept), max(move.at_ms for move in kept)
    return counts

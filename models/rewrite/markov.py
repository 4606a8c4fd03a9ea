"""Absorbing Markov chains over interpretations (Ponnusamy et al., arXiv 1911.02557).

Transient states are interpretations; a person who is at one ends there in success (s+) or failure (s-), or asks again
and moves on. With P = [[Q, R], [0, I]] and N = (I - Q)^-1, the probability to end in success with j as the last state,
beginning at i, is N_ij R_j+. For j other than i it ranks what to understand instead; N_ii R_i+ is the score of leaving
the request alone.

N is never formed. One row of it is the sum of e_i Q^k, and what has not been absorbed after k steps bounds how much
the rest of the sum can add to any of these probabilities. A little doubt in every row, mass that fails, sees to it
that everything is absorbed in the end.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

Floats = NDArray[np.float64]

DOUBT: Final = 0.5
"""Weight of a failure that every state is given: nobody goes round in circles for ever."""

TOLERANCE: Final = 1e-6
MOST_STEPS: Final = 10_000
_BLOCK: Final = 512


@dataclass(frozen=True, slots=True)
class Row:
    """Weights of what happens at a state: it succeeds, it fails, it leads on to other states (itself included)."""

    success: float = 0.0
    failure: float = 0.0
    again: Mapping[str, float] = field(default_factory=dict)

    @property
    def weight(self) -> float:
        return self.success + self.failure + sum(self.again.values())


class Ending(NamedTuple):
    """Where those who begin at a state end in success: probability by the last state.

    `residual` bounds the error of each of them from below: they are too small by no more than it.
    """

    success_at: dict[str, float]
    residual: float
    steps: int


class NotAbsorbed(ArithmeticError):
    """The series did not come to an end; what is left of the mass is too much."""


def solve(
    rows: Mapping[str, Row],
    sources: Sequence[str] | None = None,
    *,
    doubt: float = DOUBT,
    tolerance: float = TOLERANCE,
    most_steps: int = MOST_STEPS,
) -> dict[str, Ending]:
    """For each of `sources` (by default all states) where it ends in success. States without a row fail at once.

    Raises `NotAbsorbed` when more than `tolerance` of the mass is left after `most_steps`.
    """
    wanted = list(rows) if sources is None else [source for source in sources if source in rows]
    if not wanted:
        return {}
    names, moves, success = transition_matrix(rows, doubt)
    place = {name: at for at, name in enumerate(names)}
    endings: dict[str, Ending] = {}
    for first in range(0, len(wanted), _BLOCK):
        block = wanted[first : first + _BLOCK]
        visits, residual, steps = _visits(moves, [place[name] for name in block], tolerance, most_steps)
        ended = visits.multiply(success[None, :]).tocsr()
        for at, name in enumerate(block):
            cells = slice(ended.indptr[at], ended.indptr[at + 1])
            reached = zip(ended.indices[cells].tolist(), ended.data[cells].tolist(), strict=True)
            endings[name] = Ending({names[j]: p for j, p in reached if p > 0.0}, float(residual[at]), steps)
    return endings


def transition_matrix(rows: Mapping[str, Row], doubt: float = DOUBT) -> tuple[list[str], csr_matrix, Floats]:
    """(names of the states, Q, R_+) in that order; Q is (n, n), R_+ is (n,). Targets without a row are no states: what
    goes there fails."""
    names = list(rows)
    place = {name: at for at, name in enumerate(names)}
    at_row: list[int] = []
    at_column: list[int] = []
    shares: list[float] = []
    success = np.zeros(len(names))
    for at, row in enumerate(rows.values()):
        whole = row.weight + doubt
        if whole <= 0.0:
            continue
        success[at] = row.success / whole
        for target, weight in row.again.items():
            column = place.get(target)
            if column is not None and weight > 0.0:
                at_row.append(at)
                at_column.append(column)
                shares.append(weight / whole)
    moves = csr_matrix((shares, (at_row, at_column)), shape=(len(names), len(names)), dtype=np.float64)
    return names, moves, success


def _visits(moves: csr_matrix, sources: list[int], tolerance: float, most_steps: int) -> tuple[csr_matrix, Floats, int]:
    """Rows of N = I + Q + Q^2 + ..., and for each the mass that is still under way when the sum is cut off."""
    count = len(sources)
    under_way = csr_matrix((np.ones(count), (np.arange(count), sources)), shape=(count, moves.shape[0]))
    visits = under_way.copy()
    for step in range(1, most_steps + 1):
        under_way = under_way @ moves
        left: Floats = np.asarray(under_way.sum(axis=1)).ravel()
        visits = visits + under_way
        if left.max(initial=0.0) <= tolerance:
            return visits, left, step
    raise NotAbsorbed(
        f"{left.max():.2g} of the mass is not absorbed after {most_steps} steps, more than the tolerance {tolerance:g}:"
        " some states lead almost only to each other; give their rows more doubt or allow more steps"
    )


class Chains:
    """All states, in weakly connected components; only those components that changed are solved again."""

    def __init__(self, *, doubt: float = DOUBT, tolerance: float = TOLERANCE) -> None:
        self._doubt = doubt
        self._tolerance = tolerance
        self._rows: dict[str, Row] = {}
        self._into: dict[str, set[str]] = {}
        self._changed: set[str] = set()

    def __len__(self) -> int:
        return len(self._rows)

    def update(self, state: str, row: Row | None) -> None:
        """The state has this row from now on; None: it is gone."""
        before = self._rows.get(state)
        if row == before:
            return
        targets_before = set(before.again) if before is not None else set()
        targets = set(row.again) if row is not None else set()
        for target in targets_before - targets:
            self._into[target].discard(state)
            self._changed.add(target)
        for target in targets - targets_before:
            self._into.setdefault(target, set()).add(state)
        self._changed.add(state)
        if row is None:
            del self._rows[state]
        else:
            self._rows[state] = row

    def touch(self, states: Iterable[str]) -> None:
        """Have the components of these states solved again although no row changed."""
        self._changed.update(states)

    def changed_components(self) -> list[dict[str, Row]]:
        """The components that hold a changed state, each with its rows; what was handed out is no longer changed."""
        components: list[dict[str, Row]] = []
        seen: set[str] = set()
        for state in sorted(self._changed):
            if state in self._rows and state not in seen:
                component = self._component(state)
                seen.update(component)
                components.append(component)
        self._changed.clear()
        return components

    def solve(self, component: Mapping[str, Row], sources: Sequence[str] | None = None) -> dict[str, Ending]:
        """Where those who begin in a component end in success."""
        return solve(component, sources, doubt=self._doubt, tolerance=self._tolerance)

    def _component(self, state: str) -> dict[str, Row]:
        found: dict[str, Row] = {}
        waiting = [state]
        while waiting:
            name = waiting.pop()
            row = self._rows.get(name)
            if name in found:
                continue
            if row is not None:
                found[name] = row
            waiting += [other for other in self._neighbours(name, row) if other in self._rows and other not in found]
        return dict(sorted(found.items()))

    def _neighbours(self, name: str, row: Row | None) -> Iterable[str]:
        if row is not None:
            yield from row.again
        yield from self._into.get(name, ())

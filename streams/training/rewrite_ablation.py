"""What device, activity, hour and place are worth to the ranker, where nothing else can decide."""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.rewrite.candidate import Candidate
from models.rewrite.entry import state_of
from models.rewrite.features import CONTEXT, NAMES
from models.rewrite.lexical import letters_alike
from models.rewrite.ranker import Ranker
from streams.evaluate.figures import with_interval
from streams.simulator.truth import TurnTruth
from streams.training.rewrite_examples import Example
from streams.training.rewrite_figures import meant_state

_AS_ALIKE: Final = 0.05
"""Candidates whose words differ from those of the best by no more are as good, as far as words go."""

_COLUMNS: Final = [NAMES.index(name) for name in CONTEXT]

Floats = NDArray[np.float64]


def without_context(rows: Floats) -> Floats:
    """Feature rows that say nothing of the context."""
    blind = rows.copy()
    blind[:, _COLUMNS] = 0.0
    return blind


def context_gain(
    seeing: Ranker, blind: Ranker, examples: Sequence[Example], truths: Mapping[str, TurnTruth]
) -> dict[str, object]:
    """Share of requests of which the best candidate is what was meant, with and without context, and the difference.

    Of failed requests alone that words leave open: of the candidates that are as alike as the best, some are of
    another domain, and one is what was meant.
    """
    users: list[str] = []
    hits: list[tuple[bool, bool]] = []
    for example in examples:
        truth = truths[example.request.turn.turn_id]
        meant = meant_state(truth)
        if truth.right or meant is None or not _is_open(example, meant):
            continue
        users.append(example.request.turn.user_id)
        hits.append((_first(seeing, example) == meant, _first(blind, example) == meant))
    made: dict[str, object] = {"requests that only context can settle": len(hits)}
    if not hits:
        return made
    ours, theirs = np.array(hits, dtype=np.bool_).T
    groups = np.unique(users, return_inverse=True)[1]
    made["of these right with context"] = with_interval(_share, ours, ours.astype(np.float64), groups)
    made["of these right without context"] = with_interval(_share, theirs, theirs.astype(np.float64), groups)
    made["gain by context"] = with_interval(_difference, ours, theirs.astype(np.float64), groups)
    return made


def _share(hits: NDArray[np.bool_], _: Floats) -> float:
    return float(hits.mean())


def _difference(ours: NDArray[np.bool_], theirs: Floats) -> float:
    return float(ours.mean() - theirs.mean())


def _is_open(example: Example, meant: str) -> bool:
    alike = [(letters_alike(example.request.text, one.found), one) for one in example.candidates]
    best = max(likeness for likeness, _ in alike)
    close = [one for likeness, one in alike if likeness >= best - _AS_ALIKE]
    return len({_domain(one) for one in close}) > 1 and any(one.entry.target_state == meant for one in close)


def _first(ranker: Ranker, example: Example) -> str:
    return ranker.rank(example.query, example.candidates)[0][0].entry.target_state


def _domain(candidate: Candidate) -> str | None:
    state = state_of(candidate.entry.target_state)
    return state.domain if state is not None else None

"""How alike the flow of two sets of dialogues is: the distance between their distributions of act bigrams.

A bigram is an act of one turn followed by an act of the next, each with its speaker. A pair of turns counts once,
shared out evenly over the pairs of their acts. The distance is the Jensen-Shannon distance to base 2 (Lin, 1991): 0 for
equal distributions, 1 for those that share nothing.
"""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from streams.adapters.sgd import EXPECTS, Dialogue, Speaker
from streams.adapters.source import rows_of
from streams.evaluate.figures import CONFIDENCE, Figure

Side = tuple[str, frozenset[str]]
"""(speaker, acts) of one turn."""

Flow = tuple[Side, ...]
"""The turns of a dialogue."""

USER: Final = "user"
ASSISTANT: Final = "assistant"
RESAMPLES: Final = 500
_SEED: Final = 20211107

Matrix = NDArray[np.float64]


def flows_of_sgd(folder: Path) -> list[Flow]:
    """The flows of Schema-Guided Dialogue. Raises `AdapterError` when the folder has none."""
    return [
        tuple(
            (USER if said.speaker is Speaker.USER else ASSISTANT, frozenset(act for act, *_ in said.acts))
            for said in dialogue.turns
        )
        for dialogue in rows_of(folder, Dialogue, EXPECTS)
    ]


def bigrams(flow: Flow) -> dict[tuple[str, str], float]:
    """The act bigrams of a dialogue with their weights."""
    found: dict[tuple[str, str], float] = {}
    for (speaker, acts), (next_speaker, next_acts) in pairwise(flow):
        pairs = len(acts) * len(next_acts)
        for act in acts:
            for following in next_acts:
                name = (f"{speaker} {act}", f"{next_speaker} {following}")
                found[name] = found.get(name, 0.0) + 1 / pairs
    return found


def js_distance(one: Matrix, other: Matrix) -> float:
    """Jensen-Shannon distance of two vectors of weights, to base 2."""
    p, q = one / one.sum(), other / other.sum()
    mean = (p + q) / 2
    divergence = (_kullback_leibler(p, mean) + _kullback_leibler(q, mean)) / 2
    return float(np.sqrt(max(divergence, 0.0)))


def _kullback_leibler(p: Matrix, q: Matrix) -> float:
    some = p > 0
    return float(np.sum(p[some] * np.log2(p[some] / q[some])))


def distances(reference: Sequence[Flow], variants: Sequence[Sequence[Flow]]) -> tuple[list[Figure], Figure]:
    """The distance of every variant to the reference, and how much nearer the first variant is than the second.

    Intervals: 95 %, bootstrap by dialogue, drawn anew in the reference and in the variants. A resample is further from
    everything than its source, so the intervals are basic ones (Davison and Hinkley, 1997, 5.2), which take that off.
    """
    sets = [[bigrams(flow) for flow in flows] for flows in (reference, *variants)]
    place = {name: at for at, name in enumerate(sorted({name for one in sets for found in one for name in found}))}
    matrices = [_matrix(one, place) for one in sets]
    values = [js_distance(matrices[0].sum(0), matrix.sum(0)) for matrix in matrices[1:]]
    draws = np.random.default_rng(_SEED)
    drawn = np.empty((RESAMPLES, len(variants)))
    for at in range(RESAMPLES):
        sums = [
            draws.multinomial(len(matrix), np.full(len(matrix), 1 / len(matrix))).astype(np.float64) @ matrix
            for matrix in matrices
        ]
        drawn[at] = [js_distance(sums[0], other) for other in sums[1:]]
    figures = [
        Figure(value, *_interval(value, drawn[:, at], least=0.0), n=len(variants[at]))
        for at, value in enumerate(values)
    ]
    if len(variants) < 2:
        return figures, Figure(0.0)
    gain = values[1] - values[0]
    nearer = Figure(gain, *_interval(gain, drawn[:, 1] - drawn[:, 0], least=-1.0), n=len(variants[0]))
    return figures, nearer


def commonest(flows: Iterable[Flow]) -> dict[tuple[str, str], float]:
    """The share of every bigram, most frequent first."""
    total: dict[tuple[str, str], float] = {}
    for flow in flows:
        for name, weight in bigrams(flow).items():
            total[name] = total.get(name, 0.0) + weight
    whole = sum(total.values()) or 1.0
    return {name: weight / whole for name, weight in sorted(total.items(), key=lambda one: -one[1])}


def _matrix(found: Sequence[dict[tuple[str, str], float]], place: dict[tuple[str, str], int]) -> Matrix:
    matrix = np.zeros((len(found), len(place)))
    for row, weights in enumerate(found):
        for name, weight in weights.items():
            matrix[row, place[name]] = weight
    return matrix


def _interval(value: float, drawn: Matrix, least: float) -> tuple[float, float]:
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(drawn, [tail, 1 - tail])
    return max(least, 2 * value - float(high)), max(least, 2 * value - float(low))

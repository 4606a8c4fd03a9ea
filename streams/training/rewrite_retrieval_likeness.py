"""Fits what letters and sounds count for in the order of rewrites: a conditional logit (McFadden, 1974) of what was
meant among what is most like what was said."""

from collections.abc import Mapping, Sequence
from random import Random
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from models.rewrite.grams import Grams
from models.rewrite.likeness import Likeness, features
from streams.training.rewrite_retrieval_fit import Pair

ASKED: Final = 1_200
"""Pairs of a kind, asked both ways round: what is meant may be longer than what is said, or shorter."""

_AMONG: Final = 12
"""Texts that are most alike by each feature."""

_RIDGE: Final = 1e-3

Floats = NDArray[np.float64]


def fit_likeness(kinds: Mapping[str, Sequence[Pair]], seed: int) -> Likeness:
    """From pairs by kind; the encoder has no part in it, as it has seen these pairs."""
    choices = [
        choice
        for name, pairs in kinds.items()
        for said_and_meant in _both_ways(Random(f"{seed} {name}").sample(pairs, min(ASKED, len(pairs))))
        for choice in choices_of(said_and_meant)
    ]
    rows = np.concatenate(choices)
    starts = np.cumsum([0, *(len(choice) for choice in choices)])[:-1]

    def loss(weights: Floats) -> tuple[float, Floats]:
        odds = rows @ weights
        odds -= np.repeat(np.maximum.reduceat(odds, starts), np.diff([*starts, len(rows)]))
        likely = np.exp(odds)
        totals = np.add.reduceat(likely, starts)
        expected = np.add.reduceat(rows * likely[:, None], starts) / totals[:, None]
        slope = (expected - rows[starts]).mean(axis=0) + 2 * _RIDGE * weights
        return float((np.log(totals) - odds[starts]).mean() + _RIDGE * weights @ weights), slope

    found = minimize(loss, np.ones(rows.shape[1]), jac=True, method="L-BFGS-B")
    return Likeness(*(round(float(weight), 3) for weight in found.x))


def choices_of(pairs: Sequence[tuple[str, str]]) -> list[Floats]:
    """For each (asked, wanted) the features of the wanted text, first, and of others like it; without those whose
    wanted text is not among what is most alike by any feature."""
    texts = list(dict.fromkeys(wanted for _, wanted in pairs))
    place = {text: at for at, text in enumerate(texts)}
    grams = Grams.of(texts)
    made = []
    for asked, wanted in pairs:
        rows = features(asked, texts, grams).astype(np.float64)
        near = dict.fromkeys(np.argsort(-rows, axis=0, kind="stable")[:_AMONG].ravel().tolist())
        near.pop(place.get(asked, -1), None)
        if place[wanted] in near and asked != wanted:
            del near[place[wanted]]
            made.append(rows[[place[wanted], *near]])
    return made


def _both_ways(pairs: Sequence[Pair]) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    return [(pair.said, pair.meant) for pair in pairs], [(pair.meant, pair.said) for pair in pairs]

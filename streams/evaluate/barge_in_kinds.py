"""How well the kinds of interruptions are told: precision, recall and macro-F1, resampled by user."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.barge_in.kind import KINDS, KindModel
from models.logistic import Logistic
from processors.barge_in import Interruption
from schemas.feedback import BargeInKind
from streams.evaluate.figures import CONFIDENCE, RESAMPLES, Figure

_SEED: Final = 20220711

CountsByUser = dict[str, NDArray[np.float64]]
"""Of each user, (kinds, 3): found and true, found and not true, true and not found."""


Told = tuple[str, BargeInKind | None, BargeInKind | None]
"""User, true kind, told kind."""


def count_kinds(cases: Iterable[Told]) -> CountsByUser:
    """From (user, true kind, told kind); None: it was no interruption, or none was found."""
    counts: CountsByUser = defaultdict(lambda: np.zeros((len(KINDS), 3)))
    for user, true, told in cases:
        table = counts[user]
        if true is told and true is not None:
            table[KINDS.index(true), 0] += 1
            continue
        if told is not None:
            table[KINDS.index(told), 1] += 1
        if true is not None:
            table[KINDS.index(true), 2] += 1
    return dict(counts)


def judged_by(logistic: Logistic, seen: Sequence[Interruption]) -> list[BargeInKind]:
    """The kinds that a fitted regression tells."""
    return [judgement.kind for judgement in KindModel(logistic, "fitted").judge(seen)]


def macro_f1(counts: CountsByUser) -> Figure:
    """Mean over the kinds of F1; the interval draws users."""
    tables = np.stack([counts[user] for user in sorted(counts)]) if counts else np.zeros((1, len(KINDS), 3))
    users = len(tables)
    drawn = np.random.default_rng(_SEED).multinomial(users, np.full(users, 1 / users), size=RESAMPLES)
    resampled = np.tensordot(drawn.astype(np.float64), tables, axes=1)
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(_macro_f1(resampled), [tail, 1 - tail])
    whole = tables.sum(axis=0)
    return Figure(float(_macro_f1(whole[None])[0]), float(low), float(high), int(whole[:, [0, 2]].sum()))


def macro_f1_over(ours: CountsByUser, theirs: CountsByUser) -> Figure:
    """How much higher the one's macro-F1 is; the interval draws the same users for both."""
    users = sorted(ours.keys() | theirs.keys())
    none = np.zeros((len(KINDS), 3))
    one, other = (np.stack([counts.get(user, none) for user in users]) for counts in (ours, theirs))
    drawn = np.random.default_rng(_SEED).multinomial(len(users), np.full(len(users), 1 / len(users)), size=RESAMPLES)
    resampled = [np.tensordot(drawn.astype(np.float64), tables, axes=1) for tables in (one, other)]
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(_macro_f1(resampled[0]) - _macro_f1(resampled[1]), [tail, 1 - tail])
    value = float(_macro_f1(one.sum(axis=0)[None])[0] - _macro_f1(other.sum(axis=0)[None])[0])
    return Figure(value, float(low), float(high), int(one.sum(axis=0)[:, [0, 2]].sum()))


def _macro_f1(tables: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of (draws, kinds, 3); a kind that is neither true nor told counts as 0."""
    hits, false, missed = (tables[:, :, at] for at in range(3))
    values: NDArray[np.float64] = (2 * hits / np.maximum(2 * hits + false + missed, 1.0)).mean(axis=1)
    return values

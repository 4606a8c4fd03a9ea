"""How near rewrites are to what was meant, beside what the request was before."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sacrebleu.metrics import BLEU

from models.correction.words import split
from streams.evaluate.figures import Figure, Groups, floats, with_interval
from streams.training.correction_sets import canonical

_BLEU = BLEU(effective_order=True)
_ORDERS = 4
Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Rewritten:
    """A request as it was, as it was meant, and as it was rewritten. `group`: rows that hang together share it."""

    before: str
    meant: str
    rewrite: str
    group: int


def rewrite_figures(prefix: str, rows: Sequence[Rewritten]) -> dict[str, Figure]:
    """BLEU (sacrebleu, 13a) as it is heard (lower case) and as it is written, exact match of the words, and token F1 of
    what changed, each with an interval."""
    groups = np.array([row.group for row in rows], dtype=np.int64)
    heard = bleu_counts([row.rewrite.lower() for row in rows], [row.meant.lower() for row in rows])
    written = bleu_counts([row.rewrite for row in rows], [row.meant for row in rows])
    exact = floats([tokens(row.rewrite) == tokens(row.meant) for row in rows])
    changed = np.array([change_counts(row) for row in rows], dtype=np.float64)
    return {
        f"{prefix}_bleu": grouped(lambda at: bleu(heard[at]), groups),
        f"{prefix}_bleu_cased": grouped(lambda at: bleu(written[at]), groups),
        f"{prefix}_exact": grouped(lambda at: float(exact[at].mean()), groups),
        f"{prefix}_changed_f1": grouped(lambda at: _f1_of(changed[at]), groups),
    }


def bleu_gain(rows: Sequence[Rewritten], others: Sequence[Rewritten]) -> Figure:
    """By how much BLEU of the rewrites is above that of other rewrites of the same requests, with its interval."""
    groups = np.array([row.group for row in rows], dtype=np.int64)
    ours, theirs = (
        bleu_counts([row.rewrite.lower() for row in side], [row.meant.lower() for row in side])
        for side in (rows, others)
    )
    return grouped(lambda at: bleu(ours[at]) - bleu(theirs[at]), groups)


def grouped(measure: Callable[[Integers], float], groups: Groups) -> Figure:
    """A measure of rows, given by their places, with an interval that draws whole groups."""
    places = np.arange(len(groups), dtype=np.float64)
    return with_interval(
        lambda _, drawn: measure(drawn.astype(np.int64)), np.zeros(len(groups), dtype=np.bool_), places, groups
    )


def bleu_counts(rewrites: Sequence[str], meant: Sequence[str]) -> Integers:
    """For each pair: matches and totals of each order, length of the rewrite and of the reference; they add up."""
    rows = []
    for ours, reference in zip(rewrites, meant, strict=True):
        score = _BLEU.sentence_score(ours, [reference])
        rows.append([*score.counts, *score.totals, score.sys_len, score.ref_len])
    return np.array(rows, dtype=np.int64)


def bleu(counts: Integers) -> float:
    """Corpus BLEU of added-up counts."""
    total = [int(value) for value in counts.sum(0)]
    return float(
        BLEU.compute_bleu(
            total[:_ORDERS], total[_ORDERS : 2 * _ORDERS], total[-2], total[-1], smooth_method="exp"
        ).score
    )


def tokens(text: str) -> list[str]:
    """Words in lower case, marks left out, small numbers as digits."""
    return [canonical(word.text) for word in split(text) if not word.is_mark]


def change_counts(row: Rewritten) -> tuple[int, int, int]:
    """Words that had to be added or removed and were, that were, that had to be."""
    wanted = _changes(row.before, row.meant)
    made = _changes(row.before, row.rewrite)
    return (wanted & made).total(), made.total(), wanted.total()


def token_f1_counts(given: Sequence[str], wanted: Sequence[str]) -> tuple[int, int, int]:
    """Words in both, in what was given, in what was wanted."""
    ours, theirs = Counter(given), Counter(wanted)
    return (ours & theirs).total(), ours.total(), theirs.total()


def _changes(before: str, after: str) -> Counter[tuple[str, str]]:
    old, new = Counter(tokens(before)), Counter(tokens(after))
    added = Counter({("added", word): count for word, count in (new - old).items()})
    return added + Counter({("removed", word): count for word, count in (old - new).items()})


def _f1_of(counts: NDArray[np.float64]) -> float:
    both, made, wanted = counts.sum(0)
    return float(2 * both / (made + wanted)) if made + wanted else 1.0


def f1_figure(counts: Sequence[tuple[int, int, int]], groups: Groups) -> Figure:
    """F1 of added-up counts as `token_f1_counts` gives them."""
    rows = np.array(counts, dtype=np.float64)
    return grouped(lambda at: _f1_of(rows[at]), groups)

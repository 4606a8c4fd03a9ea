"""Rewrites for what real people said: retries in phone calls, and contextual rewrites of two public sets.

No model here learned from these sets.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np

from models.encoder import SentenceEncoder
from models.rewrite.encoder import MiniLmRequests
from models.rewrite.entry import plain
from models.rewrite.learned_encoder import LearnedRequests
from models.rewrite.lexical import lexical_keys
from models.rewrite.ranker import Ranker
from streams.adapters import cast, cqr, getgoing
from streams.adapters.source import AdapterError
from streams.evaluate.figures import Bools, Figure, Floats, Groups, Report, floats, with_interval
from streams.evaluate.rewrites_real_chains import Chain, chains_of, table_of
from streams.evaluate.rewrites_real_rankings import (
    Learned,
    Ranking,
    Table,
    by_bm25,
    by_edit_distance,
    by_exact_words,
    by_index,
    by_meaning,
)
from streams.evaluate.rewrites_real_slots import carried_over

NAME: Final = "rewrites-real"
FIRST: Final = (1, 5)
FOLDS: Final = 10
SERVED: Final = "_ranked"
PLAIN: Final = ("_bm25", "_edit")
"""What is served has to find more than these."""

_NOTES: Final = (
    "recall_at_k: the right text is among the first k. Without a suffix: the index as it ships, by likeness. _ranked: "
    "as served, by the ranker that ships. _minilm, _bm25, _edit: cosine of MiniLM as it is, BM25 and edit distance "
    "over the same texts. _exact: looked up by the very words. gain_over: of _ranked, paired.",
    "getgoing: what callers said in vain, asked of a table of what the callers of the other nine folds said in vain "
    "and were then understood by, or were understood by at once; reachable: the share whose accepted text is in that "
    "table at all. Intervals by call; the file does not say who called.",
    "cqr, cast: the query asked of all the set's rewrites, without its context. slot_recall: share of the gold values "
    "in the first text found, in cast of the runs of words by which the gold rewrite differs from the query; "
    "word_recall: the same for words of the gold rewrite that carry a wish; _copied: of the query as it is. Intervals "
    "by dialogue or topic.",
)

Progress = Callable[[str], None]
Rankings = Callable[[Table], Mapping[str, Ranking]]
Figures = dict[str, Figure]


def evaluate(folder: Path, progress: Progress) -> Report:
    """Figures on the sets that `folder` holds: getgoing/, cqr/ and cast/, or one of them by itself.

    Raises `AdapterError` when none can be read, `ModelFolderError` and `ModelsNotInstalled`.
    """
    known = {getgoing.NAME: calls_figures, cqr.NAME: cqr_figures, cast.NAME: cast_figures}
    chosen = {name: folder / name for name in known if (folder / name).is_dir()}
    if not chosen and folder.name in known:
        chosen = {folder.name: folder}
    if not chosen:
        raise AdapterError(f"{folder} holds none of {', '.join(known)}; name the folder of the public sets with --data")
    ranker = Ranker.load()
    learned, minilm = LearnedRequests.load(), MiniLmRequests(SentenceEncoder.load("cpu"))

    def rankings(table: Table) -> Mapping[str, Ranking]:
        return {
            "": by_index(table, learned),
            "_ranked": by_index(table, learned, ranker),
            "_minilm": by_meaning(table, minilm),
            "_bm25": by_bm25(table),
            "_edit": by_edit_distance(table),
            "_exact": by_exact_words(table),
        }

    figures: Figures = {}
    for name, own in chosen.items():
        progress(name)
        figures |= known[name](own, rankings)
    return Report(NAME, figures, _NOTES)


def calls_figures(folder: Path, rankings: Rankings) -> Figures:
    """Of phone calls: each fold asks a table made from the others."""
    calls = list(getgoing.calls_of(folder))
    asked: list[Chain] = []
    groups: list[int] = []
    found: dict[str, list[list[str]]] = {}
    reachable: list[float] = []
    for fold in range(FOLDS):
        table = table_of(call for at, call in enumerate(calls) if at % FOLDS != fold)
        ranked = rankings(table)
        for at, call in enumerate(calls):
            for chain in chains_of(call) if at % FOLDS == fold else ():
                asked.append(chain)
                groups.append(at)
                reachable.append(float(chain.accepted in table))
                for name, rank in ranked.items():
                    # What has just failed is no answer.
                    others = [text for text in rank(chain.failed) if text != chain.failed]
                    found.setdefault(name, []).append(others)
    if not asked:
        raise AdapterError(f"no call in {folder} has a request that was made again and accepted")
    of_call = np.array(groups, dtype=np.int64)
    figures = _recalls(getgoing.NAME, [chain.accepted for chain in asked], found, of_call)
    return figures | {f"{getgoing.NAME}_reachable": _share(reachable, of_call)}


def cqr_figures(folder: Path, rankings: Rankings) -> Figures:
    """Of rewrites in a car: the right one among all, and the values it must carry."""
    rows = list(cqr.rewrites_of(folder))
    groups = _numbered([row.dialogue for row in rows])
    found = _found([row.query for row in rows], [row.rewrite for row in rows], rankings)
    gold = [[plain(value) for value in row.gold_slots] for row in rows]
    queries = [[plain(row.query)] for row in rows]
    return _recalls(cqr.NAME, [plain(row.rewrite) for row in rows], found, groups) | {
        f"{cqr.NAME}_slot_recall{name}": _carried(gold, texts, groups)
        for name, texts in {**found, "_copied": queries}.items()
    }


def cast_figures(folder: Path, rankings: Rankings) -> Figures:
    """Of questions in conversations: the right rewrite among all, what it takes over from before, and its words."""
    rows = list(cast.questions_of(folder))
    groups = _numbered([row.topic for row in rows])
    found = _found([row.query for row in rows], [row.rewrite for row in rows], rankings)
    slots = [carried_over(row.query, row.rewrite) for row in rows]
    words = [_wish(plain(row.rewrite)) for row in rows]
    every = {**found, "_copied": [[plain(row.query)] for row in rows]}
    return _recalls(cast.NAME, [plain(row.rewrite) for row in rows], found, groups) | {
        f"{cast.NAME}_{what}_recall{name}": _carried(gold, texts, groups)
        for what, gold in (("slot", slots), ("word", words))
        for name, texts in every.items()
    }


def _found(queries: Sequence[str], rewrites: Sequence[str], rankings: Rankings) -> dict[str, list[list[str]]]:
    ranked = rankings(dict.fromkeys(rewrites, Learned()))
    return {name: [rank(query) for query in queries] for name, rank in ranked.items()}


def _recalls(name: str, wanted: Sequence[str], found: Mapping[str, list[list[str]]], groups: Groups) -> Figures:
    hits = {
        (first, system): [float(right in texts[:first]) for right, texts in zip(wanted, ranked, strict=True)]
        for system, ranked in found.items()
        for first in FIRST
    }
    figures = {f"{name}_recall_at_{first}{system}": _share(own, groups) for (first, system), own in hits.items()}
    for first, system in hits:
        if system in PLAIN and (first, SERVED) in hits:
            gains = [one - other for one, other in zip(hits[first, SERVED], hits[first, system], strict=True)]
            figures[f"{name}_recall_at_{first}_gain_over{system}"] = _share(gains, groups)
    return figures


def _carried(gold: Sequence[Sequence[str]], found: Sequence[list[str]], groups: Groups) -> Figure:
    """Share of all gold values that stand in the first text found."""
    carried = floats(
        [
            sum(f" {value} " in f" {texts[0]} " for value in values) if texts else 0
            for values, texts in zip(gold, found, strict=True)
        ]
    )
    counts = floats([len(values) for values in gold])
    places = np.arange(len(counts), dtype=np.float64)

    def share(_: Bools, drawn: Floats) -> float:
        rows = drawn.astype(np.int64)
        total = counts[rows].sum()
        return float(carried[rows].sum() / total) if total else float("nan")

    return with_interval(share, np.zeros(len(counts), dtype=np.bool_), places, groups)


def _share(hits: Sequence[float], groups: Groups) -> Figure:
    return with_interval(lambda _, drawn: float(drawn.mean()), np.ones(len(hits), dtype=np.bool_), floats(hits), groups)


def _numbered(names: Sequence[str]) -> Groups:
    known = {name: at for at, name in enumerate(dict.fromkeys(names))}
    return np.array([known[name] for name in names], dtype=np.int64)


def _wish(text: str) -> list[str]:
    return [word for word in dict.fromkeys(lexical_keys(text)) if "-" not in word]

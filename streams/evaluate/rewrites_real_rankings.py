"""Ways to find the rewrite for a request: the index as it ships, and plainer ones beside it."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from math import log
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import process
from rapidfuzz.distance import Indel

from models.rewrite.encoder import RequestEncoder
from models.rewrite.entry import Entry, Success, plain
from models.rewrite.index import FOUND_MOST, RewriteIndex
from models.rewrite.query import Query
from models.rewrite.ranker import Ranker


class Learned(NamedTuple):
    """Of a target: the texts that failed and came to it, and how often it worked."""

    failed: Sequence[str] = ()
    worked: int = 0


Table = Mapping[str, Learned]
"""What was learned, by target."""

Ranking = Callable[[str], list[str]]
"""Targets for a request, the best first."""

_K1: Final = 1.2
_B: Final = 0.75


def by_index(table: Table, encoder: RequestEncoder, ranker: Ranker | None = None) -> Ranking:
    """The index: what it holds for the very words, then what is like them, the most alike first or as ranked."""
    index = RewriteIndex(encoder)
    for target, learned in table.items():
        for source, times in (Counter(learned.failed) or {"": 1}).items():
            index.put(_entry(source, target, times, learned.worked))

    def rank(request: str) -> list[str]:
        text = plain(request)
        alike = index.alike(text)
        if ranker is not None:
            alike = [candidate for candidate, _ in ranker.rank(Query(text), alike)]
        else:
            alike.sort(key=lambda one: -(one.alike or 0.0))
        return _once(one.entry.target for one in [*index.globals.exact(text), *alike])

    return rank


def by_meaning(table: Table, encoder: RequestEncoder) -> Ranking:
    """Highest cosine between the request and what failed or worked, in the space of an encoder."""
    texts, targets = _lines(table)
    vectors = encoder.encode(texts)

    def rank(request: str) -> list[str]:
        cosines = vectors @ encoder.encode([plain(request)])[0]
        return _once(targets[at] for at in np.argsort(-cosines, kind="stable")[: 4 * FOUND_MOST].tolist())

    return rank


def by_exact_words(table: Table) -> Ranking:
    """What the very words came to before, most often first; the words themselves where they are a target."""
    known: dict[str, Counter[str]] = {}
    for target, learned in table.items():
        for source in learned.failed or (target,):
            known.setdefault(plain(source), Counter())[plain(target)] += 1

    def rank(request: str) -> list[str]:
        text = plain(request)
        return [target for target, _ in known.get(text, Counter()).most_common()]

    return rank


def by_edit_distance(table: Table) -> Ranking:
    """Fewest insertions and deletions between the request and what failed or worked."""
    texts, targets = _lines(table)

    def rank(request: str) -> list[str]:
        best = process.extract(plain(request), texts, scorer=Indel.normalized_similarity, limit=4 * FOUND_MOST)
        return _once(targets[at] for _, _, at in best)

    return rank


def by_bm25(table: Table) -> Ranking:
    """BM25 over what failed or worked (Robertson and Walker, 1994)."""
    texts, targets = _lines(table)
    bags = [Counter(text.split()) for text in texts]
    lengths = np.array([sum(bag.values()) for bag in bags], dtype=np.float64)
    holding: dict[str, list[int]] = {}
    for at, bag in enumerate(bags):
        for word in bag:
            holding.setdefault(word, []).append(at)

    def rank(request: str) -> list[str]:
        scores = np.zeros(len(texts))
        for word in plain(request).split():
            held = holding.get(word, [])
            counts = np.array([bags[at][word] for at in held], dtype=np.float64)
            weight = log((len(texts) - len(held) + 0.5) / (len(held) + 0.5) + 1.0)
            scores[held] += (
                weight * counts * (_K1 + 1) / (counts + _K1 * (1 - _B + _B * lengths[held] / lengths.mean()))
            )
        return _once(targets[at] for at in _best(scores, 4 * FOUND_MOST))

    return rank


def _best(scores: NDArray[np.float64], most: int) -> list[int]:
    order: list[int] = np.argsort(-scores, kind="stable")[:most].tolist()
    return [at for at in order if scores[at] > 0]


def _lines(table: Table) -> tuple[list[str], list[str]]:
    """Every text, and the target that it leads to; a target leads to itself."""
    lines = [(plain(text), plain(target)) for target, learned in table.items() for text in (*learned.failed, target)]
    return [text for text, _ in lines], [target for _, target in lines]


def _once(targets: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(targets))[:FOUND_MOST]


def _entry(source: str, target: str, times: int, worked: int) -> Entry:
    return Entry(
        key=f"global/{source}>{target}",
        rewrite_id=f"{source}>{target}",
        user="",
        sources=(source,) if source else (),
        target=target,
        source_success=Success(1.0, 1.0),
        target_success=Success(1.0 + worked, 1.0),
        support=float(times),
        users=max(1, worked),
    )

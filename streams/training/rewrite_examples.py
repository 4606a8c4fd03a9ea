"""Requests with the rewrites that are found for them, and which of these the person would have wanted."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from random import Random

from models.rewrite.candidate import Candidate
from models.rewrite.index import RewriteIndex
from models.rewrite.query import Query
from models.rewrite.ranker import Ranker
from schemas.rewrite_decision import DecisionReason
from streams.serve.asked import request_of
from streams.serve.decide import Considered, Decider
from streams.training.rewrite_history import Request
from streams.training.rewrite_table import StateCounts, moves, personal_entry


@dataclass(frozen=True, slots=True)
class Example:
    """`wanted` says of each candidate whether it is what the person came to; all are unwanted where nothing had failed.
    `weight`: how many requests this one stands for."""

    request: Request
    query: Query
    candidates: tuple[Candidate, ...]
    wanted: tuple[bool, ...]
    weight: float


def examples_of(
    requests: Iterable[Request], index: RewriteIndex, ranker: Ranker, counts: StateCounts, kept: float, seed: int
) -> Iterator[Example]:
    """Requests person by person in the order of time; what a person has taught by then is in the index with the rest.

    Of requests that went well, a share of `kept` is taken, and stands for the others. Those that failed without that it
    showed what was meant are left out. What serving refuses to look at is no example.
    """
    chance = Random(seed)
    decider = Decider(index, ranker, lambda _user: {}, 0.0)
    people = sorted(requests, key=lambda one: (one.turn.user_id, one.at_ms))
    for user, own in groupby(people, key=lambda one: one.turn.user_id):
        for request in own:
            example = _example(request, decider, kept, chance)
            if example is not None:
                yield example
            if moves(request):
                index.put(personal_entry(request, counts))
        index.forget(user)


def _example(request: Request, decider: Decider, kept: float, chance: Random) -> Example | None:
    if request.defect and (request.became is None or request.state == request.became.state):
        return None
    if not request.defect and chance.random() >= kept:
        return None
    query, found, refusal = decider.find(request_of(request.turn), Considered())
    if not found or refusal is DecisionReason.DENIED:
        return None
    wanted = tuple(_is_wanted(request, candidate) for candidate in found)
    return Example(request, query, tuple(found), wanted, 1.0 if request.defect else 1.0 / kept)


def _is_wanted(request: Request, candidate: Candidate) -> bool:
    became = request.became
    if not request.defect or became is None:
        return False
    return candidate.entry.target == became.text or candidate.entry.target_state == became.state


def hits(examples: Sequence[Example], most: int) -> list[bool]:
    """Of the failed requests: whether what was wanted is among the first `most` found."""
    return [any(one.wanted[:most]) for one in examples if one.request.defect]

"""How the turns that follow say again what was not got, as numbers.

Who was misheard says the same with words that sound alike; who was misunderstood gives a value that was in the request
all along, or has the same words taken for something else. Nothing is known by name here either.
"""

from functools import lru_cache
from math import nan
from typing import Final

from rapidfuzz.distance import Indel

from models.failure_point.case import Case, Neighbour, Slot
from models.failure_point.relations import Bag, bag

_alike = Indel.normalized_similarity

REPAIRS: Final = (
    "later_value_was_in_request",
    "later_value_sounds_like_request",
    "later_nearer_to_alternative",
    "later_alternative_likeness",
    "later_same_words_other_intent",
    "later_same_value_other_type",
    "later_value_longer",
    "later_words_fewer_or_more",
    "later_is_guess",
)
"""What `repairs` gives, in its order."""


def repairs(case: Case) -> list[float]:
    """Numbers in the order of `REPAIRS`; not a number where nothing follows, or there is nothing to relate."""
    later = case.later
    if not later:
        return [nan] * len(REPAIRS)
    close = max(later, key=lambda turn: _alike(case.request, turn.request))
    request, words = bag(case.request), bag(close.request)
    said = frozenset().union(*(bag(slot[1]) for slot in case.slots))
    given = [slot for turn in later for slot in turn.slots]
    new = [slot[1] for slot in given if slot[1] and not bag(slot[1]) <= said]
    alternative = max((_alike(text, close.request) for text, _ in case.alternatives), default=nan)
    same = [turn for turn in later if bag(turn.request) == request]
    named = (case.domain, case.intent)
    guesses = {(guess[0], guess[1]) for guess in case.guesses} - {named}
    return [
        float(any(bag(value) <= request for value in new)),
        max((_heard_likeness(case.request, value) for value in new if not bag(value) <= request), default=0.0),
        alternative - _alike(case.request, close.request),
        alternative,
        float(any(_named(turn) != named for turn in same)) if same else nan,
        float(any(_other_type(slot, given) for slot in case.slots)) if case.slots else nan,
        float(any(_longer(slot, given, request) for slot in case.slots)) if case.slots else nan,
        float(words < request) - float(request < words),
        float(any(_named(turn) in guesses for turn in later)),
    ]


def _named(turn: Neighbour) -> tuple[str | None, str | None]:
    return turn.domain, turn.intent


def _other_type(slot: Slot, others: list[Slot]) -> bool:
    return any(one[1] == slot[1] and one[0] != slot[0] for one in others)


def _longer(slot: Slot, others: list[Slot], request: Bag) -> bool:
    """Whether the value was cut: one of those with more words was in the request."""
    return any(bag(slot[1]) < bag(one[1]) <= request for one in others)


@lru_cache(maxsize=65_536)
def _heard_likeness(request: str, value: str) -> float:
    """How much the most similar words of a request that stand together are like a value."""
    words = request.lower().split()
    wanted = value.lower()
    count = wanted.count(" ") + 1
    stretches = (
        " ".join(words[at : at + length])
        for length in range(max(1, count - 1), count + 2)
        for at in range(len(words) - length + 1)
    )
    return max((_alike(stretch, wanted) for stretch in stretches), default=0.0)

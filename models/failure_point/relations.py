"""How the words and entities of a turn stand to each other and to the turns around it, as numbers.

None of this knows a word, a domain or an entity by name: what matters is whether the entity is called what the person
said, whether the result is what was asked for, whether the next request brings the words that were missing. So it holds
for assistants that were never seen.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from math import nan
from typing import Final

from rapidfuzz.distance import Indel

from models.failure_point.case import Case, Neighbour, Slot

_alike = Indel.normalized_similarity

RELATIONS: Final = (
    "words",
    "words_outside_slots",
    "slots",
    "slots_without_entity",
    "value_not_in_request",
    "name_likeness",
    "name_words_lost",
    "name_words_added",
    "values_in_response",
    "request_in_response",
    "result_is_slot",
    "result_other_than_slot",
    "result_is_earlier",
    "result_other_than_latest",
    "result_likeness",
    "result_in_earlier_response",
    "alternative_changes",
    "alternative_changes_most",
    "alternative_likeness",
    "earlier_likeness",
    "earlier_same_domain",
    "earlier_same_intent",
    "earlier_values_again",
    "later_likeness",
    "later_words_lost",
    "later_words_added",
    "later_same_domain",
    "later_same_intent",
    "later_same_value_other_entity",
    "later_other_value_same_type",
    "later_value_likeness",
    "later_values_again",
    "later_from_alternatives",
    "later_from_request",
    "later_sounds",
    "later_result_same",
    "later_result_other",
    "next_likeness",
    "next_result_same",
    "later_slots_more",
    "entities_as_earlier",
)
"""What `relations` gives, in its order."""


def relations(case: Case) -> list[float]:
    """Numbers in the order of `RELATIONS`, mostly in [0, 1]; not a number where there is nothing to relate."""
    request, slots, earlier = bag(case.request), case.slots, case.earlier
    values = [bag(slot[1]) for slot in slots]
    said = frozenset().union(*values) if values else frozenset()
    return [
        *_own(case, request, values, said),
        *_result(case),
        *_alternatives(case, request),
        *(_before(case, earlier[-1], values) if earlier else (nan,) * 4),
        *_after(case, request, values),
        _entities_again(slots, earlier),
    ]


def _own(case: Case, request: "Bag", values: "list[Bag]", said: "Bag") -> list[float]:
    slots = case.slots
    named = [
        (value, bag(slot[2].partition(":")[2] or slot[2])) for value, slot in zip(values, slots, strict=True) if slot[2]
    ]
    answer = bag(case.response) if case.response else None
    return [
        float(case.request.count(" ") + 1 if case.request else 0),
        _share(len(request - said), len(request)),
        float(len(slots)),
        float(len(slots) - len(named)),
        float(any(not value <= request for value in values)) if values else nan,
        min((_alike(" ".join(sorted(value)), " ".join(sorted(name))) for value, name in named), default=nan),
        max((_share(len(value - name), len(value)) for value, name in named), default=nan),
        max((_share(len(name - value), len(name)) for value, name in named), default=nan),
        _share(len(said & answer), len(said)) if answer is not None else nan,
        _share(len(request & answer), len(request)) if answer is not None else nan,
    ]


def _result(case: Case) -> list[float]:
    result = case.result
    if result is None:
        return [nan] * 6
    kind, _, name = result.partition(":")
    own = [slot[2] for slot in case.slots if slot[2]]
    of_kind = [entity for entity in own if entity.partition(":")[0] == kind]
    before = [entity for turn in reversed(case.earlier) for entity in _entities(turn)]
    before_of_kind = [entity for entity in before if entity.partition(":")[0] == kind]
    words = bag(name or result)
    told = [bag(turn.response) for turn in case.earlier if turn.response]
    return [
        float(result in own),
        float(result not in of_kind) if of_kind else nan,
        float(result in before),
        float(result != before_of_kind[0]) if before_of_kind else nan,
        max((_share(len(words & bag(slot[1])), len(words)) for slot in case.slots), default=nan),
        max((_share(len(words & one), len(words)) for one in told), default=nan),
    ]


def _alternatives(case: Case, request: "Bag") -> list[float]:
    """How far the recogniser's alternatives are from what it chose: a near one changes a word, the truth more."""
    bags = [bag(text) for text, _ in case.alternatives]
    if not bags:
        return [nan] * 3
    changes = [len(request ^ one) for one in bags]
    return [
        float(changes[0]),
        float(max(changes)),
        min(_alike(case.request, text) for text, _ in case.alternatives),
    ]


def _before(case: Case, before: Neighbour, values: "list[Bag]") -> list[float]:
    return [
        _alike(case.request, before.request),
        _same(case.domain, before.domain),
        _same(case.intent, before.intent),
        _again(values, before.slots),
    ]


def _after(case: Case, request: "Bag", values: "list[Bag]") -> list[float]:
    later = case.later
    if not later:
        return [nan] * 17
    close = max(later, key=lambda turn: _alike(case.request, turn.request))
    words = bag(close.request)
    offered = frozenset().union(*(bag(text) for text, _ in case.alternatives)) - request
    new = words - request
    lost = request - words
    first = later[0]
    return [
        _alike(case.request, close.request),
        _share(len(lost), len(request)),
        _share(len(new), len(words)),
        _same(case.domain, close.domain),
        _same(case.intent, close.intent),
        float(any(_other_entity(slot, turn.slots) for turn in later for slot in case.slots)) if case.slots else nan,
        float(any(_other_value(slot, turn.slots) for turn in later for slot in case.slots)) if case.slots else nan,
        max((_value_likeness(slot, turn.slots) for turn in later for slot in case.slots), default=nan),
        _again(values, close.slots),
        float(len(offered & new)),
        _share(len(request & words), len(request)),
        max((_alike(one, other) for one in lost for other in new), default=nan),
        float(any(turn.result == case.result for turn in later)) if case.result else nan,
        float(any(turn.result and turn.result != case.result for turn in later)) if case.result else nan,
        _alike(case.request, first.request),
        float(first.result == case.result) if case.result and first.result else nan,
        float(len(close.slots) - len(case.slots)),
    ]


Bag = frozenset[str]


@lru_cache(maxsize=65_536)
def bag(text: str) -> Bag:
    """The words of a text or of an entity's name, in lower case, without marks."""
    return frozenset("".join(c if c.isalnum() or c == "'" else " " for c in text.lower()).split())


def _share(part: int, whole: int) -> float:
    return part / whole if whole else nan


def _same(one: str | None, other: str | None) -> float:
    return float(one == other) if one is not None and other is not None else nan


def _again(values: "Iterable[Bag]", slots: Sequence[Slot]) -> float:
    """Share of the values that a turn gives as well."""
    wanted = list(values)
    if not wanted or not slots:
        return nan
    given = [bag(slot[1]) for slot in slots]
    return sum(any(value <= one for one in given) for value in wanted) / len(wanted)


def _other_entity(slot: Slot, others: Sequence[Slot]) -> bool:
    return any(one[1] == slot[1] and one[2] != slot[2] for one in others)


def _other_value(slot: Slot, others: Sequence[Slot]) -> bool:
    return any(one[0] == slot[0] and one[1] != slot[1] for one in others)


def _value_likeness(slot: Slot, others: Sequence[Slot]) -> float:
    return max((_alike(one[1], slot[1]) for one in others if one[1] != slot[1]), default=0.0)


def _entities(turn: Neighbour) -> list[str]:
    found = [slot[2] for slot in turn.slots if slot[2]]
    return [turn.result, *found] if turn.result else found


def _entities_again(slots: Sequence[Slot], earlier: Sequence[Neighbour]) -> float:
    """Whether a slot of a kind that was talked about has the entity that was."""
    known = {entity for turn in earlier for entity in _entities(turn)}
    kinds = {entity.partition(":")[0] for entity in known}
    own = [slot[2] for slot in slots if slot[2] and slot[2].partition(":")[0] in kinds]
    return float(all(entity in known for entity in own)) if own else nan

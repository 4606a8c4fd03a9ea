"""How much a rewrite could cure: which defects come again, by the truth.

A rewrite replaces a state by another, so at best it cures defects whose state was wrong before in the same way: of
enough other people for the layer of all, of this person for the layer of one. Whoever knew all truth of the past would
make a rewrite where most requests at a state meant one other thing. That oracle looks at earlier dialogues alone, as
learning does; it needs nobody to have found the way out, which learning does: a later request of the dialogue of which
was understood what had been meant.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from streams.evaluate.figures import Figure
from streams.evaluate.rewrites_arms import Said
from streams.evaluate.rewrites_bootstrap import share_of_sums
from streams.evaluate.rewrites_ceiling_parts import PartsOracle

MANY = 10
"""People, as in `processors.rewrite_choice.RewriteRules`."""


@dataclass(slots=True)
class Ceiling:
    """Of one person's defects: those that come again for others, and those that an oracle cures."""

    defects: int = 0
    again_for_others: int = 0
    by_many: int = 0
    by_own: int = 0
    by_either: int = 0
    by_slots: int = 0
    by_phrases: int = 0
    by_all_of_many: int = 0
    habits: int = 0
    way_out: int = 0


class Oracle:
    """Knows the truth of everything before now."""

    def __init__(self, people: int = MANY) -> None:
        self._needed = people
        self._all: Counter[str] = Counter()
        self._wrong: dict[str, Counter[str]] = defaultdict(Counter)
        self._people: dict[tuple[str, str], set[str]] = defaultdict(set)
        self._own: Counter[tuple[str, str]] = Counter()
        self._own_wrong: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)

    def learn(self, one: Said) -> None:
        """A request and its truth."""
        if not one.state:
            return
        self._all[one.state] += 1
        self._own[one.user, one.state] += 1
        if one.right or one.state == one.meant:
            return
        self._wrong[one.state][one.meant] += 1
        self._own_wrong[one.user, one.state][one.meant] += 1
        people = self._people[one.state, one.meant]
        if len(people) <= self._needed:
            people.add(one.user)

    def others(self, one: Said) -> int:
        """Of how many other people this state was wrong in this way (it stops counting after enough)."""
        return len(self._people.get((one.state, one.meant), set()) - {one.user})

    def many_say(self, state: str) -> str | None:
        """What most requests at a state meant, where that is not what was understood and enough people meant it."""
        return self._mostly(self._wrong.get(state), self._all[state], state)

    def own_says(self, user: str, state: str) -> str | None:
        """The same of one person."""
        place = user, state
        meant = self._own_wrong.get(place)
        if not meant:
            return None
        target, times = meant.most_common(1)[0]
        return target if 2 * times > self._own[place] else None

    def _mostly(self, wrong: Counter[str] | None, total: int, state: str) -> str | None:
        if not wrong:
            return None
        target, times = wrong.most_common(1)[0]
        if 2 * times <= total or len(self._people[state, target]) < self._needed:
            return None
        return target


def ceiling(before: Iterable[Said], said: Sequence[Said], people: int = MANY) -> dict[str, Figure]:
    """Shares of the defects in `said`, which comes after `before`, with intervals by person."""
    oracle, parts = Oracle(people), PartsOracle(people)
    for one in before:
        oracle.learn(one)
        parts.learn(one)
    found: dict[str, Ceiling] = {}
    for dialogue in _dialogues(said):
        for place, one in enumerate(dialogue):
            if not one.right:
                own = found.setdefault(one.user, Ceiling())
                own.way_out += any(later.state == one.meant for later in dialogue[place + 1 :])
                _judge(own, one, oracle, parts)
        for one in dialogue:
            oracle.learn(one)
            parts.learn(one)
    defects = [one.defects for one in found.values()]
    return {
        "defects_that_come_again": share_of_sums([one.again_for_others for one in found.values()], defects),
        "defects_with_a_way_out": share_of_sums([one.way_out for one in found.values()], defects),
        "defects_of_habits": share_of_sums([one.habits for one in found.values()], defects),
        "curable_by_many": share_of_sums([one.by_many for one in found.values()], defects),
        "curable_by_own": share_of_sums([one.by_own for one in found.values()], defects),
        "curable_by_either": share_of_sums([one.by_either for one in found.values()], defects),
        "curable_by_slots": share_of_sums([one.by_slots for one in found.values()], defects),
        "curable_by_phrases": share_of_sums([one.by_phrases for one in found.values()], defects),
        "curable_by_all_of_many": share_of_sums([one.by_all_of_many for one in found.values()], defects),
    }


def _dialogues(said: Iterable[Said]) -> list[list[Said]]:
    """In the order in which they end, the requests of each in the order of time."""
    dialogues: dict[str, list[Said]] = defaultdict(list)
    for one in sorted(said, key=lambda one: one.at_ms):
        dialogues[one.dialogue].append(one)
    return sorted(dialogues.values(), key=lambda dialogue: dialogue[-1].at_ms)


def _judge(found: Ceiling, one: Said, oracle: Oracle, parts: PartsOracle) -> None:
    found.defects += 1
    found.habits += one.habit
    if not one.state or one.state == one.meant:
        return
    found.again_for_others += oracle.others(one) > 0
    by_many = oracle.many_say(one.state) == one.meant
    by_slots, by_phrase = parts.by_slots(one), parts.by_phrase(one)
    found.by_slots += by_slots
    found.by_phrases += by_phrase
    found.by_all_of_many += by_many or by_slots or by_phrase
    by_own = oracle.own_says(one.user, one.state) == one.meant
    found.by_many += by_many
    found.by_own += by_own
    found.by_either += by_many or by_own

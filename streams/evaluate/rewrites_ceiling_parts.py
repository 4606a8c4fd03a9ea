"""How much could be cured by knowing of parts of requests what is wrong: by the truth, pooled over all requests.

A state holds a whole request. What is misheard is misheard in whatever request it stands, and the same words get the
same wrong entity whatever is asked of it; so an oracle that knows the past looks at values of slots, and at phrases:
a few words that were heard in the place of others, with one word on either side.
"""

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterator
from typing import Final, Generic, TypeVar

from processors.interpretation import parts_of, plain_words
from processors.phrase_lessons import LONGEST, differences
from schemas.phrase import Phrase, parts_of_request, put_right
from streams.evaluate.rewrites_arms import Said

_AROUND: Final = 2

Slot = tuple[str, str, str]
K = TypeVar("K", bound=Hashable)
V = TypeVar("V", bound=Hashable)


class Pooled(Generic[K, V]):
    """What most uses of something meant, where enough people meant it."""

    def __init__(self, needed: int) -> None:
        self._needed = needed
        self._all: Counter[K] = Counter()
        self._wrong: dict[K, Counter[V]] = defaultdict(Counter)
        self._people: dict[tuple[K, V], set[str]] = defaultdict(set)

    def used(self, key: K) -> None:
        """It was used once more."""
        self._all[key] += 1

    def meant(self, key: K, meant: V, user: str) -> None:
        """This use meant something else."""
        self._wrong[key][meant] += 1
        if len(people := self._people[key, meant]) < self._needed:
            people.add(user)

    def says(self, key: K) -> V | None:
        """What most uses meant that is not what was understood."""
        wrong = self._wrong.get(key)
        if not wrong:
            return None
        meant, times = wrong.most_common(1)[0]
        return meant if 2 * times > self._all[key] and len(self._people[key, meant]) >= self._needed else None


class PartsOracle:
    """Knows the truth of everything before now, by values of slots and by phrases."""

    def __init__(self, needed: int) -> None:
        """`needed`: distinct people."""
        self._slots: Pooled[Slot, str] = Pooled(needed)
        self._phrases: Pooled[Phrase, Phrase] = Pooled(needed)

    def learn(self, one: Said) -> None:
        """A request and its truth."""
        domain, intent, slots = parts_of(one.state)
        for kind, value in slots:
            self._slots.used((domain, kind, value))
        for phrase in _phrases(parts_of_request(one.heard)):
            self._phrases.used(phrase)
        for difference in differences(one.heard, one.said):
            self._phrases.meant(*difference, one.user)
        meant = parts_of(one.meant)
        if not one.right and (domain, intent) == meant[:2]:
            wanted = dict(meant.slots)
            for kind, value in slots:
                if kind in wanted and wanted[kind] != value:
                    self._slots.meant((domain, kind, value), wanted[kind], one.user)

    def by_slots(self, one: Said) -> bool:
        """Whether what it knows of the values of slots makes a request right."""
        domain, intent, slots = parts_of(one.state)
        put = sorted(f"{kind}:{self._slots.says((domain, kind, value)) or value}" for kind, value in slots)
        return f"{domain}|{intent}|{';'.join(put)}" == one.meant

    def by_phrase(self, one: Said) -> bool:
        """Whether what it knows of one phrase, the longest, makes the words of a request those that were said."""
        parts = parts_of_request(one.heard)
        for length in range(LONGEST + _AROUND, 1, -1):
            for at in range(len(parts) - length + 1):
                phrase = parts[at : at + length]
                if (meant := self._phrases.says(phrase)) is not None:
                    return plain_words(put_right(one.heard, at, phrase, meant)) == plain_words(one.said)
        return False


def _phrases(parts: Phrase) -> Iterator[Phrase]:
    for length in range(2, LONGEST + _AROUND + 1):
        for at in range(len(parts) - length + 1):
            yield parts[at : at + length]

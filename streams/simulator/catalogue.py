"""The entities of a pack: what slots stand for, by names that several of them may bear."""

from bisect import bisect
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from random import Random

from streams.simulator.meaning import SlotValue


@dataclass(frozen=True, slots=True)
class Entry:
    """An entity. `attributes`: attribute -> entity. `names`: all words for it, `name` first."""

    entity: str
    catalogue: str
    name: str
    full_name: str
    """As `name`, and told apart from others of that name."""
    names: tuple[str, ...]
    attributes: Mapping[str, str]


class Catalogue:
    """All entities that a slot can stand for, the popular ones more likely."""

    __slots__ = ("_by_attribute", "_by_name", "_cumulative", "_total", "entries", "name", "popularity")

    def __init__(self, name: str, entries: Sequence[Entry], skew: float) -> None:
        """`entries`: most popular first. `skew`: exponent of the Zipf law of popularity."""
        self.name = name
        self.entries = tuple(entries)
        weights = [1 / (rank + 3) ** skew for rank in range(len(self.entries))]
        self._cumulative = list(accumulate(weights))
        self._total = self._cumulative[-1]
        self.popularity = {
            entry.entity: weight / self._total for entry, weight in zip(self.entries, weights, strict=True)
        }
        self._by_name: dict[str, tuple[Entry, ...]] = {}
        self._by_attribute: dict[tuple[str, str], tuple[Entry, ...]] = {}
        for entry in self.entries:
            for words in dict.fromkeys(name.lower() for name in entry.names):
                self._by_name[words] = (*self._by_name.get(words, ()), entry)
        for attribute in {attribute for entry in self.entries for attribute in entry.attributes}:
            gathered: dict[str, list[Entry]] = {}
            for entry in self.entries:
                gathered.setdefault(entry.attributes[attribute], []).append(entry)
            self._by_attribute.update({(attribute, value): tuple(found) for value, found in gathered.items()})

    def sample(self, rng: Random) -> Entry:
        """One entity, as often as it is popular."""
        return self.entries[bisect(self._cumulative, rng.random() * self._total)]

    def named(self, words: str) -> tuple[Entry, ...]:
        """The entities that bear a name (in any case), the most popular first."""
        return self._by_name.get(words.lower(), ())

    def names(self) -> Iterable[str]:
        """Every name, in lower case, once."""
        return self._by_name.keys()

    def matching(self, wanted: Mapping[str, str]) -> tuple[Entry, ...]:
        """The entities with all these attributes, the most popular first."""
        if not wanted:
            return self.entries
        groups = sorted((self._by_attribute.get(pair, ()) for pair in wanted.items()), key=len)
        if len(groups) == 1:
            return groups[0]
        return tuple(
            entry for entry in groups[0] if all(entry.attributes.get(name) == value for name, value in wanted.items())
        )

    def ambiguous_names(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """(name, its bearers) where several entities bear it."""
        return tuple(
            (entries[0].name, tuple(entry.entity for entry in entries))
            for entries in self._by_name.values()
            if len(entries) > 1
        )


@dataclass(frozen=True, slots=True)
class SpokenEntry:
    """An entity as a customer says it in a slot: made once, since millions of turns say it."""

    short: tuple[SlotValue, ...]
    full: SlotValue
    label: str
    """What the assistant calls it: the full name where the short one is not clear."""
    ambiguous: bool


def spoken(entry: Entry, slot: str, catalogue: Catalogue) -> SpokenEntry:
    """How `entry` is said in `slot`."""
    ambiguous = len(catalogue.named(entry.name)) > 1
    full = SlotValue(slot, entry.full_name, entry.entity)
    short = tuple(SlotValue(slot, name, entry.entity) for name in entry.names if name != entry.full_name)
    return SpokenEntry(short or (full,), full, entry.full_name if ambiguous else entry.name, ambiguous)

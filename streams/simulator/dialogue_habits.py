"""Names by which one person means something of their own: `Wilkerson` is the one in California for this one."""

from collections.abc import Sequence
from typing import NamedTuple

from streams.simulator.goals import Goal
from streams.simulator.meaning import Meaning
from streams.simulator.pack import Pack
from streams.simulator.people import Person


class Habit(NamedTuple):
    """A name in a slot and the entity that this person means by it."""

    slot: str
    name: str
    entity: str


class Habits:
    """The own meanings that matter in one dialogue. `own`: name -> entity."""

    __slots__ = ("_entities", "_pack", "own")

    def __init__(self, pack: Pack, person: Person, goals: Sequence[Goal]) -> None:
        self._pack = pack
        self.own = _own_meanings(pack, person, goals)
        self._entities = frozenset(self.own.values())

    def of(self, meaning: Meaning | None) -> Habit | None:
        """Where what was meant rests on such a name."""
        if not self._entities or meaning is None:
            return None
        for slot in meaning.slots:
            if slot.entity in self._entities:
                return Habit(slot.slot, slot.value, slot.entity)
        return None

    def statement(self, meaning: Meaning | None) -> str:
        """The person says what they mean by the name, at the end of a sentence."""
        habit = self.of(meaning)
        return "" if habit is None else f" by {habit.name.lower()} i mean {self._pack.label(habit.entity).lower()}"


def _own_meanings(pack: Pack, person: Person, goals: Sequence[Goal]) -> dict[str, str]:
    own: dict[str, str] = {}
    for goal in goals:
        for slot, entity in goal.arguments:
            if not pack.spoken(slot, entity).ambiguous:
                continue
            name = pack.entries[entity].name
            catalogue = pack.catalogue_of[slot]
            candidates = [(entry.entity, catalogue.popularity[entry.entity]) for entry in catalogue.named(name)]
            meant = person.meant(slot, name.lower(), candidates)
            if meant is not None and meant != candidates[0][0]:
                own[name] = meant
    return own

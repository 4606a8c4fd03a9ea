"""What a customer talks about right now: a call that it wants, and how much of it was said."""

from collections.abc import Mapping, Sequence
from random import Random
from typing import Final

from streams.simulator.meaning import Act, Meaning, Move, SlotValue
from streams.simulator.pack import Pack
from streams.simulator.pack_api import Api
from streams.simulator.wording_acts import INFORM, INFORM_INTENT

ActTriple = tuple[Act, str, str]
_FULL_WHEN_AMBIGUOUS: Final = 0.5


class Speech:
    """How one customer puts entities into words: pronouns, own meanings of names, full names."""

    __slots__ = ("_habits", "_pack", "_rng", "mentioned", "own_names")

    def __init__(self, pack: Pack, rng: Random, habits: frozenset[str]) -> None:
        """`habits`: entities that this customer calls by a name that others mean otherwise."""
        self._pack = pack
        self._rng = rng
        self._habits = habits
        self.own_names: dict[str, str] = {}
        """Entity -> the customer's own name for it; said once, then the assistant knows it or has to be told."""
        self.mentioned: dict[str, str] = {}
        """Catalogue -> the entity that both sides heard of last."""

    def said(self, slot: str, entity: str, told: Mapping[str, str], *, refer: float, full: float) -> SlotValue:
        """The words for an entity. `refer`, `full`: probability of a pronoun where it is clear, of the full name."""
        pack, random = self._pack, self._rng.random
        if entity in self.own_names:
            return SlotValue(slot, self.own_names.pop(entity), entity)
        pronouns = pack.pronouns[slot]
        if pronouns and self.mentioned.get(pack.slots[slot]) == entity and random() < refer:
            return SlotValue(slot, pronouns[int(random() * len(pronouns))], entity)
        spoken = pack.spoken(slot, entity)
        if entity in self._habits:
            full = 0.0
        elif spoken.ambiguous:
            full = max(full, _FULL_WHEN_AMBIGUOUS)
        if full and random() < full and not any(name in told for name in pack.entries[entity].attributes):
            return spoken.full
        short = spoken.short
        return short[0] if len(short) == 1 else short[int(random() * len(short))]


class Wish:
    """One API that is to be called, and what of its arguments the assistant was told."""

    __slots__ = ("_pack", "_speech", "api", "told", "wanted")

    def __init__(self, pack: Pack, speech: Speech, api: Api, wanted: Mapping[str, str]) -> None:
        self._pack = pack
        self._speech = speech
        self.api = api
        self.wanted = dict(wanted)
        self.told: dict[str, str] = {}

    def ask(
        self, slots: Sequence[str], before: tuple[ActTriple, ...] = (), *, refer: float = 0.0, full: float = 0.0
    ) -> Move:
        """Asks for the API and tells these slots."""
        values = self._tell(slots, refer, full)
        informed = tuple([(INFORM, value.slot, value.value) for value in values])
        acts = (*before, (INFORM_INTENT, "intent", self.api.name), *informed)
        return Move(acts, Meaning(self.api.domain, self.api.intent, values))

    def inform(
        self,
        slots: Sequence[str],
        before: tuple[ActTriple, ...] = (),
        intent: str | None = None,
        *,
        refer: float = 0.0,
        full: float = 0.0,
    ) -> Move:
        """Tells these slots alone; `intent` where it does more than to answer."""
        values = self._tell(slots, refer, full)
        acts = before + tuple([(INFORM, value.slot, value.value) for value in values])
        return Move(acts, Meaning(self.api.domain, intent or self.api.intent, values))

    def untold(self) -> list[str]:
        """What the assistant does not know yet, in the order of the API."""
        return [slot for slot in self.api.slots if slot in self.wanted and slot not in self.told]

    def ours(self, meaning: Meaning | None) -> bool:
        """Is the assistant talking of this API?"""
        return meaning is not None and meaning.intent == self.api.intent and meaning.domain == self.api.domain

    def change(self, rng: Random, among: Sequence[str]) -> list[str]:
        """Wants an other value of one of the slots. Returns those that are other now, if any.

        What needs something first is not changed: the other value might lack it.
        """
        changeable = [slot for slot in among if self._may_change(slot)] if not self.api.needs else []
        if not changeable:
            return []
        slot = changeable[int(rng.random() * len(changeable))]
        entry = self._pack.catalogue_of[slot].sample(rng)
        if entry.entity == self.wanted[slot]:
            return []
        return self.take(slot, entry.entity)

    def take(self, slot: str, entity: str) -> list[str]:
        """Wants this entity, and what goes with it. Returns the slots that are other now."""
        new = {slot: entity} | {
            name: value for name, value in self._pack.implied_by(entity) if name in self.wanted and name != slot
        }
        changed = [name for name, value in new.items() if self.wanted.get(name) != value]
        self.wanted.update(new)
        return [name for name in self.api.slots if name in changed]

    def _may_change(self, slot: str) -> bool:
        entries = self._pack.entries
        return slot in self.wanted and not any(slot in entries[entity].attributes for entity in self.wanted.values())

    def _tell(self, slots: Sequence[str], refer: float, full: float) -> tuple[SlotValue, ...]:
        wanted, speech = self.wanted, self._speech
        if not slots:
            return ()
        telling = {slot: wanted[slot] for slot in slots}
        self.told.update(telling)
        return tuple([speech.said(slot, wanted[slot], telling, refer=refer, full=full) for slot in slots])

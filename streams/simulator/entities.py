"""Entity resolution: from the words of a slot to an entity of the catalogue."""

from random import Random
from typing import Final, NamedTuple
from zlib import crc32

from streams.simulator.confidence import ConfidenceTable
from streams.simulator.meaning import Meaning, Resolver, SlotValue
from streams.simulator.profile import EntityProfile
from streams.simulator.recurring import Recurring

Candidates = tuple[tuple[str, float], ...]

_REMEMBERED: Final = 50_000


class Linker:
    """An entity resolution channel over a resolver. `recurring`: which names it finds hard; None: none more."""

    def __init__(self, resolver: Resolver, profile: EntityProfile, recurring: Recurring | None = None) -> None:
        self._resolver = resolver
        self._recurring = recurring
        self._profile = profile
        self._confidence = ConfidenceTable(profile.confidence)
        self._found: dict[tuple[str, str], Candidates] = {}

    def candidates(self, slot: str, words: str) -> Candidates:
        """What the resolver finds: for the same words always the same, whatever was asked before."""
        key = (slot, words)
        found = self._found.get(key)
        if found is None:
            if len(self._found) >= _REMEMBERED:
                self._found.clear()
            found = self._resolver.candidates(slot, words, Random(crc32(f"{slot}/{words}".encode())))
            self._found[key] = found
        return found

    def link(
        self, meaning: Meaning, truth: Meaning | None, fault: float, chance: float, pick: float
    ) -> tuple[Meaning, bool]:
        """`meaning` with the entities for its words; and whether words heard as said got another than is meant.

        A function of the arguments. Entities in `meaning` are those that are meant; they are looked up anew. What the
        resolver does not know, such as `it`, is left to the dialogue and stays as meant. `fault`: probability of an
        error besides. `chance` in [0, 1) decides whether it errs, `pick` in [0, 1) where and how.
        """
        slots = meaning.slots
        if not slots:
            return meaning, False
        faithful = truth is not None and slots == truth.slots
        profile = self._profile
        error = profile.error if faithful else profile.error + profile.damaged - profile.error * profile.damaged
        if self._recurring is not None and self._recurring.decides(pick):
            hard = self._hard(slots, error, self._recurring)
            if hard is not None:
                return self._looked_up(meaning, truth, hard)
            error = 0.0  # what is left is the fault
        strikes = chance < 1.0 - (1.0 - error) * (1.0 - fault)
        if not strikes and faithful:
            for slot in slots:
                entity = slot.entity
                if entity is not None:
                    found = self._found.get((slot.slot, slot.value))
                    if found is None:
                        found = self.candidates(slot.slot, slot.value)
                    if found and found[0][0] != entity:
                        break
            else:
                return meaning, False
        return self._looked_up(meaning, truth, self._struck(slots, pick) if strikes else None)

    def scores(self, meaning: Meaning, truth: Meaning | None, rng: Random) -> tuple[float, ...]:
        """How sure it says it is of each slot."""
        draw = self._confidence.draw
        if meaning is truth:
            return tuple([draw(True, rng) for _ in meaning.slots])
        known = truth.slots if truth is not None else ()
        return tuple([draw(slot in known, rng) for slot in meaning.slots])

    def _looked_up(self, meaning: Meaning, truth: Meaning | None, struck: "_Struck | None") -> tuple[Meaning, bool]:
        entities = [self._best(slot) for slot in meaning.slots]
        if struck is not None:
            entities[struck.at] = self._other(meaning.slots[struck.at], struck.rng)
        linked = tuple(
            SlotValue(slot.slot, slot.value, entity) for slot, entity in zip(meaning.slots, entities, strict=True)
        )
        known = truth.slots if truth is not None else ()
        erred = any(
            slot in known and slot.entity != entity for slot, entity in zip(meaning.slots, entities, strict=True)
        )
        return Meaning(meaning.domain, meaning.intent, linked), erred

    def _best(self, slot: SlotValue) -> str | None:
        found = self.candidates(slot.slot, slot.value)
        return found[0][0] if found else slot.entity

    def _places(self, slots: tuple[SlotValue, ...]) -> list[int]:
        return [at for at, slot in enumerate(slots) if self._best(slot) is not None]

    def _struck(self, slots: tuple[SlotValue, ...], pick: float) -> "_Struck | None":
        """One of the slots, by chance."""
        places, rng = self._places(slots), Random(pick)
        return _Struck(places[int(rng.random() * len(places))], rng) if places else None

    def _hard(self, slots: tuple[SlotValue, ...], error: float, recurring: Recurring) -> "_Struck | None":
        """The slot whose words are the hardest, if they are hard enough; its words fail the same way every time."""
        places = self._places(slots)
        if not places:
            return None
        draws = [(recurring.of_value(slots[at].slot, slots[at].value), at) for at in places]
        draw, at = min(draws)
        # The hardest of several is harder than one: so their request errs as often as one of a single slot.
        return _Struck(at, Random(draw.pick)) if draw.chance < 1.0 - (1.0 - error) ** (1 / len(places)) else None

    def _other(self, slot: SlotValue, rng: Random) -> str | None:
        """Another of the candidates for a slot, or none."""
        others = self.candidates(slot.slot, slot.value)[1:]
        if not others or rng.random() < self._profile.miss:
            return None
        return others[int(rng.random() ** 2 * len(others))][0]


class _Struck(NamedTuple):
    """The slot that errs, and what its error is drawn from."""

    at: int
    rng: Random

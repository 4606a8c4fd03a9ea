"""From words to the entities that they may mean."""

from collections.abc import Mapping
from random import Random
from typing import Final

from rapidfuzz import fuzz, process

from streams.simulator.catalogue import Catalogue

_NEAREST: Final = 4
_NEAR_ENOUGH: Final = 55.0
_REMEMBERED: Final = 50_000
_JITTER: Final = 0.15


class CatalogueResolver:
    """Finds the entities for the words of a slot; `meaning.Resolver` on catalogues."""

    def __init__(self, slots: Mapping[str, Catalogue], pronouns: frozenset[str]) -> None:
        """`slots`: the catalogue of each slot. `pronouns` are left to the dialogue."""
        self._slots = slots
        self._pronouns = pronouns
        self._names = {catalogue.name: list(catalogue.names()) for catalogue in slots.values()}
        self._found: dict[tuple[str, str], tuple[tuple[str, float], ...]] = {}

    def candidates(self, slot: str, words: str, rng: Random) -> tuple[tuple[str, float], ...]:
        """(entity, score), best first. Of one name all bearers, roughly by popularity; else what sounds most alike.

        Empty for an unknown slot, for pronouns and for words that resemble no name.
        """
        catalogue = self._slots.get(slot)
        if catalogue is None:
            return ()
        key = (catalogue.name, words.lower())
        found = self._found.get(key)
        if found is None:
            found = self._look_up(catalogue, key[1])
            if len(self._found) >= _REMEMBERED:
                self._found.clear()
            self._found[key] = found
        if len(found) < 2:
            return found
        jittered = [(entity, score * (1 - _JITTER * rng.random())) for entity, score in found]
        jittered.sort(key=_by_score, reverse=True)
        return tuple(jittered)

    def elsewhere(self, slot: str, words: str) -> tuple[tuple[str, str], ...]:
        """(slot, entity) of the same name in other catalogues: the film and the book for a song."""
        own = self._slots[slot].name if slot in self._slots else None
        return tuple(
            (other, entry.entity)
            for other, catalogue in self._slots.items()
            if catalogue.name != own
            for entry in catalogue.named(words)[:1]
        )

    def ambiguous(self, slot: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """(name, the entities that bear it) for every name of the slot with several."""
        return self._slots[slot].ambiguous_names()

    def _look_up(self, catalogue: Catalogue, words: str) -> tuple[tuple[str, float], ...]:
        if words in self._pronouns:
            return ()
        named = catalogue.named(words)
        if named:
            total = sum(catalogue.popularity[entry.entity] for entry in named)
            return tuple((entry.entity, catalogue.popularity[entry.entity] / total) for entry in named)
        near = process.extract(
            words, self._names[catalogue.name], scorer=fuzz.ratio, limit=_NEAREST, score_cutoff=_NEAR_ENOUGH
        )
        scores: dict[str, float] = {}
        for name, score, _ in near:
            for entry in catalogue.named(name):
                scores.setdefault(entry.entity, score / 100 * 0.9)
        return tuple(sorted(scores.items(), key=_by_score, reverse=True))


def _by_score(found: tuple[str, float]) -> float:
    return found[1]

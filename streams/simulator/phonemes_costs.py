"""What it costs a recogniser to hear one phoneme for another, and how unlike two pronunciations are to it."""

from collections.abc import Mapping
from itertools import permutations
from typing import Final

from streams.simulator.phonemes import PHONEMES, VOWELS

_VOICED_PAIRS: Final = ("pb", "td", "kg", "fv", "TD", "sz", "SZ", "Cj")
_MANNERS: Final = ("pbtdkg", "fvTDszSZh", "Cj", "mnN", "lr", "wy")
_PLACES: Final = ("pbmfvw", "tdnszlTD", "SZCjry", "kgNh")
_VOWEL_GROUPS: Final = ("iIE", "EAa", "aVQ@", "QOo", "UuV", "R@", "YAJ", "WoO")

_VOICING, _PLACE, _MANNER, _APART = 0.3, 0.6, 0.55, 1.0
_NEAR_VOWEL, _FAR_VOWEL, _VOWEL_CONSONANT = 0.35, 0.65, 1.6
_WEAK: Final = frozenset("@hyw")
_WEAK_INDEL, _FINAL_INDEL, _INDEL = 0.4, 0.45, 0.8


class PhonemeCosts:
    """Costs of a recogniser: by articulation, and by its own table where that says otherwise."""

    __slots__ = ("_substitution",)

    def __init__(self, confusions: Mapping[str, float]) -> None:
        """`confusions`: such as `"P B"` -> cost, either way round."""
        characters = PHONEMES.values()
        self._substitution = {(one, other): _articulation(one, other) for one, other in permutations(characters, 2)}
        for pair, cost in confusions.items():
            one, other = (PHONEMES[name] for name in pair.split())
            self._substitution[one, other] = self._substitution[other, one] = cost

    def distance(self, one: str, other: str, most: float) -> float:
        """Least cost to turn a pronunciation into the other; anything above `most` where it is more than that."""
        substitution = self._substitution
        before = [0.0]
        for at, sound in enumerate(other):
            before.append(before[-1] + _indel(sound, at == len(other) - 1))
        last = len(one) - 1
        for row, sound in enumerate(one):
            dropped = _indel(sound, row == last)
            line = [before[0] + dropped]
            for column, heard in enumerate(other):
                change = before[column] if sound == heard else before[column] + substitution[sound, heard]
                added = line[column] + _indel(heard, column == len(other) - 1)
                line.append(min(change, before[column + 1] + dropped, added))
            if min(line) > most:
                return most + 1.0
            before = line
        return before[-1]


def _indel(sound: str, final: bool) -> float:
    if sound in _WEAK:
        return _WEAK_INDEL
    return _FINAL_INDEL if final and sound not in VOWELS else _INDEL


def _articulation(one: str, other: str) -> float:
    if (one in VOWELS) != (other in VOWELS):
        return _VOWEL_CONSONANT
    if one in VOWELS:
        return _NEAR_VOWEL if _together(one, other, _VOWEL_GROUPS) else _FAR_VOWEL
    if _together(one, other, _VOICED_PAIRS):
        return _VOICING
    if _together(one, other, _MANNERS):
        return _MANNER
    return _PLACE if _together(one, other, _PLACES) else _APART


def _together(one: str, other: str, groups: tuple[str, ...]) -> bool:
    return any(one in group and other in group for group in groups)

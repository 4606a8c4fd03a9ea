"""Which words of a vocabulary sound like a word, like two words run together, or like a part of one."""

from collections.abc import Iterable
from math import exp
from typing import Final, TypeVar

from rapidfuzz.distance import Levenshtein

from streams.simulator.phonemes import pronounce
from streams.simulator.phonemes_costs import PhonemeCosts

_CLASSES: Final = str.maketrans(
    dict.fromkeys("pb", "p")
    | dict.fromkeys("td", "t")
    | dict.fromkeys("kg", "k")
    | dict.fromkeys("fvTD", "f")
    | dict.fromkeys("szSZCj", "s")
    | dict.fromkeys("mnN", "m")
    | dict.fromkeys("lr", "l")
    | dict.fromkeys("wy", "w")
    | dict.fromkeys("iIAEa", "e")
    | dict.fromkeys("QOoUuV@WJRY", "o")
    | {"h": None}
)
"""Sounds that are easily taken for each other share a class, so that near-sounding words share a key."""

_REMEMBERED: Final = 30_000
_LOOKED_AT: Final = 24
_KEPT: Final = 8
_MOST_PER_PHONEME: Final = 0.35
_LEAST_ALLOWED: Final = 0.85
_SPLIT_MIN: Final = 4
_PART_MIN: Final = 2


Similar = tuple[str, ...]
"""What can be heard instead: `SHARES` texts, each as often as it is likely; empty where nothing sounds alike."""

_Key = TypeVar("_Key", str, tuple[str, str])

SHARES: Final = 32


class PhoneticIndex:
    """A vocabulary by sound. Answers are remembered, as many as memory should hold.

    `sharpness`: how strongly near-sounding words are preferred.
    """

    def __init__(self, words: Iterable[str], costs: PhonemeCosts, sharpness: float) -> None:
        self._costs = costs
        self._sharpness = sharpness
        self._by_code: dict[str, list[str]] = {}
        self._by_part: dict[str, list[str]] = {}
        for word in sorted(set(words)):
            code = _code(word)
            if not code:
                continue
            self._by_code.setdefault(code, []).append(word)
            for part in _with_deletions(code):
                self._by_part.setdefault(part, []).append(code)
        self._near: dict[str, Similar] = {}
        self._splits: dict[str, Similar] = {}
        self._merges: dict[tuple[str, str], Similar] = {}

    def near(self, word: str) -> Similar:
        """The words that sound most like `word`, itself left out."""
        found = self._near.get(word)
        if found is None:
            found = self._ranked(pronounce(word), self._candidates(_code(word), word))
            _remember(self._near, word, found)
        return found

    def splits(self, word: str) -> Similar:
        """Pairs of words that together sound like `word`."""
        found = self._splits.get(word)
        if found is None:
            found = self._ranked(pronounce(word), self._pairs(word))
            _remember(self._splits, word, found)
        return found

    def merges(self, first: str, second: str) -> Similar:
        """Words that sound like the two said in one breath."""
        found = self._merges.get((first, second))
        if found is None:
            sounds = pronounce(first) + pronounce(second)
            found = self._ranked(sounds, self._candidates(sounds.translate(_CLASSES), ""))
            _remember(self._merges, (first, second), found)
        return found

    def _candidates(self, code: str, but: str) -> list[str]:
        codes = {near for part in _with_deletions(code) for near in self._by_part.get(part, ())}
        return [word for near in sorted(codes) for word in self._by_code[near] if word != but.lower()]

    def _pairs(self, word: str) -> list[str]:
        code = _code(word)
        if len(code) < _SPLIT_MIN:
            return []
        return [
            f"{first} {second}"
            for cut in range(_PART_MIN, len(code) - _PART_MIN + 1)
            for first in self._by_code.get(code[:cut], ())[:_KEPT]
            for second in self._by_code.get(code[cut:], ())[:_KEPT]
        ]

    def _ranked(self, sounds: str, candidates: list[str]) -> Similar:
        most = max(_LEAST_ALLOWED, _MOST_PER_PHONEME * len(sounds))
        said = {text: "".join(map(pronounce, text.split())) for text in candidates}
        closest = sorted(candidates, key=lambda text: (Levenshtein.distance(sounds, said[text]), text))[:_LOOKED_AT]
        ranked = sorted((self._costs.distance(sounds, said[text], most), text) for text in closest)
        weights = [(exp(-self._sharpness * cost), text) for cost, text in ranked[:_KEPT] if cost <= most]
        return _shared_out(weights) if weights else ()


def _shared_out(weights: list[tuple[float, str]]) -> Similar:
    """`SHARES` texts, each as often as its weight wants: one draw of an even place takes no search."""
    step = sum(weight for weight, _ in weights) / SHARES
    shares: list[str] = []
    reached = 0.0
    for weight, text in weights:
        reached += weight
        shares.extend([text] * (min(SHARES, int(reached / step + 0.5)) - len(shares)))
    return tuple(shares)


def _remember(found: dict[_Key, Similar], key: _Key, similar: Similar) -> None:
    if len(found) >= _REMEMBERED:
        found.clear()
    found[key] = similar


def _code(word: str) -> str:
    return pronounce(word).translate(_CLASSES)


def _with_deletions(code: str) -> set[str]:
    """The code and what is left of it without one of its sounds: shared by codes that are one step apart."""
    return {code} | {code[:at] + code[at + 1 :] for at in range(len(code))}

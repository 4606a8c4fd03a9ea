"""How written English sounds: letters to phonemes by rules of our own.

A pronunciation is a string with one character per phoneme, so that it can be indexed and compared like a word.
"""

import re
import unicodedata
from functools import lru_cache
from typing import Final

from streams.simulator.phonemes_rules import IRREGULAR, RULES

PHONEMES: Final = {
    **{"IY": "i", "IH": "I", "EY": "A", "EH": "E", "AE": "a", "AA": "Q", "AO": "O", "OW": "o", "UH": "U", "UW": "u"},
    **{"AH": "V", "AX": "@", "ER": "R", "AY": "Y", "AW": "W", "OY": "J"},
    **{"P": "p", "B": "b", "T": "t", "D": "d", "K": "k", "G": "g", "F": "f", "V": "v", "TH": "T", "DH": "D"},
    **{"S": "s", "Z": "z", "SH": "S", "ZH": "Z", "HH": "h", "CH": "C", "JH": "j"},
    **{"M": "m", "N": "n", "NG": "N", "L": "l", "R": "r", "W": "w", "Y": "y"},
}
"""Names of the phonemes, as profiles write them, and their characters."""

VOWELS: Final = frozenset("iIAEaQOoUuV@RYWJ")

_REMEMBERED: Final = 65_536
_NUMBERS: Final = """zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen
sixteen seventeen eighteen nineteen""".split()
_TENS: Final = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_PARTS: Final = re.compile(r"[a-z]+|[0-9]+")


@lru_cache(maxsize=_REMEMBERED)
def pronounce(word: str) -> str:
    """The phonemes of a word, in lower or upper case, accents and digits allowed; empty for what has no sound."""
    plain = unicodedata.normalize("NFKD", word.lower()).replace("'", "").replace("\u2019", "")
    plain = "".join(letter for letter in plain if not unicodedata.combining(letter))
    return "".join(_letters(part) if part.isalpha() else _number(part) for part in _PARTS.findall(plain))


def _number(digits: str) -> str:
    """A number up to 99 as it is said; a longer one digit by digit."""
    value = int(digits)
    if len(digits) > 2 or digits != str(value):
        return "".join(_letters(_NUMBERS[int(digit)]) for digit in digits)
    if value < 20:
        return _letters(_NUMBERS[value])
    tens, ones = divmod(value, 10)
    return _letters(_TENS[tens - 2]) + (_letters(_NUMBERS[ones]) if ones else "")


def _letters(word: str) -> str:
    known = IRREGULAR.get(word)
    if known is not None:
        return known
    sounds: list[str] = []
    at = 0
    while at < len(word):
        for graphemes, before, after, phonemes in RULES[word[at]]:
            end = at + len(graphemes)
            if (
                word.startswith(graphemes, at)
                and (before is None or before.search(word, 0, at))
                and (after is None or after.match(word, end))
            ):
                sounds.append(phonemes)
                at = end
                break
        else:  # every letter's last rule fits everywhere
            raise AssertionError(f"no rule for {word[at]!r} in {word!r}")
    return _without_doubles("".join(sounds))


def _without_doubles(sounds: str) -> str:
    return "".join(sound for at, sound in enumerate(sounds) if not at or sound != sounds[at - 1])

"""What sounds two requests share: what a recogniser confuses is alike here, wherever it puts the spaces."""

from functools import lru_cache
from itertools import pairwise

from rapidfuzz.distance import Indel

from models.rephrase.wording import sound_of, without_function_words

_SHORTEST = 2


@lru_cache(maxsize=65_536)
def sounds_of(text: str) -> str:
    """Metaphone codes of the words of a plain text, without spaces."""
    return "".join(map(sound_of, text.split()))


def phonetic_keys(text: str) -> list[str]:
    """The sounds of each word that carries the wish, of neighbours taken together, and the whole's."""
    tokens = text.split()
    sounds = [sound_of(word) for word in without_function_words(tokens) or tokens]
    joined = [one + other for one, other in pairwise(sounds)]
    whole = "".join(sounds)
    return [*(f"'{sound}" for sound in [*sounds, *joined] if len(sound) >= _SHORTEST), f"={whole}"]


def sounds_alike(one: str, other: str) -> float:
    """1 - insertions and deletions between the phonetic codes / their joint length."""
    return Indel.normalized_similarity(sounds_of(one), sounds_of(other))

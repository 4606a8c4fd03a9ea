"""What letters two requests share: their words, and how each word begins and ends, so that one slip costs little."""

from functools import lru_cache

from rapidfuzz.distance import Indel

from models.rephrase.wording import without_function_words

_LONG = 5
_PART = 4


@lru_cache(maxsize=65_536)
def keys_of_word(word: str) -> tuple[str, ...]:
    """The word, and its ends where it is long."""
    return (word, f"{word[:_PART]}-", f"-{word[-_PART:]}") if len(word) > _LONG else (word,)


def lexical_keys(text: str) -> list[str]:
    """Keys of a text that `entry.plain` has prepared."""
    tokens = text.split()
    return [key for word in without_function_words(tokens) or tokens for key in keys_of_word(word)]


def letters_alike(one: str, other: str) -> float:
    """1 - insertions and deletions between the texts / their joint length."""
    return Indel.normalized_similarity(one, other)

"""Which rows of a table a request is the sum of: its word pieces, its letters, and how it sounds."""

from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Final
from zlib import crc32

from models.rephrase.wording import sound_of

if TYPE_CHECKING:
    from tokenizers import Tokenizer

PIECES: Final = 30_522
"""Rows of word pieces, as many as MiniLM's vocabulary has; then come those of letters, then those of sounds."""

LETTERS: Final = 16_384
SOUNDS: Final = 8_192
ROWS: Final = PIECES + LETTERS + SOUNDS

_LETTER_GRAMS: Final = (3, 4)
_SOUND_GRAMS: Final = (2, 3)


class RequestRows:
    """Rows of texts that `entry.plain` has prepared. N-grams share rows where their hashes meet (Weinberger et al.,
    2009)."""

    def __init__(self, tokenizer: "Tokenizer") -> None:
        self._tokenizer = tokenizer

    def of_word(self, word: str) -> list[int]:
        """Of its pieces and of the letters in it; where it stands makes no difference."""
        pieces = list(self._tokenizer.encode(word, add_special_tokens=False).ids)
        marked = f"<{word}>".encode()
        return [*pieces, *(PIECES + crc32(gram) % LETTERS for gram in _grams(marked, _LETTER_GRAMS))]

    def of_sounds(self, words: list[str]) -> list[int]:
        """Of the sounds of all words as one, wherever the spaces are."""
        return list(_rows_of_sounds("".join(map(sound_of, words))))

    def of_text(self, text: str) -> list[int]:
        """All of them."""
        words = text.split()
        return [*(row for word in words for row in self.of_word(word)), *self.of_sounds(words)]


@lru_cache(maxsize=65_536)
def row_of_sound(gram: bytes) -> int:
    """Of some sounds in a row."""
    return PIECES + LETTERS + crc32(gram) % SOUNDS


def _rows_of_sounds(sounds: str) -> Iterator[int]:
    return (row_of_sound(gram) for gram in _grams(f"<{sounds}>".encode(), _SOUND_GRAMS))


def _grams(text: bytes, lengths: tuple[int, ...]) -> Iterator[bytes]:
    return (text[at : at + length] for length in lengths for at in range(len(text) - length + 1))

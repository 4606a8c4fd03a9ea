"""Words that are kept so that they need not be looked at again: gone when a person is forgotten, whoever said them."""

from typing import Final

from processors.interpretation import plain_words
from processors.phrase_lessons import differences
from processors.phrases import corrects
from processors.similarity import sound_of, words_of
from schemas.phrase import parts_of_request

_REMEMBERING: Final = (plain_words, corrects, sound_of, words_of, differences, parts_of_request)


def forget_words() -> None:
    """Start with nothing remembered; answers stay the same."""
    for remembering in _REMEMBERING:
        remembering.cache_clear()

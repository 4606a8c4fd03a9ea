"""Texts as words and back: what is tagged, copied and put together again."""

import re
from collections.abc import Sequence
from typing import NamedTuple

_WORD = re.compile(r"[^\s?!.,;:\"()\[\]]+(?:[.,:][^\s?!.,;:\"()\[\]]+)*|[?!.,;:\"()\[\]]")
_MARKS = frozenset('?!.,;:"()[]')
_CLOSING = frozenset("?!.,;:)]")


class Word(NamedTuple):
    """A word or a punctuation mark, and where it stands in its text."""

    text: str
    start: int
    end: int

    @property
    def plain(self) -> str:
        """Lower case, without apostrophes of any kind: equal for words that sound the same."""
        return plain(self.text)

    @property
    def is_mark(self) -> bool:
        return self.text in _MARKS


def plain(word: str) -> str:
    """`Rock's` and `rocks` are the same to the ear."""
    return word.lower().replace("'", "").replace("\u2019", "")


def split(text: str) -> list[Word]:
    """The words of a text in order; marks are words of their own, but `3:30`, `4.5` and `St.John` stay whole."""
    return [Word(match.group(), match.start(), match.end()) for match in _WORD.finditer(text)]


def without_marks(words: Sequence[Word]) -> list[Word]:
    """As a recogniser would write it."""
    return [word for word in words if not word.is_mark]


def join(words: Sequence[str]) -> str:
    """A text of words: no space before closing marks nor after opening ones."""
    parts: list[str] = []
    glued = True
    quoted = False
    for word in words:
        closes = word in _CLOSING or (word == '"' and quoted)
        parts.append(word if glued or closes else " " + word)
        glued = word in "([" or (word == '"' and not quoted)
        if word == '"':
            quoted = not quoted
    return "".join(parts)

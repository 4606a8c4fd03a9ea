"""The first look at a turn: could it teach anything? Words and pairs of neighbours, weighed. No encoder.

A logistic regression over words costs some microseconds a turn, the network after it a thousand times as much. Its
threshold lets nearly all statements through, few requests, and little chit-chat; what passes is looked at once more
(`models/preference/second_look.py`).
"""

import re
from collections.abc import Mapping
from typing import Final

MOST_CHARACTERS: Final = 240
"""Longer turns are no statement to an assistant."""
_FEWEST_WORDS: Final = 3
_MARKS: Final = str.maketrans("", "", ".,!?;:\"'\u2019")

_ELICITS: Final = re.compile(
    r"\b(?:do|did|would|don't|didn't|what|which|why|how|any|name|who|is there|are there|tell me|anything)\b.{0,80}?\b"
    r"(?:like[ds]?|love[ds]?|enjoy(?:ed)?|dislike[ds]?|hate[ds]?|prefer(?:red)?|favou?rites?|appeals?|interests?)\b",
    re.IGNORECASE | re.DOTALL,
)


def cues_of(text: str) -> list[str]:
    """The words of a text and their pairs, lower case, without marks."""
    words = text.lower().translate(_MARKS).split()
    return words + list(map(" ".join, zip(["^", *words], words, strict=False)))


class Gate:
    """Says whether a turn is worth the network's time."""

    def __init__(self, weights: Mapping[str, float], threshold: float) -> None:
        """`threshold`: sum of weights from which on it is."""
        self._weights = dict(weights)
        self._threshold = threshold

    def odds(self, text: str) -> float:
        """Log-odds, but for a constant, that the turn teaches something."""
        weights = self._weights
        return sum([weights[cue] for cue in cues_of(text) if cue in weights])

    def passes(self, text: str) -> bool:
        """Whether to look closer."""
        if len(text) > MOST_CHARACTERS or text.count(" ") < _FEWEST_WORDS - 1:
            return False
        return self.odds(text) >= self._threshold


def elicits(question: str) -> bool:
    """Whether the assistant asked for what the person likes."""
    return _ELICITS.search(question) is not None

"""The assistant says what it understood of a statement, and the person puts it right: `no, I said I like jazz`.

Such an answer is no question about likes, and what follows it stands for itself: it is understood by its own words,
without the words that turn down what was understood before.
"""

import re
from typing import Final, NamedTuple

KEEPS: Final = "I will remember that."
"""What the assistant says of what it keeps at once."""
ASKS: Final = "Shall I remember that?"
"""What it says of what it keeps after a yes."""

_READ_BACK: Final = re.compile(r"\b(?:i(?:'ll| will)|shall i) remember\b", re.IGNORECASE)
_TURNED_DOWN: Final = re.compile(
    r"^(?:(?:no|nope|wrong|not that|that's (?:wrong|not right|not it))\b[\s,.]*)+"
    r"(?:(?:i (?:said|meant|mean)|what i said (?:is|was)|it's|that)\b[\s,:]*)?",
    re.IGNORECASE,
)


class Answer(NamedTuple):
    """What a person says to a read-back, without the words that turn it down; `corrects`: there were such words."""

    text: str
    corrects: bool


def is_read_back(said: str) -> bool:
    """Whether the assistant said what it understood, to be kept."""
    return _READ_BACK.search(said) is not None


def answer_of(text: str) -> Answer:
    """The answer to a read-back; what only turns it down stays as it is."""
    rest = _TURNED_DOWN.sub("", text, count=1).strip()
    return Answer(rest, True) if rest and rest != text.strip() else Answer(text, False)

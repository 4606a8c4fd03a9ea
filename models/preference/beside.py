"""Statements in one breath with a request: `find me some music and I love jazz`.

As a whole such a turn reads like a request. So what follows the last `and` of what begins like one is looked at for
itself.
"""

import re
from typing import Final, NamedTuple

_REQUEST: Final = re.compile(
    r"^(?:(?:hey|ok|okay|please|now|so|go on and|i need you to|i'd like you to|i want you to)\b[\s,]*)*"
    r"(?:(?:can|could|would|will) you\b|find|look|search|play|put|start|show|tell|turn|switch|set|get|give me|call|read"
    r"|open|drive|take me|order|hunt|dig|track|suggest|power|light|fetch|remind|what|what's|where|where's|how|which|who"
    r"|is there|are there)\b",
    re.IGNORECASE,
)
_BETWEEN: Final = " and "
_FEWEST_WORDS: Final = 3


class Tail(NamedTuple):
    """The end of a text, from the character `start` on."""

    text: str
    start: int


def tail_of(text: str) -> Tail | None:
    """What is said after a request in the same breath; None for most turns."""
    head, between, tail = text.rpartition(_BETWEEN)
    if not between or tail.count(" ") < _FEWEST_WORDS - 1 or _REQUEST.match(head) is None:
        return None
    return Tail(tail, len(head) + len(_BETWEEN))

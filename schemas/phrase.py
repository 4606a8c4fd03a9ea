"""Phrases: a few words of a request with what stands around them, and how keys of rewrites name them.

A phrase is a run of case-folded words; `BEGINS` and `ENDS` stand for the two ends of a request. Its first and last part
are what stands around, and stay; what is between them may be put right. `ANY` stands around where it does not matter
what does. `||phrase:journey 9 $` is "journey 9" at the end of a request, `||phrase:* 9 $` a 9 there. No state has such
a key, and what is in it was said by many people.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

Phrase = tuple[str, ...]

BEGINS: Final = "^"
ENDS: Final = "$"
ANY: Final = "*"

_PREFIX: Final = "||phrase:"
_WORD: Final = re.compile(r"(?:[^\W_]|')+")


@lru_cache(maxsize=65_536)
def parts_of_request(text: str) -> Phrase:
    """The words of a request, between its two ends."""
    return (BEGINS, *_WORD.findall(text.casefold()), ENDS)


def phrase_key(phrase: Phrase) -> str:
    """The key of a rewrite of this phrase, in the place of a state key."""
    return _PREFIX + " ".join(phrase)


def phrase_of(key: str) -> Phrase | None:
    """The phrase that a key names; None where it is a state key."""
    return tuple(key.removeprefix(_PREFIX).split(" ")) if key.startswith(_PREFIX) else None


def words_in(phrase: Sequence[str]) -> str:
    """Its words alone, without the ends of the request."""
    return " ".join(one for one in phrase if one not in (BEGINS, ENDS, ANY))


def loosened(phrase: Phrase) -> tuple[Phrase, ...]:
    """The phrase, and as it is wherever it stands, the closest first; where it has no words of its own, as it is."""
    first, *own, last = phrase
    if not own:
        return (phrase,)
    return phrase, (first, *own, ANY), (ANY, *own, last), (ANY, *own, ANY)


def put_right(text: str, at: int, phrase: Phrase, meant: Phrase) -> str:
    """The request as it is written, with what is meant in the place of a phrase that is its `at`-th part and on."""
    spans = [(0, 0), *(found.span() for found in _WORD.finditer(text)), (len(text), len(text))]
    start, end = spans[at][1], spans[at + len(phrase) - 1][0]
    return " ".join(filter(None, (text[:start].strip(), *meant[1:-1], text[end:].strip())))

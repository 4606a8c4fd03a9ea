"""Sentences of real chats: some say what somebody likes, and would teach an assistant that is told them; most do not.

What is no teaching between people, who answer each other, is teaching when it is said to an assistant, after one of
its own answers or after nothing. So the words alone make the examples here, and the chat around them is left out.
"""

import re
from collections.abc import Callable, Iterable
from random import Random
from typing import Final

from models.preference.features import Turn
from schemas.preference import Polarity, PreferenceScope
from streams.training.preference_examples import Example, Source

MOST_WORDS: Final = 12
_FEWEST_WORDS: Final = 3
_SENTENCES: Final = re.compile(r"(?<=[.!?])\s+")
_OPENED: Final = re.compile(
    r"^(?:well|oh|yeah|yes|no|haha|hi|hello|hey|ok|okay|wow|nice|lol|i know|and|but|so)\b[,!. ]*", re.IGNORECASE
)
_LIKES: Final = re.compile(
    r"^(?:personally,? |actually,? |honestly,? )?"
    r"(?:i(?:'m| am)? (?:also |really |just |do |absolutely |usually |always |mostly |definitely "
    r"|a |a big |a huge |not "
    r"|not a |don'?t |do not |never |can'?t |not really |personally )*"
    r"(?:like|love|hate|dislike|enjoy|prefer|adore|stand|fan of|into|care for|care about)"
    r"|my favou?rite \w+ (?:is|are)|my favou?rite is) "
    r"(?!you|to (?:know|see|think|hear|talk|say)|how|that|this|it|them|those|these|him|her|what|when|and|but"
    r"|too|as well|the way|your|or|so|same)",
    re.IGNORECASE,
)
_POINTS: Final = re.compile(
    r"\b(?:it|that|this|them|those|these|him|her|he|she|they|too|also|either|you|your|one|ones|yours|same|would|why|though"
    r"|but|because|if|was|were|used|did|been|until|kid|child|\w+ed)\b",
    re.IGNORECASE,
)
_AGAINST: Final = re.compile(r"\b(?:hate|dislike|not|don'?t|never|can'?t)\b", re.IGNORECASE)
_OPINES: Final = re.compile(
    r"\b(?:like[sd]?|love[sd]?|hate[sd]?|dislike[sd]?|enjoy(?:s|ed)?|prefer(?:s|red)?|adore|favou?rites?|fans?|into|best|stand"
    r"|interest\w*|watch|listen|read|eat|drink|play|use|always|never|usually|want)\b",
    re.IGNORECASE,
)


def sentences_of(texts: Iterable[str]) -> list[str]:
    """The short sentences of some messages, each once, without interjections before them."""
    found: dict[str, None] = {}
    for text in texts:
        for sentence in _SENTENCES.split(text):
            plain = _OPENED.sub("", sentence.strip()).strip().rstrip(".!")
            if _FEWEST_WORDS <= len(plain.split()) <= MOST_WORDS:
                found[plain] = None
    return list(found)


def statements_said(texts: Iterable[str]) -> list[str]:
    """Sentences that say of a thing, by its name, that it is liked or not."""
    return [
        one for one in sentences_of(texts) if not one.endswith("?") and _LIKES.search(one) and not _POINTS.search(one)
    ]


def others_said(texts: Iterable[str]) -> list[str]:
    """Sentences that say nothing of what somebody likes, does or wants."""
    return [one for one in sentences_of(texts) if not _OPINES.search(one)]


def examples_said(texts: Iterable[str], answers: Callable[[], str], rng: Random, others: int) -> list[Example]:
    """Statements, and so many other sentences at most, each after what `answers` gives."""
    told = list(texts)
    likes = statements_said(told)
    rest = others_said(told)
    made = [
        Example(
            Source.SAID,
            Turn(text, answers()),
            teaches=True,
            polarity=Polarity.DISLIKE if _AGAINST.search(text) else Polarity.LIKE,
            scope=PreferenceScope.USER,
            group=at,
        )
        for at, text in enumerate(likes)
    ]
    return made + [
        Example(Source.SAID, Turn(text, answers()), teaches=False, spans=(), group=at)
        for at, text in enumerate(rng.sample(rest, min(others, len(rest))))
    ]

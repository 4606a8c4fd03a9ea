"""What the network sees of a turn: its words, which of them a catalogue knows, and what was said before."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.correction.features import squeezed
from models.correction.words import Word, split
from models.minilm import WIDTH
from models.preference.attributes import Attribute
from models.preference.catalogue import THING

Floats = NDArray[np.float32]
Integers = NDArray[np.int64]

MOST_WORDS: Final = 64
TOPICS: Final = (*(one.value for one in Attribute if one not in (Attribute.OWN_NAME, Attribute.OTHER)), THING)
FLAGS: Final = len(TOPICS) + 5
"""Columns of `Seen.flags`: one a topic, then any topic, mark, digit, first word, capital letter."""

_LAST_CHARACTERS: Final = 200
"""Of a long answer, its end is what the person replies to."""


@dataclass(frozen=True, slots=True)
class Turn:
    """A person's turn. `question`: what the assistant said just before; `before`: what the person said since then."""

    text: str
    question: str = ""
    before: str = ""

    @property
    def asked(self) -> str:
        """The end of the question."""
        return self.question[-_LAST_CHARACTERS:]

    @property
    def said(self) -> str:
        """The end of what the person said before."""
        return self.before[-_LAST_CHARACTERS:]

    @property
    def texts(self) -> tuple[str, str, str]:
        """The text, the end of the question and the end of what was said before."""
        return self.text, self.asked, self.said


class Known(NamedTuple):
    """Words from `start` to before `end` that a catalogue knows as a name of that topic."""

    start: int
    end: int
    topic: str


@dataclass(frozen=True, slots=True)
class Seen:
    """A turn as numbers. `states` (n, 384), `flags` (n, FLAGS), `lexical` (n,): numbers in the lexicon, 0 for others;
    `context` (768,): mean states of the question and of what the person said before; `asked`: the question's words in
    the lexicon.
    """

    words: tuple[Word, ...]
    states: Floats
    flags: Floats
    lexical: Integers
    context: Floats
    asked: Integers


def see(
    turn: Turn,
    states: tuple[Floats, Floats, Floats],
    known: Iterable[Known],
    lexicon: Mapping[str, int],
) -> Seen:
    """`states`: of the words of the text, of the question's end and of the end of what was said before.

    `lexicon`: words with numbers from 1 on. Words beyond the longest turn are cut.
    """
    own, asked, said = states
    words = tuple(split(turn.text)[:MOST_WORDS])
    return Seen(
        words,
        own[: len(words)].astype(np.float32),
        _flags(words, known),
        _numbers(words, lexicon),
        np.concatenate([_mean(asked), _mean(said)]),
        _numbers(split(turn.asked), lexicon),
    )


def _flags(words: Sequence[Word], known: Iterable[Known]) -> Floats:
    flags = np.zeros((len(words), FLAGS), dtype=np.float32)
    for start, end, topic in known:
        flags[start:end, TOPICS.index(topic)] = 1.0
        flags[start:end, len(TOPICS)] = 1.0
    for at, word in enumerate(words):
        flags[at, -4] = word.is_mark
        flags[at, -3] = any(letter.isdigit() for letter in word.text)
        flags[at, -2] = at == 0
        flags[at, -1] = word.text[:1].isupper()
    return flags


def _numbers(words: Sequence[Word], lexicon: Mapping[str, int]) -> Integers:
    return np.array([lexicon.get(squeezed(word.plain), 0) for word in words], dtype=np.int64)


def _mean(states: Floats) -> Floats:
    if not len(states):
        return np.zeros(WIDTH, dtype=np.float32)
    return np.asarray(states.astype(np.float32).mean(0), dtype=np.float32)

"""What the network sees of an exchange: its words, who said them, and where they are said again."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from models.correction.words import Word, split

Floats = NDArray[np.float32]
Integers = NDArray[np.int64]

MOST_REQUEST_WORDS = 48
MOST_RESPONSE_WORDS = 64
MOST_TURN_WORDS = 96
_DRAWN_OUT = re.compile(r"([a-z])\1{2,}")
FLAGS = 15
"""Columns of `Seen.flags`."""


@dataclass(frozen=True, slots=True)
class Utterances:
    """A person's turn with what was said before it, each empty where it is not known.

    `text`: the turn; `request`: what the person said before; `response`: what the assistant answered to that.
    """

    text: str
    request: str = ""
    response: str = ""

    @property
    def texts(self) -> tuple[str, str, str]:
        """All three, in the order in which they were said."""
        return self.request, self.response, self.text


class Role(IntEnum):
    """Which utterance a word stands in."""

    REQUEST = 0
    RESPONSE = 1
    TURN = 2


@dataclass(frozen=True, slots=True)
class Seen:
    """The words of an exchange in the order request, response, turn.

    `states` (n, 384): MiniLM's states; `flags` (n, FLAGS); `roles` (n,); `known` (n,): numbers in the lexicon, 0 for
    words that are not in it.
    """

    words: tuple[Word, ...]
    roles: Integers
    states: Floats
    flags: Floats
    known: Integers

    @property
    def turn_start(self) -> int:
        """Where the turn begins among the words."""
        return int(np.searchsorted(self.roles, int(Role.TURN)))


_MOST = {Role.REQUEST: MOST_REQUEST_WORDS, Role.RESPONSE: MOST_RESPONSE_WORDS, Role.TURN: MOST_TURN_WORDS}


def see(request: Floats, response: Floats, turn: Floats, utterances: Utterances, lexicon: Mapping[str, int]) -> Seen:
    """The features of an exchange from the word states of its three utterances. Words beyond the limits are cut.

    `lexicon`: plain words with numbers from 1 on.
    """
    words: list[Word] = []
    roles: list[int] = []
    states: list[Floats] = []
    texts = ((Role.REQUEST, utterances.request, request), (Role.RESPONSE, utterances.response, response))
    for role, text, known in (*texts, (Role.TURN, utterances.text, turn)):
        own = split(text)[: _MOST[role]]
        words += own
        roles += [int(role)] * len(own)
        states.append(known[: len(own)])
    of_words = np.concatenate(states).astype(np.float32)
    of_roles = np.array(roles, dtype=np.int64)
    numbers = np.array([lexicon.get(squeezed(word.plain), 0) for word in words], dtype=np.int64)
    return Seen(tuple(words), of_roles, of_words, _flags(words, of_roles, of_words), numbers)


def squeezed(word: str) -> str:
    """`ummm` is `um`: letters that are drawn out count once."""
    return _DRAWN_OUT.sub(r"\1", word)


def _flags(words: list[Word], roles: Integers, states: Floats) -> Floats:
    count = len(words)
    flags = np.zeros((count, FLAGS), dtype=np.float32)
    if not count:
        return flags
    known: dict[str, int] = {}
    ids = np.array([known.setdefault(word.plain, len(known)) for word in words])
    marks = np.array([word.is_mark for word in words])
    same = (ids[:, None] == ids[None, :]) & ~marks[:, None]
    follows = np.zeros_like(same)
    follows[:-1, :-1] = same[1:, 1:]
    pairs = same & follows
    unit = states / np.maximum(np.linalg.norm(states, axis=1, keepdims=True), 1e-6)
    alike = unit @ unit.T
    places = np.arange(count)
    within = roles[:, None] == roles[None, :]
    later = within & (places[None, :] > places[:, None] + 1)
    earlier = within & (places[None, :] < places[:, None] - 1)
    flags[:, 0] = marks
    flags[:, 1] = [any(letter.isdigit() for letter in word.text) for word in words]
    flags[:, 2] = np.concatenate(([True], roles[1:] != roles[:-1]))
    flags[:, 3] = [word.text[:1].isupper() for word in words]
    for column, where in enumerate((later, earlier)):
        flags[:, 4 + column] = (same & where).any(1)
        flags[:, 6 + column] = (pairs & where).any(1)
        flags[:, 8 + column] = np.where(where, alike, 0.0).max(1)
    for column, role in enumerate(Role):
        other = (roles[None, :] == int(role)) & ~within
        flags[:, 10 + column] = (same & other).any(1)
        if role is not Role.RESPONSE:
            flags[:, 13 + column // 2] = np.where(other, alike, 0.0).max(1)
    return flags

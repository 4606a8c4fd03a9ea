"""Errors that are a matter of the words: a fleet's recogniser mishears a title the same way for everybody.

Of every error that a stage draws, a share is left to the words: whether they are hard, and what becomes of them then.
So hard words fail often, with one outcome, and the others hardly ever. How often a stage errs over all that is said
stays: words are put in an order that nobody chose, and those are hard that make up the stage's error rate of all that
is said.
"""

from collections import Counter
from collections.abc import Iterable
from hashlib import blake2b
from typing import Final, NamedTuple

from streams.simulator.meaning import SlotValue

_SPREAD: Final = 104_729.0
"""Makes a second draw of one that decides something else."""

_FREQUENT: Final = 0.002
"""What makes up more of all that is said than this is never hard while anything else is left: a recogniser knows it,
and a single such word would move the rate."""


class Draw(NamedTuple):
    """What words draw for themselves, each in [0, 1): hard below the error rate (`chance`), and how they fail."""

    chance: float
    pick: float


class Spoken(NamedTuple):
    """Something a person said, and the slots of what was meant."""

    text: str
    slots: tuple[SlotValue, ...]


class Recurring:
    """Which words, wordings and names are hard in one fleet.

    The same for everybody in it; other for another `name`. `said`: a sample of what is said, to know what is frequent.
    """

    def __init__(self, share: float, name: str, said: Iterable[Spoken] = ()) -> None:
        self._least = 1.0 - share
        words: Counter[str] = Counter()
        texts: Counter[str] = Counter()
        values: Counter[str] = Counter()
        for text, slots in said:
            words.update(text.split(" "))
            texts[text] += 1
            values.update(f"{slot.slot}/{slot.value}" for slot in slots)
        self._words = _Hardness(f"{name}/word", words)
        self._texts = _Hardness(f"{name}/text", texts)
        self._values = _Hardness(f"{name}/value", values)

    def decides(self, pick: float) -> bool:
        """Whether the words decide this time, of a stage whose own draw is `pick`."""
        return pick * _SPREAD % 1.0 > self._least

    def of_word(self, word: str) -> Draw:
        """The draw of a word for the recogniser."""
        return self._words.draw(word)

    def of_text(self, text: str) -> Draw:
        """The draw of a wording for the interpreter."""
        return self._texts.draw(text)

    def of_value(self, slot: str, value: str) -> Draw:
        """The draw of the words of a slot for entity resolution."""
        return self._values.draw(f"{slot}/{value}")


class _Hardness:
    """The draws of one kind of words. A chance below p comes to a share of p of all that is said."""

    def __init__(self, name: str, said: Counter[str]) -> None:
        self._name = name
        total = max(said.total(), 1)
        order = sorted(said, key=lambda one: (said[one] > _FREQUENT * total, *self._hashed(one)))
        below = 0.0
        self._draws: dict[str, Draw] = {}
        for one in order:
            part = said[one] / total
            self._draws[one] = Draw(below + part / 2, self._hashed(one).pick)
            below += part

    def draw(self, one: str) -> Draw:
        """What is in the sample knows its place, all else is put somewhere by its hash."""
        return self._draws.get(one) or self._hashed(one)

    def _hashed(self, one: str) -> Draw:
        digest = blake2b(f"{self._name}/{one}".encode(), digest_size=16).digest()
        return Draw(int.from_bytes(digest[:8]) / 2**64, int.from_bytes(digest[8:]) / 2**64)

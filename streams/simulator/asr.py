"""The recogniser: words that sound alike are taken for each other, small ones are dropped, some run together."""

from bisect import bisect
from collections.abc import Callable, Iterable, Sequence
from random import Random
from typing import Final, NamedTuple

from streams.simulator.confidence import ConfidenceTable
from streams.simulator.phonemes_costs import PhonemeCosts
from streams.simulator.phonemes_index import SHARES, PhoneticIndex
from streams.simulator.profile import AsrProfile
from streams.simulator.recurring import Recurring
from streams.simulator.weights import cumulative

_SMALL: Final = """a about an and are at be by can could do for from has have i in is it its me my of on or please some
that the there this to up was we what will with would you your uh um so just hey I"""
FUNCTION_WORDS: Final = frozenset(_SMALL.split())
"""Words that carry little of a request; recognisers lose them most."""

_INSERTED: Final = ("the", "a", "uh", "and", "in", "to")
_MOST_ERRORS: Final = 6
_TRIES: Final = 4


class Transcript(NamedTuple):
    """What was misheard. `heard[i]` is what became of the i-th word said, empty if it was dropped.

    `changed`: places of the words that are not as said, one at least.
    """

    text: str
    heard: Sequence[str]
    changed: frozenset[int]


class Recogniser:
    """An ASR channel over the phonemes of a vocabulary. `recurring`: which words it finds hard; None: none more."""

    def __init__(self, words: Iterable[str], profile: AsrProfile, recurring: Recurring | None = None) -> None:
        self._index = PhoneticIndex(words, PhonemeCosts(profile.confusions), profile.sharpness)
        self._right_word = 1.0 - profile.word_error
        self._recurring = recurring
        self._profile = profile
        self._confidence = ConfidenceTable(profile.confidence)
        kinds: tuple[tuple[float, Callable[[list[str], list[str], int, Random], bool]], ...] = (
            (profile.substitution, self._substitute),
            (profile.deletion, self._delete),
            (profile.split, self._split),
            (profile.merge, self._merge),
            (profile.insertion, self._insert),
        )
        self._kinds = tuple(kind for _, kind in kinds)
        self._kind_shares = cumulative(weight for weight, _ in kinds)
        self._lengths = cumulative(profile.n_best)

    def transcribe(self, text: str, clarity: float, fault: float, chance: float, pick: float) -> Transcript | None:
        """What is recognised, a function of its arguments; None: what was said.

        `clarity` multiplies word errors, `fault` is the probability that the recogniser errs besides. `chance` in
        [0, 1) decides whether it errs, `pick` in [0, 1) how.
        """
        words = text.count(" ") + 1
        if self._recurring is not None and self._recurring.decides(pick):
            misheard = self._misheard_as_always(text, self._profile.word_error * clarity, self._recurring)
            return misheard or (self._misheard(text, Random(pick)) if chance < fault else None)
        right_word = self._right_word if clarity == 1.0 else max(0.0, 1.0 - (1.0 - self._right_word) * clarity)
        if chance >= 1.0 - right_word**words * (1.0 - fault):
            return None
        return self._misheard(text, Random(pick))

    def n_best(self, said: str, heard: str, rng: Random) -> tuple[tuple[str, float], ...]:
        """Hypotheses with confidences, best first; the first is `heard`."""
        right = heard == said
        sure = self._confidence.draw(right, rng)
        length = bisect(self._lengths, rng.random()) + 1
        found = [(heard, sure)]
        if length > 1 or not right:
            self._add_alternatives(found, said, heard, length, rng)
        return tuple(found)

    def _add_alternatives(
        self, found: list[tuple[str, float]], said: str, heard: str, length: int, rng: Random
    ) -> None:
        sure = found[0][1]
        right = heard == said
        # The runner-up comes closer where the recogniser is wrong.
        lowest, width = (0.2, 0.6) if right else (0.45, 0.53)
        profile = self._profile
        truth_at = 0
        if not right and said and rng.random() < profile.truth_in_n_best:
            truth_at = 1 if rng.random() < profile.truth_second else 2 + int(rng.random() * 3)
            length = max(length, truth_at + 1)
        words = heard.split(" ")
        seen = {heard, said} if truth_at else {heard}
        random = rng.random
        for place in range(1, length):
            text = said if place == truth_at else self._alternative(words, rng)
            if text in seen and place != truth_at:
                continue
            seen.add(text)
            sure = int(sure * (lowest + width * random()) * 1000) / 1000
            found.append((text, sure))

    def _alternative(self, words: list[str], rng: Random) -> str:
        count, near, random = len(words), self._index.near, rng.random
        for _ in range(_TRIES):
            at = int(random() * count)
            similar = near(words[at])
            if similar:
                word = words[at]
                words[at] = similar[int(random() * SHARES)]
                text = " ".join(words)
                words[at] = word
                return text
        return " ".join(words[1:]) if count > 1 else words[0]

    def _misheard(self, text: str, rng: Random) -> Transcript | None:
        said = text.split(" ")
        heard = list(said)
        shares = cumulative(map(self._weight, said))
        for _ in range(_MOST_ERRORS):
            self._err(said, heard, bisect(shares, rng.random()), rng)
            if rng.random() >= self._profile.more_errors:
                break
        return _transcript(text, said, heard)

    def _misheard_as_always(self, text: str, error: float, recurring: Recurring) -> Transcript | None:
        """Every hard word becomes what it becomes for everybody."""
        said = text.split(" ")
        draws = [recurring.of_word(word) for word in said]
        if min(draw.chance for draw in draws) >= error:
            return None
        heard = list(said)
        for at, draw in enumerate(draws):
            if draw.chance < error:
                self._err(said, heard, at, Random(draw.pick))
        return _transcript(text, said, heard)

    def _weight(self, word: str) -> float:
        return self._profile.function_word_weight if word in FUNCTION_WORDS else 1.0

    def _err(self, said: list[str], heard: list[str], at: int, rng: Random) -> None:
        if heard[at] != said[at]:
            return
        if said[at] in FUNCTION_WORDS and rng.random() < self._profile.function_word_deletion:
            heard[at] = ""
            return
        for _ in range(_TRIES):
            kind = self._kinds[bisect(self._kind_shares, rng.random())]
            if kind(said, heard, at, rng):
                return
        if not self._substitute(said, heard, at, rng):
            heard[at] = ""

    def _substitute(self, said: list[str], heard: list[str], at: int, rng: Random) -> bool:
        similar = self._index.near(said[at])
        if similar:
            heard[at] = similar[int(rng.random() * SHARES)]
        return bool(similar)

    def _delete(self, said: list[str], heard: list[str], at: int, rng: Random) -> bool:
        heard[at] = ""
        return True

    def _split(self, said: list[str], heard: list[str], at: int, rng: Random) -> bool:
        similar = self._index.splits(said[at])
        if similar:
            heard[at] = similar[int(rng.random() * SHARES)]
        return bool(similar)

    def _merge(self, said: list[str], heard: list[str], at: int, rng: Random) -> bool:
        if at + 1 == len(said) or heard[at + 1] != said[at + 1]:
            return False
        similar = self._index.merges(said[at], said[at + 1])
        if similar:
            heard[at], heard[at + 1] = similar[int(rng.random() * SHARES)], ""
        return bool(similar)

    def _insert(self, said: list[str], heard: list[str], at: int, rng: Random) -> bool:
        heard[at] = f"{said[at]} {_INSERTED[int(rng.random() * len(_INSERTED))]}"
        return True


def _transcript(text: str, said: list[str], heard: list[str]) -> Transcript | None:
    changed = frozenset(at for at, word in enumerate(said) if heard[at] != word)
    told = " ".join(word for word in heard if word)
    # Two errors can make up for each other: `in the` heard as `in` that grew a `the`.
    return Transcript(told, heard, changed) if told != text else None

"""What an assistant knows by name, as plain data: the values of preferences and the things that can get a name."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from rapidfuzz import fuzz, process

from models.correction.words import Word, plain, split

SURE: Final = 87.0
"""Similarity, of 100, from which on a misheard name is still that name."""
_FEWEST_LETTERS: Final = 5
_ARTICLES: Final = frozenset({"the", "a", "an"})


@dataclass(frozen=True, slots=True)
class Entry:
    """A name and what it names. `topic`: an `Attribute`'s value, or `THING`."""

    topic: str
    name: str
    entity: str


THING: Final = "thing"
"""Topic of what can get a name of the person's own, such as a lamp."""


class Place(NamedTuple):
    """A catalogue name in a text: its words from `start` to before `end`."""

    start: int
    end: int
    entry: Entry


class Catalogue:
    """Finds names in texts. A name may stand for entities of several topics."""

    def __init__(self, entries: Iterable[Entry] = ()) -> None:
        self._by_words: dict[tuple[str, ...], list[Entry]] = {}
        for entry in entries:
            self._by_words.setdefault(_key(entry.name), []).append(entry)
        self._by_words.pop((), None)
        self._longest = max(map(len, self._by_words), default=0)
        self._names = [" ".join(words) for words in self._by_words]
        self._of_name = dict(zip(self._names, self._by_words.values(), strict=True))

    @property
    def entries(self) -> tuple[Entry, ...]:
        """All of them."""
        return tuple(entry for entries in self._by_words.values() for entry in entries)

    def __len__(self) -> int:
        return len(self._names)

    def places(self, words: Sequence[Word]) -> list[Place]:
        """The longest names in a text, from left to right, none in two; a name of several topics once for each."""
        plains = [word.plain for word in words]
        found: list[Place] = []
        at = 0
        while at < len(plains):
            for length in range(min(self._longest, len(plains) - at), 0, -1):
                entries = self._by_words.get(tuple(plains[at : at + length]))
                if entries is not None:
                    found += [Place(at, at + length, entry) for entry in entries]
                    at += length
                    break
            else:
                at += 1
        return found

    def canonical(self, value: str, topics: Sequence[str]) -> Entry | None:
        """The entry that a value names: by its words, else by its letters; None: better ask what is meant.

        `topics`: what the value may be about, the most probable first; an entry of another topic is never taken.
        """
        words = _key(value)
        exact = self._by_words.get(words, [])
        for topic in topics:
            for entry in exact:
                if entry.topic == topic:
                    return entry
        name = " ".join(words)
        if len(name) < _FEWEST_LETTERS:
            return None
        near = process.extract(name, self._names, scorer=fuzz.ratio, score_cutoff=SURE, limit=5)
        for topic in topics:
            for close, _, _ in near:
                for entry in self._of_name[close]:
                    if entry.topic == topic:
                        return entry
        return None


def _key(name: str) -> tuple[str, ...]:
    words = tuple(plain(word.text) for word in split(name) if not word.is_mark)
    return words[1:] if len(words) > 1 and words[0] in _ARTICLES else words

"""What worked for each single person, searched exactly: ten to a thousand entries each, a million in all."""

from collections.abc import Callable, Sequence

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from models.rewrite.candidate import Candidate, Channel, Via
from models.rewrite.eight_bit import EightBit
from models.rewrite.entry import Entry

Floats = NDArray[np.float32]
Encode = Callable[[Sequence[str]], Floats]

MOST_OF_A_USER = 1_000
"""Entries kept of one person; the one seen longest ago makes room."""

FOUND_MOST = 12
"""Of a person with more texts than this, those nearest in meaning are found."""


class Line(Struct, gc=False, frozen=True):
    """One text of one entry."""

    text: str
    key: str
    via: Via


class _Person:
    """The lines of one person, in the order of the rows of `vectors`; `texts` are theirs, to be looked through fast."""

    __slots__ = ("entries", "lines", "texts", "vectors")

    def __init__(self, entries: dict[str, Entry], lines: list[Line], vectors: EightBit | None) -> None:
        self.entries = entries
        self.lines = lines
        self.texts = [line.text for line in lines]
        self.vectors = vectors


def lines_of(entry: Entry) -> list[Line]:
    """The texts under which an entry is found."""
    sources = [Line(text, entry.key, Via.SOURCE) for text in entry.sources]
    return [*sources, Line(entry.target, entry.key, Via.TARGET)]


class PersonalIndex:
    """People's own rewrites. Not safe for threads: whoever holds it locks."""

    def __init__(self) -> None:
        self._people: dict[str, _Person] = {}

    def __contains__(self, user: str) -> bool:
        return user in self._people

    def __len__(self) -> int:
        return sum(len(person.entries) for person in self._people.values())

    @property
    def users(self) -> int:
        """How many people have entries."""
        return len(self._people)

    def of(self, user: str) -> list[Entry]:
        """A person's entries."""
        person = self._people.get(user)
        return list(person.entries.values()) if person else []

    def knows(self, entry: Entry) -> bool:
        """Whether the texts of this entry are in already, so that putting it encodes nothing."""
        person = self._people.get(entry.user)
        held = person.entries.get(entry.key) if person else None
        return held is not None and held.sources == entry.sources and held.target == entry.target

    def put(self, entry: Entry, vectors: Floats | None) -> Entry | None:
        """Take or replace an entry. `vectors`: (texts, width) of `lines_of(entry)`; None when `knows` said yes.

        Returns the entry that had to make room.
        """
        person = self._people.setdefault(entry.user, _Person({}, [], None))
        if vectors is None:
            person.entries[entry.key] = entry
            return None
        if entry.key in person.entries:
            self._unline(person, entry.key)
        person.entries[entry.key] = entry
        lines = lines_of(entry)
        person.lines.extend(lines)
        person.texts.extend(line.text for line in lines)
        coded = EightBit.of(vectors)
        person.vectors = coded if person.vectors is None else person.vectors.joined(coded)
        if len(person.entries) <= MOST_OF_A_USER:
            return None
        oldest = min(person.entries.values(), key=lambda one: one.last_seen_ms)
        self.remove(entry.user, oldest.key)
        return oldest

    def remove(self, user: str, key: str) -> None:
        """Drop one entry, if it is there."""
        person = self._people.get(user)
        if person is None or person.entries.pop(key, None) is None:
            return
        self._unline(person, key)
        if not person.entries:
            del self._people[user]

    def forget(self, user: str) -> list[str]:
        """Drop all of a person's entries; returns their keys."""
        person = self._people.pop(user, None)
        return list(person.entries) if person else []

    def exact(self, user: str, text: str) -> list[Candidate]:
        """Those with this very text."""
        person = self._people.get(user)
        if person is None or text not in person.texts:
            return []
        return [
            Candidate(person.entries[line.key], line.via, text, Channel.EXACT)
            for line in person.lines
            if line.text == text
        ]

    def search(self, user: str, vector: Floats) -> list[Candidate]:
        """The nearest in meaning."""
        person = self._people.get(user)
        if person is None or person.vectors is None:
            return []
        cosines = person.vectors.cosines(vector)
        found = []
        for row in _nearest(cosines, FOUND_MOST):
            line = person.lines[row]
            found.append(Candidate(person.entries[line.key], line.via, line.text, Channel.DENSE, float(cosines[row])))
        return found

    @staticmethod
    def _unline(person: _Person, key: str) -> None:
        kept = [row for row, line in enumerate(person.lines) if line.key != key]
        person.lines = [person.lines[row] for row in kept]
        person.texts = [person.texts[row] for row in kept]
        person.vectors = person.vectors.only(kept) if person.vectors is not None else None

    def stored(self) -> tuple[list[Entry], EightBit]:
        """All entries and the vectors of their lines, in one order."""
        entries: list[Entry] = []
        codes: list[EightBit] = []
        for person in self._people.values():
            rows: dict[str, list[int]] = {}
            for row, line in enumerate(person.lines):
                rows.setdefault(line.key, []).append(row)
            entries.extend(person.entries.values())
            if person.vectors is not None:
                codes.append(person.vectors.only([row for key in person.entries for row in rows[key]]))
        if not codes:
            return entries, EightBit.of(np.zeros((0, 1), dtype=np.float32))
        together = EightBit(np.concatenate([one.codes for one in codes]), np.concatenate([one.scales for one in codes]))
        return entries, together

    def restore(self, entries: Sequence[Entry], vectors: EightBit) -> None:
        """Take what `stored` gave: entries of one person stand together."""
        row = at = 0
        while at < len(entries):
            user, end = entries[at].user, at
            while end < len(entries) and entries[end].user == user:
                end += 1
            own = {entry.key: entry for entry in entries[at:end]}
            lines = [line for entry in own.values() for line in lines_of(entry)]
            rows = slice(row, row + len(lines))
            self._people[user] = _Person(own, lines, EightBit(vectors.codes[rows], vectors.scales[rows]))
            row, at = rows.stop, end


def _nearest(cosines: Floats, most: int) -> list[int]:
    """Rows with the highest cosines, the nearest first."""
    best = np.argpartition(-cosines, most)[:most] if len(cosines) > most else np.arange(len(cosines))
    nearest: list[int] = best[np.argsort(-cosines[best], kind="stable")].tolist()
    return nearest

"""What worked for each single person, found by the very words: ten to a thousand entries each, a million in all.

What a person taught for another request is not looked for, however alike it is: served, it spoiled five requests for
each that it set right.
"""

from collections.abc import Sequence
from typing import Final

from models.rewrite.candidate import Candidate, Channel, Via
from models.rewrite.entry import Entry

MOST_OF_A_USER: Final = 1_000
"""Entries kept of one person; the one seen longest ago makes room."""


class PersonalIndex:
    """People's own rewrites. Not safe for threads: whoever holds it locks."""

    def __init__(self) -> None:
        self._people: dict[str, dict[str, Entry]] = {}

    def __contains__(self, user: str) -> bool:
        return user in self._people

    def __len__(self) -> int:
        return sum(map(len, self._people.values()))

    @property
    def users(self) -> int:
        """How many people have entries."""
        return len(self._people)

    def of(self, user: str) -> list[Entry]:
        """A person's entries."""
        return list(self._people.get(user, {}).values())

    def put(self, entry: Entry) -> Entry | None:
        """Take or replace an entry. Returns the one that had to make room."""
        entries = self._people.setdefault(entry.user, {})
        entries[entry.key] = entry
        if len(entries) <= MOST_OF_A_USER:
            return None
        return entries.pop(min(entries.values(), key=lambda one: one.last_seen_ms).key)

    def remove(self, user: str, key: str) -> None:
        """Drop one entry, if it is there."""
        entries = self._people.get(user, {})
        if entries.pop(key, None) is not None and not entries:
            del self._people[user]

    def forget(self, user: str) -> list[str]:
        """Drop all of a person's entries; returns their keys."""
        return list(self._people.pop(user, {}))

    def exact(self, user: str, text: str) -> list[Candidate]:
        """Those with this very text."""
        found = []
        for entry in self._people.get(user, {}).values():
            if text in entry.sources:
                found.append(Candidate(entry, Via.SOURCE, text, Channel.EXACT))
            if text == entry.target:
                found.append(Candidate(entry, Via.TARGET, text, Channel.EXACT))
        return found

    def stored(self) -> list[Entry]:
        """All entries, those of one person together."""
        return [entry for entries in self._people.values() for entry in entries.values()]

    def restore(self, entries: Sequence[Entry]) -> None:
        """Take what `stored` gave."""
        for entry in entries:
            self._people.setdefault(entry.user, {})[entry.key] = entry

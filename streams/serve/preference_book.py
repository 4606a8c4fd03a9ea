"""What people taught, in memory: by person, as it came from the topic."""

import threading
from collections.abc import Iterator, Mapping

from models.rewrite.entry import plain
from schemas.preference import PREFERENCE, Polarity, Preference, PreferenceStatus


class PreferenceBook:
    """Safe for threads. Keeps records as bytes, which take a third of the memory, and reads them when asked."""

    def __init__(self) -> None:
        self._people: dict[str, dict[str, bytes]] = {}
        self._tastes: dict[str, Mapping[str, int]] = {}
        self._lock = threading.Lock()
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def __contains__(self, user: str) -> bool:
        return user in self._people

    def put(self, preference: Preference, raw: bytes) -> None:
        """Take a record, unless a later revision of it is known."""
        with self._lock:
            held = self._people.setdefault(preference.user_id, {})
            known = held.get(preference.event_id)
            if known is not None and PREFERENCE.validate_json(known).revision > preference.revision:
                return
            self._count += known is None
            held[preference.event_id] = raw
            self._tastes.pop(preference.user_id, None)

    def forget(self, user: str, preference_id: str) -> bool:
        """Drop one; whether it was there."""
        with self._lock:
            held = self._people.get(user, {})
            if held.pop(preference_id, None) is None:
                return False
            self._count -= 1
            self._tastes.pop(user, None)
            if not held:
                del self._people[user]
            return True

    def forget_all(self, user: str) -> list[str]:
        """Drop all of a person's; returns their ids."""
        with self._lock:
            held = self._people.pop(user, {})
            self._count -= len(held)
            self._tastes.pop(user, None)
            return list(held)

    def of(self, user: str) -> list[Preference]:
        """A person's preferences, the newest first."""
        with self._lock:
            held = list(self._people.get(user, {}).values())
        return sorted(map(PREFERENCE.validate_json, held), key=lambda one: one.occurred_at, reverse=True)

    def one(self, user: str, preference_id: str) -> Preference | None:
        """A single one, or None if this person has none with that id."""
        raw = self._people.get(user, {}).get(preference_id)
        return PREFERENCE.validate_json(raw) if raw is not None else None

    def tastes(self, user: str) -> Mapping[str, int]:
        """What holds for this person now: plain words of what is liked (1) and disliked (-1)."""
        known = self._tastes.get(user)
        if known is None:
            known = {
                plain(one.canonical_value or one.value): 1 if one.polarity is Polarity.LIKE else -1
                for one in self.of(user)
                if one.status is PreferenceStatus.ACTIVE
            }
            if user in self._people:
                self._tastes[user] = known
        return known

    def records(self) -> Iterator[bytes]:
        """All of it, to be kept on disk."""
        with self._lock:
            held = [raw for person in self._people.values() for raw in person.values()]
        yield from held

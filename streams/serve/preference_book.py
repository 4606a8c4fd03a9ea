"""What people taught, in memory: by person, as it came from the topic, and what of it holds."""

import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Final, NamedTuple

from models.rewrite.entry import plain
from processors.holding import active, standing
from schemas.preference import PREFERENCE, Polarity, Preference, PreferenceScope

_MOST_FORGOTTEN: Final = 100_000
_PERSON: Final = "person"
_OWN: Final = frozenset({PreferenceScope.USER, PreferenceScope.HOUSEHOLD})


class _Tastes(NamedTuple):
    words: Mapping[str, int]
    until: datetime | None


class PreferenceBook:
    """Safe for threads. Keeps records as bytes, which take a third of the memory, and reads them when asked."""

    def __init__(self) -> None:
        self._people: dict[str, dict[str, bytes]] = {}
        self._tastes: dict[str, _Tastes] = {}
        self._forgotten: OrderedDict[str, datetime] = OrderedDict()
        self._forgotten_people: OrderedDict[str, datetime] = OrderedDict()
        self._lock = threading.Lock()
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def __contains__(self, user: str) -> bool:
        return user in self._people

    def put(self, preference: Preference, raw: bytes) -> bool:
        """Take a record, unless a later revision of it is known. False for one that was forgotten after it happened, be
        it alone or with all of its person: a worker that starts again may tell once more what it told before."""
        user, preference_id = preference.user_id, preference.event_id
        with self._lock:
            if self._is_forgotten(preference):
                return False
            held = self._people.setdefault(user, {})
            known = held.get(preference_id)
            if known is not None and PREFERENCE.validate_json(known).revision > preference.revision:
                return True
            self._count += known is None
            held[preference_id] = raw
            self._tastes.pop(user, None)
            return True

    def forget(self, user: str, preference_id: str, at: datetime | None = None) -> bool:
        """Drop one, forgotten `at` that instant or now; whether it was there."""
        with self._lock:
            self._note_forgotten(user, preference_id, at or datetime.now(UTC))
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
            now = datetime.now(UTC)
            for preference_id in held:
                self._note_forgotten(user, preference_id, now)
            return list(held)

    def forget_person(self, user: str, at: datetime) -> list[str]:
        """Drop what a person taught up to `at`, and keep away whatever of that comes later, known here or not; returns
        the ids of what was dropped."""
        with self._lock:
            _note(self._forgotten_people, _digest(user), at)
            held = self._people.get(user, {})
            gone = [one.event_id for one in map(PREFERENCE.validate_json, held.values()) if one.occurred_at <= at]
            for preference_id in gone:
                del held[preference_id]
            self._count -= len(gone)
            if gone:
                self._tastes.pop(user, None)
            if not held:
                self._people.pop(user, None)
            return gone

    def of(self, user: str, now: datetime | None = None) -> list[Preference]:
        """A person's preferences, the newest first, each with the status that it has now."""
        return standing(self._records(user), now or datetime.now(UTC))

    def holding(self, user: str, now: datetime | None = None) -> list[Preference]:
        """Those that hold now, the newest first."""
        return active(self._records(user), now or datetime.now(UTC))

    def one(self, user: str, preference_id: str) -> Preference | None:
        """A single one as it was told, or None if this person has none with that id."""
        raw = self._people.get(user, {}).get(preference_id)
        return PREFERENCE.validate_json(raw) if raw is not None else None

    def tastes(self, user: str) -> Mapping[str, int]:
        """What holds for this person now, whatever the case: plain words of what is liked (1) and disliked (-1)."""
        if user not in self._people:
            return {}
        now = datetime.now(UTC)
        known = self._tastes.get(user)
        if known is None or (known.until is not None and known.until <= now):
            known = self._tastes[user] = _tastes_of(self.holding(user, now))
        return known.words

    def records(self) -> Iterator[bytes]:
        """All of it, to be kept on disk."""
        with self._lock:
            held = [raw for person in self._people.values() for raw in person.values()]
        yield from held

    def forgotten(self) -> Iterator[bytes]:
        """What was forgotten and when, as lines of a digest and a time, to be kept on disk; whole people are marked."""
        with self._lock:
            single, people = list(self._forgotten.items()), list(self._forgotten_people.items())
        yield from (f"{digest} {at.isoformat()}".encode() for digest, at in single)
        yield from (f"{digest} {at.isoformat()} {_PERSON}".encode() for digest, at in people)

    def take_forgotten(self, line: bytes) -> None:
        """A line of `forgotten`. Raises `ValueError`."""
        digest, at, *kind = line.decode().split()
        if kind not in ([], [_PERSON]):
            raise ValueError(f"{' '.join(kind)!r} after a time; expected nothing or {_PERSON!r}")
        with self._lock:
            _note(self._forgotten_people if kind else self._forgotten, digest, datetime.fromisoformat(at))

    def _records(self, user: str) -> list[Preference]:
        with self._lock:
            held = list(self._people.get(user, {}).values())
        return [PREFERENCE.validate_json(raw) for raw in held]

    def _note_forgotten(self, user: str, preference_id: str, at: datetime) -> None:
        _note(self._forgotten, _digest(f"{user}/{preference_id}"), at)

    def _is_forgotten(self, one: Preference) -> bool:
        alone = self._forgotten.get(_digest(f"{one.user_id}/{one.event_id}"))
        with_all = self._forgotten_people.get(_digest(one.user_id))
        return any(at is not None and one.occurred_at <= at for at in (alone, with_all))


def _note(forgotten: OrderedDict[str, datetime], digest: str, at: datetime) -> None:
    forgotten[digest] = max(at, forgotten.pop(digest, at))
    while len(forgotten) > _MOST_FORGOTTEN:
        forgotten.popitem(last=False)


def _digest(name: str) -> str:
    return blake2b(name.encode(), digest_size=16).hexdigest()


def _tastes_of(holding: list[Preference]) -> _Tastes:
    words: dict[str, int] = {}
    for one in reversed(holding):  # the later word counts
        if one.condition is None and one.scope in _OWN:
            liked = 1 if one.polarity is Polarity.LIKE else -1
            words |= {plain(name): liked for name in (one.canonical_value, one.value) if name}
    ends = [one.valid_to for one in holding if one.valid_to is not None]
    return _Tastes(words, min(ends, default=None))

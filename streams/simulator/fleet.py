"""Who speaks to what, when: users and their devices, arrivals, rollouts, and the component that breaks.

Event time is cut into rounds; a round into sections. A user belongs to one section of every round, so that two
dialogues of one user never overlap, and a block (one section of one round) can be made without knowing any of another
section. That is what lets any number of processes share the work and make the same bytes, though people remember.
"""

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import blake2b
from random import Random
from typing import Final, NamedTuple

import orjson

from streams.simulator.incidents import Incident
from streams.simulator.simulation import Simulation, SimulationError

LONGEST_DIALOGUE_S: Final = 330.0
"""A dialogue and all that its players report is over after this."""

_ROUND_S: Final = 480.0
_SECTIONS: Final = 8
_DIALOGUES_A_BLOCK: Final = 200
_FULLEST: Final = 0.4
"""Share of a section's users that may be active in one block: more would flatten Zipf's law."""
_ZIPF_EXPONENT: Final = 0.85
_ZIPF_OFFSET: Final = 8.0

_LOCALES: Final = (("en-US", 0.55), ("en-GB", 0.8), ("en-AU", 0.9), ("en-CA", 1.0))
_DEVICES: Final = (("speaker", 0.5), ("display", 0.72), ("phone", 0.88), ("car", 1.0))
_MORE_DEVICES: Final = 0.35
_ROLLOUT: Final = (("2.8.0", 0.4), ("2.8.1", 1.0))
_PLACES: Final = {"car": ("car",), "phone": ("on-the-go", "office", "bedroom")}
_ROOMS: Final = ("kitchen", "living-room", "bedroom", "office")
_SCREENS: Final = frozenset({"display", "phone", "car"})
_REMEMBERED: Final = 4_000


def seeded(seed: str, *parts: object) -> Random:
    """A generator of its own for what `parts` name: the same in every process, unrelated to all others."""
    name = "/".join((seed, *map(str, parts))).encode()
    return Random(int.from_bytes(blake2b(name, digest_size=16).digest(), "big"))


def identifier(seed: str, *parts: object) -> str:
    """32 hexadecimal digits, as the pseudonyms of a fleet have."""
    return blake2b("/".join((seed, *map(str, parts))).encode(), digest_size=16).hexdigest()


class Start(NamedTuple):
    """A dialogue that begins: its number in the whole simulation, its user, and when (ms since the epoch)."""

    dialogue: int
    user: int
    at_ms: int


@dataclass(frozen=True, slots=True)
class Unit:
    """A device: `json` is what it sends of itself, `broken` the components whose planted fault has come."""

    id: str
    type: str
    place: str
    json: str
    broken: tuple[Incident, ...]


@dataclass(frozen=True, slots=True)
class _Owned:
    id: str
    type: str
    place: str
    described: dict[str, object]


@dataclass(frozen=True, slots=True)
class User:
    """A user with devices, the first of them used most."""

    number: int
    id: str
    devices: tuple[_Owned, ...]


class Fleet:
    """The users of a simulation and their arrivals. Needs `rate` (dialogues begun a second) to fit `users`."""

    def __init__(self, simulation: Simulation) -> None:
        self._simulation = simulation
        self._seed = simulation.seed_name
        self._begins_ms = round(simulation.begins.timestamp() * 1000)
        wanted = simulation.rate * _ROUND_S
        self.sections = _SECTIONS * max(1, round(wanted / _SECTIONS / _DIALOGUES_A_BLOCK))
        self._section_s = _ROUND_S / self.sections
        self._a_block = simulation.rate * self._section_s
        fewest = -(-simulation.users // self.sections) - 1
        if self._a_block > _FULLEST * fewest:
            least = round(self._a_block / _FULLEST + 1) * self.sections
            raise SimulationError(
                f"{simulation.users:,} users cannot begin {simulation.rate:g} dialogues a second without talking to "
                f"two assistants at once: ask for at least {least:,} users or a lower rate"
            )
        self._cumulative = _zipf(simulation.users, self.sections)
        self.blocks = self._block_of(simulation.dialogues)
        self.user = lru_cache(maxsize=_REMEMBERED)(self._user)
        self._unit = lru_cache(maxsize=_REMEMBERED)(self._describe)

    def begins_ms(self, block: int) -> int:
        """When the first dialogue of a block begins at the earliest, in ms since the epoch."""
        return self._begins_ms + round(block * self._section_s * 1000)

    def starts(self, block: int) -> list[Start]:
        """The dialogues that begin in a block, in the order of their beginnings."""
        chance = seeded(self._seed, "arrivals", block)
        first, end = self._first(block), min(self._first(block + 1), self._simulation.dialogues)
        count = end - first
        begin, length = self.begins_ms(block), self._section_s * 1000
        times = sorted(begin + int(chance.random() * length) for _ in range(count))
        users = self._distinct_users(chance, block % self.sections, count)
        return [Start(first + at, user, time) for at, (user, time) in enumerate(zip(users, times, strict=True))]

    def unit(self, user: User, chance: Random, at_ms: int) -> Unit:
        """The device that the user speaks to now, with the versions that answer now."""
        owned = user.devices
        which = 0 if len(owned) == 1 or chance.random() < 0.7 else 1 + int(chance.random() * (len(owned) - 1))
        minute = (at_ms - self._begins_ms) / 60_000
        active = tuple(
            at
            for at, incident in enumerate(self._simulation.incidents)
            if incident.minute <= minute and incident.device in (None, owned[which].type)
        )
        return self._unit(user.number, which, active)

    def _first(self, block: int) -> int:
        return int(block * self._a_block)

    def _block_of(self, dialogues: int) -> int:
        """Number of blocks that hold so many dialogues."""
        blocks = max(1, int(dialogues / self._a_block))
        while self._first(blocks) < dialogues:
            blocks += 1
        return blocks

    def _distinct_users(self, chance: Random, section: int, count: int) -> Iterator[int]:
        cumulative = self._cumulative[section]
        total, last = cumulative[-1], len(cumulative) - 1
        taken: set[int] = set()
        while len(taken) < count:
            at = min(bisect_left(cumulative, chance.random() * total), last)
            if at not in taken:
                taken.add(at)
                yield at * self.sections + section

    def _user(self, number: int) -> User:
        chance = seeded(self._seed, "user", number)
        locale = _pick(chance, _LOCALES)
        versions = {"asr": "4.1.3", "nlu": _pick(chance, _ROLLOUT), "entity": "1.9.2", "dialogue": "3.0.5"}
        owned: list[_Owned] = []
        while not owned or (len(owned) < 3 and chance.random() < _MORE_DEVICES):
            kind = _pick(chance, _DEVICES)
            device_id = identifier(self._seed, "device", number, len(owned))
            described = {"id": device_id, "type": kind, "screen": kind in _SCREENS, "locale": locale}
            places = _PLACES.get(kind, _ROOMS)
            place = places[int(chance.random() * len(places))]
            owned.append(_Owned(device_id, kind, place, described | {"versions": versions}))
        return User(number, identifier(self._seed, "user", number), tuple(owned))

    def _describe(self, number: int, which: int, active: tuple[int, ...]) -> Unit:
        owned = self.user(number).devices[which]
        broken = tuple(self._simulation.incidents[at] for at in active)
        versions: dict[str, str] = dict(owned.described["versions"])  # type: ignore[call-overload]
        for incident in broken:
            versions[incident.component.value] = incident.version
        described = owned.described | {"versions": versions}
        return Unit(owned.id, owned.type, owned.place, orjson.dumps(described).decode(), broken)


def _zipf(users: int, sections: int) -> list[list[float]]:
    """For each section the cumulative weights of its users, most active first."""
    cumulative: list[list[float]] = [[] for _ in range(sections)]
    sums = [0.0] * sections
    for number in range(users):
        section = number % sections
        sums[section] += (number + _ZIPF_OFFSET) ** -_ZIPF_EXPONENT
        cumulative[section].append(sums[section])
    return cumulative


def _pick(chance: Random, options: tuple[tuple[str, float], ...]) -> str:
    drawn = chance.random()
    return next((name for name, below in options if drawn < below), options[-1][0])


def clock_of(at_ms: int) -> str:
    """The time of the day, HH:MM in UTC, at an instant in ms since the epoch."""
    minutes = at_ms // 60_000
    return f"{minutes // 60 % 24:02}:{minutes % 60:02}"


def time_of(at_ms: int) -> datetime:
    """An instant in UTC from ms since the epoch."""
    return datetime.fromtimestamp(at_ms / 1000, UTC)

"""What stays of a dialogue when it is over: a person's trust, and which preferences they have stated.

All dialogues of a user are made by one process, in the order in which they happen (see `simulate_workers`), so every
process knows the whole past of its users, and the number of processes changes nothing. What is kept takes a few bytes
for every user, however many dialogues there are.
"""

from array import array
from math import nan
from typing import Final

from streams.simulator.preferences import MOST

_UNKNOWN: Final = nan


class PeopleMemory:
    """The past of all users of a simulation. Users are numbers from 0."""

    __slots__ = ("_kept", "_stated", "_stated_ms", "_trust")

    def __init__(self, users: int) -> None:
        self._trust = array("f", [_UNKNOWN]) * users
        self._stated = array("B", [0]) * users
        self._kept = array("B", [0]) * users
        self._stated_ms = array("q", [0]) * (users * MOST)

    def trust(self, user: int) -> float | None:
        """The trust with which the user's last dialogue ended; None before the first one."""
        trust = self._trust[user]
        return None if trust != trust else trust

    def part(self, user: int, trust: float) -> None:
        """A dialogue of the user is over."""
        self._trust[user] = trust

    def stated(self, user: int) -> int:
        """How many preferences the user has stated."""
        return self._stated[user]

    def stated_ms(self, user: int, number: int) -> int:
        """When the user stated the one of this number, in ms since the epoch."""
        return self._stated_ms[user * MOST + number]

    def kept(self, user: int, number: int) -> bool:
        """Whether the assistant of the simulation keeps the user's preference of this number."""
        return bool(self._kept[user] >> number & 1)

    def state(self, user: int, number: int, at_ms: int, *, kept: bool) -> None:
        """The user states the preference of this number, which the assistant keeps or lets pass."""
        self._stated[user] = number + 1
        self._stated_ms[user * MOST + number] = at_ms
        if kept:
            self._kept[user] |= 1 << number

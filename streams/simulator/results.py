"""What an API comes back with: mostly what it was called for, now and then something of the same name."""

from collections.abc import Callable
from random import Random

from streams.simulator.profile import ResultProfile

Other = Callable[[Random], str | None]
"""Gives an entity that the call could wrongly have led to; None: there is no other."""


class Results:
    """A result channel."""

    def __init__(self, profile: ResultProfile) -> None:
        self._profile = profile

    def deliver(self, right: str | None, other: Other, fault: float, chance: float, pick: float) -> str | None:
        """What comes back where `right` would be right, a function of the arguments.

        `fault`: probability of an error besides. `chance` in [0, 1) decides whether it errs, `pick` in [0, 1) how.
        """
        if right is None or chance >= 1.0 - (1.0 - self._profile.error) * (1.0 - fault):
            return right
        wrong = other(Random(pick))
        return right if wrong is None else wrong

"""Makers of simulated blocks that fail. In a module of their own, as the processes that run them import it anew, and
that should not take as long as importing the tests."""

import os

from streams.simulator.simulate_workers import Made
from streams.simulator.simulation import Simulation


class Dying:
    """A maker whose process ends without a word at block 3."""

    def __init__(self, simulation: Simulation, *, with_truth: bool, advisor: object) -> None:
        """Needs none of it."""

    def make(self, block: int) -> Made:
        if block == 3:
            os._exit(9)
        return Made(block, 0, 0, 0, 0, [], [])


class Complaining(Dying):
    """A maker that raises at block 2."""

    def make(self, block: int) -> Made:
        if block == 2:
            raise ValueError("no such entity")
        return Made(block, 0, 0, 0, 0, [], [])

"""What a person always wants: the same alarm, the same station, the same light.

Half of what people ask an assistant for is what they have asked for before (Chen et al. 2023, arXiv 2305.14449: with a
year of a person's history about half of the requests are new).
"""

from random import Random
from typing import Final

from streams.simulator.fleet import seeded
from streams.simulator.goals import Goal
from streams.simulator.pack import Pack

WISHES: Final = 8
"""Things that one person wants again and again, the first of them most."""


def goals_of(pack: Pack, seed_name: str, user: int, routine: float, rng: Random) -> list[Goal]:
    """What a person wants in one dialogue: with the probability `routine` something that they always want."""
    if not routine or rng.random() >= routine:
        return pack.sample_goals(rng)
    wish = int(rng.random() ** 2 * WISHES)
    return pack.sample_goals(seeded(seed_name, "routine", user, wish))

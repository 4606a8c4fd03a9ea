"""One dialogue after the other: a customer speaks, the pipeline mishears, the assistant answers, the person reacts."""

from functools import lru_cache
from typing import Final

from streams.simulator.closed_loop import Advisor
from streams.simulator.dialogue_loop import DialogueLoop, Parts
from streams.simulator.false_wake import BackgroundSpeech
from streams.simulator.fleet import Fleet, Start, User, seeded
from streams.simulator.pack import load_pack
from streams.simulator.people import Person
from streams.simulator.pipeline import IntentShape, Lexicon, Pipeline
from streams.simulator.profile import load_profile
from streams.simulator.simulation import Simulation
from streams.simulator.wire import Wire

_REMEMBERED: Final = 4_000

Parcels = list[tuple[int, str, bytes, bytes]]
"""(sent at ms, event id, key, value)."""


class DialogueMaker:
    """Makes the dialogues of one simulation. Every one is a function of the simulation and of its own number."""

    def __init__(self, simulation: Simulation, fleet: Fleet, wire: Wire, advisor: Advisor | None) -> None:
        pack, profile = load_pack(simulation.pack), load_profile(simulation.profile)
        lexicon = Lexicon.of(
            pack.vocabulary(), (IntentShape(one.domain, one.intent, one.slots) for one in pack.apis.values())
        )
        self._seed = simulation.seed_name
        self._fleet = fleet
        self._profile = profile
        pipeline = Pipeline(lexicon, pack.resolver, profile)
        self._parts = Parts(
            simulation=simulation,
            pack=pack,
            pipeline=pipeline,
            background=BackgroundSpeech(pipeline),
            wire=wire,
            advisor=advisor,
        )
        self._person = lru_cache(maxsize=_REMEMBERED)(self._sample)

    def make(self, start: Start, parcels: Parcels, truth: list[bytes] | None) -> int:
        """Appends the events of a dialogue, in no order, and if asked for the truth of its turns.

        Returns how many turns it has.
        """
        chance = seeded(self._seed, "dialogue", start.dialogue)
        user: User = self._fleet.user(start.user)
        unit = self._fleet.unit(user, chance, start.at_ms)
        person: Person = self._person(user.number)
        trust = person.trust
        loop = DialogueLoop(self._parts, start, user, unit, person, chance, parcels, truth)
        try:
            return loop.run()
        finally:
            person.trust = trust  # who talks next to this process must not decide what a person is like

    def _sample(self, number: int) -> Person:
        return Person.sample(seeded(self._seed, "person", number), number, self._profile)

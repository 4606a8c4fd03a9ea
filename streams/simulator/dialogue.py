"""One dialogue after the other: a customer speaks, the pipeline mishears, the assistant answers, the person reacts."""

from functools import lru_cache
from typing import Final

from streams.simulator.closed_loop import Advisor, Listener
from streams.simulator.dialogue_loop import DialogueLoop
from streams.simulator.dialogue_teaching import Past
from streams.simulator.dialogue_turns import Parts
from streams.simulator.false_wake import BackgroundSpeech
from streams.simulator.fleet import Fleet, Start, User, seeded
from streams.simulator.pack import load_pack
from streams.simulator.people import Person
from streams.simulator.people_memory import PeopleMemory
from streams.simulator.pipeline import IntentShape, Lexicon, Pipeline
from streams.simulator.preferences import Preference
from streams.simulator.profile import load_profile
from streams.simulator.recurring import Recurring
from streams.simulator.simulation import Simulation
from streams.simulator.wire import Wire

_REMEMBERED: Final = 4_000

Parcels = list[tuple[int, str, bytes, bytes]]
"""(sent at ms, event id, key, value)."""


class DialogueMaker:
    """Makes the dialogues of one simulation.

    Each is a function of the simulation, of its own number and of the earlier dialogues of its user: make all dialogues
    of a user in the order in which they begin.
    """

    def __init__(
        self,
        simulation: Simulation,
        fleet: Fleet,
        wire: Wire,
        advisor: Advisor | None,
        recurring: Recurring | None = None,
        listener: Listener | None = None,
    ) -> None:
        """`listener`: reads back what people state, beside an advisor; None: statements get a kind word."""
        pack, profile = load_pack(simulation.pack), load_profile(simulation.profile)
        lexicon = Lexicon.of(
            pack.vocabulary(), (IntentShape(one.domain, one.intent, one.slots) for one in pack.apis.values())
        )
        self._seed = simulation.seed_name
        self._fleet = fleet
        self._profile = profile
        pipeline = Pipeline(lexicon, pack.resolver, profile, recurring)
        self._parts = Parts(
            simulation=simulation,
            pack=pack,
            pipeline=pipeline,
            background=BackgroundSpeech(
                pipeline, pack.written.background, pack.written.phrases.customer.other_directed
            ),
            wire=wire,
            advisor=advisor,
            listener=listener,
        )
        self._memory = PeopleMemory(simulation.users)
        self._pack = pack
        self._person = lru_cache(maxsize=_REMEMBERED)(self._sample)
        self._plan = lru_cache(maxsize=_REMEMBERED)(self._planned)

    def make(self, start: Start, parcels: Parcels, truth: list[bytes] | None) -> int:
        """Appends the events of a dialogue, in no order, and if asked for the truth of its turns.

        Returns how many turns it has.
        """
        chance = seeded(self._seed, "dialogue", start.dialogue)
        user: User = self._fleet.user(start.user)
        unit = self._fleet.unit(user, chance, start.at_ms)
        person: Person = self._person(user.number)
        trust = self._memory.trust(user.number)
        person.trust = person.first_trust if trust is None else trust
        past = Past(user.number, self._memory, self._plan)
        turns = DialogueLoop(self._parts, start, user, unit, person, past, chance, parcels, truth).run()
        self._memory.part(user.number, person.trust)
        return turns

    def _sample(self, number: int) -> Person:
        return Person.sample(seeded(self._seed, "person", number), number, self._profile)

    def _planned(self, number: int) -> tuple[Preference, ...]:
        return self._pack.preferences.plan(seeded(self._seed, "preferences", number))

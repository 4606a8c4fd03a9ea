"""Who talks to the assistant: a person's traits, habits and trust."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from random import Random
from typing import Final
from zlib import crc32

from streams.simulator.chance import STEPS, log_normal_table, normal
from streams.simulator.profile import Profile
from streams.simulator.timing import Tempo, log_normal
from streams.simulator.weights import cumulative

_MOST_TRIES: Final = 12.0
_TRAITS: Final = log_normal_table(0.4)
"""By what persons differ in a trait."""


class Rewording(StrEnum):
    """How a person says it again; the wording's styles of the same name."""

    VERBATIM = "verbatim"
    LEXICAL = "lexical"
    PHONETIC = "phonetic"
    SIMPLIFY = "simplify"
    EXPAND = "expand"


REWORDINGS: Final = tuple(Rewording)


@dataclass(slots=True)
class Person:
    """One person. Probabilities are of one answer unless said otherwise; `trust` changes with every answer, from
    `first_trust` on.

    `patience`: tries of one wish before giving up. `interrupting`: hazard of speaking into a wrong answer, per second
    after it is noticed. `clarity`: factor on the recogniser's word errors. `rewordings`: cumulative, in the order of
    `REWORDINGS`.
    """

    number: int
    tempo: Tempo
    patience: float
    interrupting: float
    early_answer: float
    backchannel: float
    other_directed: float
    needless_stop: float
    unnoticed: float
    grumbling: float
    correction: float
    protesting: float
    slip: float
    asked: float
    answering: float
    untrue: float
    stating: float
    habits: float
    button: float
    clarity: float
    first_trust: float
    trust: float
    learning: float
    rewordings: tuple[float, ...]

    @classmethod
    def sample(cls, rng: Random, number: int, profile: Profile) -> "Person":
        """A person of the profile's people. The same generator and number give the same person."""
        people, random = profile.people, rng.random

        def own(probability: float) -> float:
            return min(0.95, probability * _TRAITS[int(random() * STEPS)])

        trust = min(1.0, max(0.0, people.trust + 0.15 * normal(rng)))
        shares = (people.verbatim, people.lexical, people.phonetic, people.simplify, people.expand)
        ways = [share * _TRAITS[int(random() * STEPS)] for share in shares]
        return cls(
            number=number,
            tempo=Tempo(profile.timing, rng),
            patience=min(_MOST_TRIES, log_normal(rng, people.patience)),
            interrupting=log_normal(rng, people.interrupting),
            early_answer=own(people.early_answer),
            backchannel=own(people.backchannel),
            other_directed=own(people.other_directed),
            needless_stop=own(people.needless_stop),
            unnoticed=own(people.unnoticed),
            grumbling=own(people.grumbling),
            correction=own(people.correction),
            protesting=own(people.protesting),
            slip=own(people.slip),
            asked=people.asked,
            answering=min(1.0, log_normal(rng, people.answering)),
            untrue=own(people.untrue),
            stating=own(people.stating),
            habits=people.habits,
            button=own(people.button),
            clarity=log_normal(rng, people.clarity),
            first_trust=trust,
            trust=trust,
            learning=people.learning,
            rewordings=cumulative(ways),
        )

    def remember(self, satisfied: bool) -> None:
        """An answer moves the person's trust."""
        self.trust += self.learning * ((1.0 if satisfied else 0.0) - self.trust)

    def meant(self, slot: str, words: str, candidates: Sequence[tuple[str, float]]) -> str | None:
        """What this person means by an ambiguous name: mostly the likeliest, for some names always another.

        `candidates` are (entity, score), best first. The answer depends on the person, the slot and the words alone.
        None: there are no candidates.
        """
        if not candidates:
            return None
        if len(candidates) == 1:
            return candidates[0][0]
        drawn = crc32(f"{self.number}/{slot}/{words}".encode()) / 2**32
        if drawn >= self.habits:
            return candidates[0][0]
        return candidates[1 + int(drawn / self.habits * (len(candidates) - 1))][0]

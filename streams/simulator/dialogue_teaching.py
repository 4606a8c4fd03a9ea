"""What a person tells of themselves in one dialogue, what they rely on from earlier ones, and whether it is obeyed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from random import Random
from typing import Final
from zlib import crc32

from streams.simulator.closed_loop import Advisor, Asked
from streams.simulator.fleet import time_of
from streams.simulator.goals import Goal
from streams.simulator.meaning import Move
from streams.simulator.pack import Pack
from streams.simulator.pack_api import Api
from streams.simulator.people_memory import PeopleMemory
from streams.simulator.preferences import Kind, Preference
from streams.simulator.profile import PeopleProfile, TeachingProfile
from streams.simulator.wording_acts import REQUEST

_FIRST, _BESIDE = 0.35, 0.5
"""Cumulative shares of the statements that open a dialogue, and that go along with its first request."""
_TRIES_AT_ONCE: Final = 0.5
"""Who has just stated a preference wants to see it at work."""


class Moment(StrEnum):
    """When a person states a preference."""

    FIRST = "first"
    BESIDE = "beside"  # in one breath with the first request
    LAST = "last"


@dataclass(frozen=True, slots=True)
class Obedience:
    """Whether an answer did as a preference says that was stated before."""

    preference: Preference
    obeyed: bool


@dataclass(frozen=True, slots=True)
class Past:
    """A user's earlier dialogues, and who knows what a user will ever state."""

    user: int
    memory: PeopleMemory
    plan_of: Callable[[int], tuple[Preference, ...]]

    @property
    def plan(self) -> tuple[Preference, ...]:
        """All that this person will ever state."""
        return self.plan_of(self.user)


class Teaching:
    """The preferences of one dialogue. `stating`, `moment`: what is stated in it, if anything.

    `relied_on`: the preference on which its first request rests. That request leaves a slot open, or uses an own name.
    `advised`: what the assistant knows comes from an advisor, and from nothing that it kept by itself.
    """

    def __init__(
        self,
        pack: Pack,
        people: PeopleProfile,
        teaching: TeachingProfile,
        past: Past,
        begins_ms: int,
        rng: Random,
        *,
        advised: bool = False,
    ) -> None:
        self._advised = advised
        self._pack = pack
        self._teaching = teaching
        self._past = past
        self._rng = rng
        self._advice: tuple[Advisor, Asked] | None = None
        self.stating: Preference | None = None
        self.moment = Moment.LAST
        self.relied_on: Preference | None = None
        stated = past.memory.stated(past.user)
        if rng.random() < people.telling and stated < len(past.plan):
            self.stating = past.plan[stated]
            drawn = rng.random()
            self.moment = Moment.FIRST if drawn < _FIRST else Moment.BESIDE if drawn < _BESIDE else Moment.LAST
        holding = _holding(past, begins_ms) if stated else []
        if self.stating is not None and self.moment is not Moment.LAST:
            holding = [one for one in holding if one.number != self.stating.revises] + [self.stating]
        self._rely(said_last(holding), people.relying)

    def _rely(self, holding: Sequence[Preference], relying: float) -> None:
        random = self._rng.random
        usable = [one for one in holding if _request(self._pack, one) is not None]
        if not usable:
            return
        fresh = self.stating is not None and usable[-1] is self.stating
        if random() < (_TRIES_AT_ONCE if fresh else relying):
            self.relied_on = usable[-1] if fresh else usable[int(random() * len(usable))]

    def goal(self) -> Goal | None:
        """What the person wants that rests on a preference."""
        relied_on = self.relied_on
        api = _request(self._pack, relied_on) if relied_on is not None else None
        if relied_on is None or relied_on.slot is None or api is None:
            return None
        if relied_on.kind is Kind.NAME:
            wanted = relied_on.names or ""
        else:
            wanted = relied_on.value if relied_on.polarity > 0 else self._another(relied_on)
        return self._pack.goal_for(api.name, self._rng, {relied_on.slot: wanted})

    def known(self, api: str, slot: str) -> str | None:
        """What the assistant takes for granted for a slot that a request leaves open (see `assistant.Known`)."""
        relied_on = self.relied_on
        if relied_on is None or relied_on.kind is not Kind.TASTE or slot != relied_on.slot:
            return None
        if self._advice is not None:
            advisor, asked = self._advice
            return advisor.preference(relied_on.domain, slot, "", asked)
        if self._past.memory.kept(self._past.user, relied_on.number):
            return relied_on.value if relied_on.polarity > 0 else self._another(relied_on)
        if self._rng.random() < self._teaching.assumes:
            return self._pack.catalogue_of[slot].sample(self._rng).entity
        return None

    def asks(self, advisor: Advisor, asked: Asked) -> None:
        """What the assistant knows comes from an advisor."""
        self._advice = (advisor, asked)

    def unknown_name(self, move: Move) -> str | None:
        """The person's own name for a thing in a request, where the assistant does not know it by itself."""
        relied_on = self.relied_on
        if relied_on is None or relied_on.kind is not Kind.NAME or move.meaning is None:
            return None
        if not self._advised and self._past.memory.kept(self._past.user, relied_on.number):
            return None
        return next((slot.value for slot in move.meaning.slots if slot.value == relied_on.words), None)

    def keeps(self, preference: Preference) -> bool:
        """Whether the assistant keeps a preference by itself, once it has heard it."""
        drawn = crc32(f"kept/{self._past.user}/{preference.number}/{preference.statement}".encode()) / 2**32
        return drawn < self._teaching.kept

    def state(self, preference: Preference, at_ms: int, *, heard: bool) -> None:
        """The person has stated it, and the assistant `heard` it or did not."""
        past = self._past
        past.memory.state(past.user, preference.number, at_ms, kept=heard and self.keeps(preference))

    def obedience(self, move: Move, answer: Move) -> Obedience | None:
        """Whether an answer does as the preference says on which the request rests; None: it does not show."""
        relied_on, meaning = self.relied_on, move.meaning
        if relied_on is None or meaning is None:
            return None
        api = _request(self._pack, relied_on)
        if api is None or (meaning.domain, meaning.intent) != (api.domain, api.intent):
            return None
        said = {slot.slot: slot.value for slot in meaning.slots}
        if relied_on.kind is Kind.NAME:
            if said.get(relied_on.slot or "") != relied_on.words:
                return None
            return Obedience(relied_on, self._given(answer, api, relied_on) == relied_on.names)
        if relied_on.slot in said:
            return None
        given = self._given(answer, api, relied_on)
        if given is not None:
            return Obedience(relied_on, (given == relied_on.value) == (relied_on.polarity > 0))
        asks = any(act is REQUEST and slot == relied_on.slot for act, slot, _ in answer.acts)
        return Obedience(relied_on, False) if asks and relied_on.polarity > 0 else None

    def _given(self, answer: Move, api: Api, relied_on: Preference) -> str | None:
        call = answer.call
        return None if call is None or call.api != api.name else dict(call.arguments).get(relied_on.slot or "")

    def _another(self, preference: Preference) -> str:
        catalogue = self._pack.catalogue_of[preference.slot or ""]
        for _ in range(20):
            entity = catalogue.sample(self._rng).entity
            if entity != preference.value:
                break
        return entity


def _holding(past: Past, at_ms: int) -> list[Preference]:
    """What the person has stated and still holds."""
    memory, user = past.memory, past.user
    stated = past.plan[: memory.stated(user)]
    revised = {one.revises for one in stated}
    at = time_of(at_ms)
    return [
        one
        for one in stated
        if one.number not in revised and one.holds(time_of(memory.stated_ms(user, one.number)), at)
    ]


def said_last(holding: Sequence[Preference]) -> list[Preference]:
    """Without those of which the person has said the opposite since, or given the name to another thing, whether they
    thought of the first or not: no answer could do as both say."""

    def thing(one: Preference) -> tuple[str, str, str | None, str | None]:
        return one.attribute, one.value, one.person, one.condition

    last = {thing(one): (one.polarity, one.names) for one in holding}
    return [one for one in holding if last[thing(one)] == (one.polarity, one.names)]


def _request(pack: Pack, preference: Preference) -> Api | None:
    """The API whose requests can rest on the preference."""
    if preference.kind is Kind.SETTING or preference.slot is None:
        return None
    return next(
        (
            api
            for api in pack.apis.values()
            if api.domain == preference.domain
            and preference.slot in api.required
            and not api.needs
            and (api.searches if preference.kind is Kind.TASTE else api.acts)
        ),
        None,
    )

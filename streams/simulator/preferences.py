"""What people tell of themselves: tastes, settings, own names for things; for whom, when and for how long they hold."""

from bisect import bisect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from random import Random
from typing import Final, Literal

from streams.simulator.catalogue import Catalogue
from streams.simulator.pack_written import PreferencesWritten, PreferenceWritten
from streams.simulator.weights import cumulative

MOST: Final = 8
"""Preferences that one person states in a life."""

_REVISES: Final = 0.22
_TURNS_AROUND: Final = 0.4
_DISLIKES: Final = 0.3
_OF_A_PERSON, _OF_ALL = 0.13, 0.27
"""Cumulative shares of what is said of another person and of the household."""
_CONDITION, _TIME = 0.18, 0.3
"""Cumulative shares of statements with a condition and with a time."""
_OPENED: Final = 0.3


class Kind(StrEnum):
    """What a preference is good for."""

    TASTE = "taste"  # fills a slot that a request leaves open
    SETTING = "setting"  # how to answer, or what to know about
    NAME = "name"  # an own name for a thing


class Lasting(StrEnum):
    """How long something holds that is stated for a time."""

    DAY = "day"
    WEEK = "week"  # to the end of Sunday
    FORTNIGHT = "fortnight"
    MONDAY = "monday"  # until it begins
    FRIDAY = "friday"


LASTING: Final[Mapping[str, Lasting]] = {
    "today": Lasting.DAY,
    "this evening": Lasting.DAY,
    "just this once": Lasting.DAY,
    "for now": Lasting.DAY,  # nobody says when it ends
    "for the time being": Lasting.DAY,
    "this week": Lasting.WEEK,
    "this weekend": Lasting.WEEK,
    "this fortnight": Lasting.FORTNIGHT,
    "until Friday": Lasting.FRIDAY,
    "till Monday": Lasting.MONDAY,
}
"""What the words of time mean that a pack may use."""


class Scope(StrEnum):
    """Whose preference it is."""

    USER = "user"
    HOUSEHOLD = "household"
    PERSON = "person"


@dataclass(frozen=True, slots=True)
class Preference:
    """One preference of one person, with the words in which it is stated.

    `number`: the how-manieth that the person states. `slot`: the one that it fills, or of which it names an entity.
    `value` and `names` are entities, `words` and `named` how they are said in `statement`, which was made from
    `template`. `revises`: number of the earlier one that it replaces.
    """

    number: int
    kind: Kind
    domain: str
    attribute: str
    slot: str | None
    value: str
    words: str
    polarity: Literal[1, -1]
    scope: Scope
    person: str | None
    condition: str | None
    time: str | None
    names: str | None
    named: str | None
    template: str
    statement: str
    revises: int | None

    @property
    def tail(self) -> str:
        """What a request has to say for the preference to hold: for whom, when."""
        if self.person is not None:
            return f" for my {self.person}"
        return f" {self.condition}" if self.condition is not None else ""

    def holds(self, stated_at: datetime, at: datetime) -> bool:
        """Whether what was stated then holds at a later time still, unless something else was stated."""
        days = (at.date() - stated_at.date()).days
        lasting = LASTING[self.time] if self.time is not None else None
        match lasting:
            case None:
                return True
            case Lasting.DAY:
                return days == 0
            case Lasting.WEEK:
                return days < 7 - stated_at.weekday()
            case Lasting.FORTNIGHT:
                return days < 14
            case Lasting.MONDAY | Lasting.FRIDAY:
                weekday = 0 if lasting is Lasting.MONDAY else 4
                return days < (weekday - stated_at.weekday() - 1) % 7 + 1


class PreferenceSampler:
    """Samples the preferences of one pack's people."""

    def __init__(
        self,
        shared: PreferencesWritten,
        attributes: Mapping[str, PreferenceWritten],
        catalogues: Mapping[str, Catalogue],
        slots: Mapping[str, str],
    ) -> None:
        """`slots`: slot -> catalogue."""
        self._shared = shared
        self._attributes = tuple(attributes.items())
        self._shares = cumulative(one.weight for _, one in self._attributes)
        self._catalogues = catalogues
        self._slots = slots

    def plan(self, rng: Random) -> tuple[Preference, ...]:
        """All that one person will ever state, in that order. Empty for a pack without preferences."""
        if not self._attributes:
            return ()
        made: list[Preference] = []
        for number in range(1 + int(rng.random() * MOST)):
            earlier = [one for one in made if one.kind is not Kind.NAME and one.time is None]
            revised = earlier[int(rng.random() * len(earlier))] if earlier and rng.random() < _REVISES else None
            made.append(self._one(number, revised, rng))
        return tuple(made)

    def reworded(self, one: Preference, rng: Random) -> Preference:
        """The same preference stated in other words, if there are any."""
        written = next(written for name, written in self._attributes if name == one.attribute)
        templates = [text for text in _texts(written, one.scope, one.polarity) if text != one.template]
        if not templates:
            return one
        template = templates[int(rng.random() * len(templates))]
        said = template.format(value=one.words, who=one.person or "", named=one.named or "")
        statement = " ".join(part for part in (said, one.condition, one.time) if part)
        return replace(one, template=template, statement=statement)

    def remark(self, rng: Random) -> str | None:
        """Something that sounds like a preference and is none."""
        return _any(self._shared.remarks, rng)

    def _one(self, number: int, revised: Preference | None, rng: Random) -> Preference:
        attribute, written = self._attributes[bisect(self._shares, rng.random())]
        if revised is not None:
            attribute = revised.attribute
            written = next(one for name, one in self._attributes if name == attribute)
        entry = self._catalogues[written.catalogue].sample(rng)
        value, words = entry.entity, entry.name
        polarity: Literal[1, -1] = -1 if written.dislike and rng.random() < _DISLIKES else 1
        scope = self._scope(written, rng)
        if revised is not None:
            scope = revised.scope
            if rng.random() < _TURNS_AROUND and written.dislike:
                value, words, polarity = revised.value, revised.words, -1 if revised.polarity > 0 else 1
        templates = _texts(written, scope, polarity)
        if not templates:
            scope, templates = Scope.USER, _texts(written, Scope.USER, polarity)
        person = (revised and revised.person) or _any(self._shared.persons, rng) if scope is Scope.PERSON else None
        template = templates[int(rng.random() * len(templates))]
        condition, time = self._limits(written, revised, rng)
        names, named = self._named(written, rng)
        said = template.format(value=words, who=person or "", named=named or "")
        opener = _any(self._shared.openers, rng) if rng.random() < _OPENED else None
        return Preference(
            number=number,
            kind=Kind.NAME if names else Kind.TASTE if written.slot else Kind.SETTING,
            domain=written.domain,
            attribute=attribute,
            slot=written.slot or written.names,
            value=value,
            words=words,
            polarity=polarity,
            scope=scope,
            person=person,
            condition=condition,
            time=time,
            names=names,
            named=named,
            template=template,
            statement=" ".join(part for part in (opener, said, condition, time) if part),
            revises=revised.number if revised is not None else None,
        )

    def _scope(self, written: PreferenceWritten, rng: Random) -> Scope:
        drawn = rng.random()
        if drawn < _OF_A_PERSON and written.person_like and self._shared.persons:
            return Scope.PERSON
        return Scope.HOUSEHOLD if drawn < _OF_ALL and written.household_like else Scope.USER

    def _limits(
        self, written: PreferenceWritten, revised: Preference | None, rng: Random
    ) -> tuple[str | None, str | None]:
        """(condition, time) under which it holds; a revision holds when the revised one did."""
        if revised is not None:
            return revised.condition, None
        drawn = rng.random()
        if drawn < _CONDITION:
            return _any(written.conditions, rng), None
        return None, _any(self._shared.times, rng) if drawn < _TIME and written.names is None else None

    def _named(self, written: PreferenceWritten, rng: Random) -> tuple[str | None, str | None]:
        if written.names is None:
            return None, None
        entry = self._catalogues[self._slots[written.names]].sample(rng)
        return entry.entity, entry.name


def _texts(written: PreferenceWritten, scope: Scope, polarity: int) -> Sequence[str]:
    if scope is Scope.PERSON:
        return written.person_like if polarity > 0 else written.person_dislike
    if scope is Scope.HOUSEHOLD:
        return written.household_like if polarity > 0 else written.household_dislike
    return written.like if polarity > 0 else written.dislike


def _any(texts: Sequence[str], rng: Random) -> str | None:
    return texts[int(rng.random() * len(texts))] if texts else None

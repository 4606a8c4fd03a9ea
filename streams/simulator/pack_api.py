"""An API of a pack, ready to be called: its signature and its conditions."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from schemas.turn import PlaybackKind
from streams.simulator.meaning import Meaning
from streams.simulator.pack_written import ApiKind, ApiWritten
from streams.simulator.wording_templates import Template, template

ANY: Final = "*"
ABSENT: Final = "-"


@dataclass(frozen=True, slots=True)
class Fact:
    """`key` has `value`, both with slots in them. As a condition `*` is any value and `-` none."""

    key: Template
    value: Template

    def filled(self, arguments: Mapping[str, str]) -> tuple[str, str]:
        """The fact with the entities of the arguments in it."""
        key, value = self.key, self.value
        return (
            key.pattern % tuple([arguments.get(name, "") for name in key.names]) if key.names else key.pattern,
            value.pattern % tuple([arguments.get(name, "") for name in value.names]) if value.names else value.pattern,
        )

    def given_by(self, effect: "Fact") -> bool:
        """Would a call with the same arguments and this effect make the condition true?"""
        if self.key != effect.key:
            return False
        if self.value.pattern == ANY:
            return effect.value.pattern != ABSENT
        return self.value == effect.value


@dataclass(frozen=True, slots=True)
class Api:
    """What the assistant can call. `slots` are the arguments in the order of calls, required ones first."""

    name: str
    domain: str
    intent: str
    kind: ApiKind
    acts: bool
    searches: bool
    answers: bool
    """`kind` is one of the three; asked for at every turn."""
    meaning: Meaning
    """The domain and the intent alone."""
    required: tuple[str, ...]
    optional: tuple[str, ...]
    slots: tuple[str, ...]
    result: str | None
    details: tuple[str, ...]
    needs: tuple[Fact, ...]
    sets: tuple[Fact, ...]
    confirm: float
    leads_to: str | None
    playback: PlaybackKind | None
    weight: float
    searched_by: tuple[str, ...]
    """Searches that lead to it and find what its `result` slot takes."""
    can_open_bare: bool
    """Is there a sentence that asks for it without giving any slot?"""


def holds(fact: tuple[str, str], facts: Mapping[str, str]) -> bool:
    """Is a filled condition true?"""
    key, value = fact
    if value == ANY:
        return key in facts
    if value == ABSENT:
        return key not in facts
    return facts.get(key) == value


def put(fact: tuple[str, str], facts: dict[str, str]) -> None:
    """Makes a filled effect true."""
    key, value = fact
    if value == ABSENT:
        facts.pop(key, None)
    else:
        facts[key] = value


def api(name: str, written: ApiWritten, all_written: Mapping[str, ApiWritten]) -> Api:
    """The API that is written."""
    return Api(
        name=name,
        domain=name.split(".", 1)[0],
        intent=written.intent,
        kind=written.kind,
        acts=written.kind is ApiKind.ACTION,
        searches=written.kind is ApiKind.SEARCH,
        answers=written.kind is ApiKind.ANSWER,
        meaning=Meaning(name.split(".", 1)[0], written.intent),
        required=written.required,
        optional=written.optional,
        slots=written.required + written.optional,
        result=written.result,
        details=written.details,
        needs=facts_of(written.needs),
        sets=facts_of(written.sets),
        confirm=written.confirm,
        leads_to=written.leads_to,
        playback=written.playback,
        weight=written.weight,
        searched_by=tuple(
            other
            for other, search in all_written.items()
            if search.kind is ApiKind.SEARCH
            and search.leads_to == name
            and search.result in (*written.required, *written.optional)
        ),
        can_open_bare=any(not template(text).names for text in written.customer.plain),
    )


def facts_of(written: Mapping[str, str]) -> tuple[Fact, ...]:
    """Conditions or effects as they are written."""
    return tuple(Fact(template(key), template(value)) for key, value in written.items())

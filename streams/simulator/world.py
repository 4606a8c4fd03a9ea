"""The world behind the assistant: facts, and APIs that need some of them and change others."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import NamedTuple, Protocol

from streams.simulator.catalogue import Catalogue, Entry
from streams.simulator.meaning import Call
from streams.simulator.pack_api import Api, holds, put


class Refused(StrEnum):
    """Why a call failed."""

    UNKNOWN_API = "unknown-api"
    MISSING_ARGUMENT = "missing-argument"
    UNKNOWN_ENTITY = "unknown-entity"
    NO_SUCH = "no-such"  # the arguments exclude each other: a song that is not by this artist
    PRECONDITION = "precondition"


class Outcome(NamedTuple):
    """What a call led to. `result`: the entity; `found`: what a search found, best first."""

    refused: Refused | None
    result: str | None = None
    found: Sequence[Entry] = ()


class Setting(Protocol):
    """What of a pack the world needs."""

    @property
    def apis(self) -> Mapping[str, Api]: ...
    @property
    def entries(self) -> Mapping[str, Entry]: ...
    @property
    def catalogue_of(self) -> Mapping[str, Catalogue]: ...
    @property
    def initial_facts(self) -> Mapping[str, str]: ...
    @property
    def facts_on_stop(self) -> Mapping[str, str]: ...


class World:
    """The facts of one household. It may outlive a dialogue."""

    __slots__ = ("_setting", "facts")

    def __init__(self, setting: Setting) -> None:
        self._setting = setting
        self.facts: dict[str, str] = dict(setting.initial_facts)

    def execute(self, call: Call) -> Outcome:
        """Calls an API: checks its conditions, changes the facts. A refused call changes nothing."""
        api = self._setting.apis.get(call.api)
        if api is None:
            return Outcome(Refused.UNKNOWN_API)
        arguments = dict(call.arguments)
        refused = self._refused(api, arguments)
        if refused is not None:
            return Outcome(refused)
        if api.searches and api.result is not None:
            found = self._setting.catalogue_of[api.result].matching(arguments)
            return Outcome(None, found[0].entity, found) if found else Outcome(Refused.NO_SUCH)
        for effect in api.sets:
            put(effect.filled(arguments), self.facts)
        return Outcome(None, arguments.get(api.result) if api.result else None)

    def stop(self) -> None:
        """What "stop" does, whatever goes on."""
        for fact in self._setting.facts_on_stop.items():
            put(fact, self.facts)

    def _refused(self, api: Api, arguments: Mapping[str, str]) -> Refused | None:
        for slot in api.required:
            if slot not in arguments:
                return Refused.MISSING_ARGUMENT
        entries, catalogue_of = self._setting.entries, self._setting.catalogue_of
        for slot, entity in arguments.items():
            entry = entries.get(entity)
            if entry is None or slot not in api.slots or entry.catalogue != catalogue_of[slot].name:
                return Refused.UNKNOWN_ENTITY
            for attribute, value in entry.attributes.items():
                if arguments.get(attribute, value) != value:
                    return Refused.NO_SUCH
        for condition in api.needs:
            if not holds(condition.filled(arguments), self.facts):
                return Refused.PRECONDITION
        return None

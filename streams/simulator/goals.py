"""What customers want: goals that the world can fulfil, in an order in which it can."""

from bisect import bisect
from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate
from random import Random
from typing import Final, NamedTuple, Protocol

from streams.simulator.meaning import Call
from streams.simulator.pack_api import ABSENT, Api, Fact, holds, put
from streams.simulator.pack_written import Flow
from streams.simulator.world import Setting, World

_RELATED: Final = 0.4
_OPTIONAL: Final = 0.35


class Goal(NamedTuple):
    """An API that is to be called with these arguments (slot, entity), in the order of the API's slots.

    `conditions`: (fact, value) that hold once it is reached.
    """

    api: str
    arguments: tuple[tuple[str, str], ...]
    conditions: tuple[tuple[str, str], ...] = ()

    @property
    def call(self) -> Call:
        """The call that reaches it."""
        return Call(self.api, self.arguments)

    def reached_in(self, world: World) -> bool:
        """Do its conditions hold?"""
        return all(holds(condition, world.facts) for condition in self.conditions)


class GoalSetting(Setting, Protocol):
    """What of a pack goals are sampled from."""

    @property
    def flow(self) -> Flow: ...


class GoalSampler:
    """Samples goals of one pack."""

    def __init__(self, setting: GoalSetting) -> None:
        self._setting = setting
        self._apis = tuple(api for api in setting.apis.values() if api.weight > 0)
        self._cumulative = list(accumulate(api.weight for api in self._apis))
        self._counts = list(accumulate(setting.flow.goals))
        self._providers = providers(setting.apis.values())
        self._taking: dict[str, tuple[Api, ...]] = {}
        for api in self._apis:
            for slot in api.slots:
                catalogue = setting.catalogue_of[slot].name
                self._taking[catalogue] = (*self._taking.get(catalogue, ()), api)

    def sample(self, rng: Random, flow_variation: bool = True) -> list[Goal]:
        """One to some goals, each reachable when those before it are reached. One wish only without flow variation."""
        count = bisect(self._counts, rng.random() * self._counts[-1]) + 1 if flow_variation else 1
        goals: list[Goal] = []
        facts = dict(self._setting.initial_facts)
        for _ in range(count):
            given: dict[str, str] = {}
            api = self._apis[bisect(self._cumulative, rng.random() * self._cumulative[-1])]
            if goals and rng.random() < _RELATED:
                api, given = self._related(goals[-1], rng) or (api, given)
            self._plan(api, given, facts, goals, rng)
        return goals

    def goal_for(self, api: Api, rng: Random, given: Mapping[str, str] | None = None) -> Goal:
        """A goal with this API; `given`: arguments that are fixed. What it needs first is not looked at."""
        arguments = self.arguments(api, rng, dict(given or {}))
        return self.goal(api, arguments)

    def goal(self, api: Api, arguments: Mapping[str, str]) -> Goal:
        """The goal with just these arguments."""
        conditions = tuple([effect.filled(arguments) for effect in api.sets])
        return Goal(api.name, tuple([(slot, arguments[slot]) for slot in api.slots if slot in arguments]), conditions)

    def arguments(self, api: Api, rng: Random, arguments: dict[str, str]) -> dict[str, str]:
        """Fills in what an API needs and some of what it may take, so that the arguments go together."""
        if api.searches and api.result is not None:
            wanted = {slot: entity for slot, entity in arguments.items() if slot in api.slots}
            found = self._setting.catalogue_of[api.result].matching(wanted)
            target = found[int(rng.random() ** 2 * len(found))] if wanted and found else None
            target = target or self._setting.catalogue_of[api.result].sample(rng)
            return {
                slot: target.attributes[slot]
                for slot in api.slots
                if slot in api.required or slot in wanted or rng.random() < _OPTIONAL
            }
        for slot in api.slots:
            if slot not in arguments and (slot in api.required or rng.random() < _OPTIONAL):
                self._fill(slot, arguments, rng)
        return arguments

    def _fill(self, slot: str, arguments: dict[str, str], rng: Random) -> None:
        entries = self._setting.entries
        for entity in arguments.values():
            if slot in entries[entity].attributes:
                arguments[slot] = entries[entity].attributes[slot]
                return
        catalogue = self._setting.catalogue_of[slot]
        entry = catalogue.sample(rng)
        wanted = {name: arguments[name] for name in entry.attributes if name in arguments}
        if wanted:
            found = catalogue.matching(wanted)
            entry = found[int(rng.random() ** 2 * len(found))] if found else entry
            for name in wanted:
                arguments[name] = entry.attributes[name]
        arguments[slot] = entry.entity

    def _related(self, before: Goal, rng: Random) -> tuple[Api, dict[str, str]] | None:
        """An other API that takes an entity of the goal before: navigate to the town whose weather was asked for."""
        if not before.arguments:
            return None
        _, entity = before.arguments[int(rng.random() * len(before.arguments))]
        catalogue = self._setting.entries[entity].catalogue
        taking = self._taking.get(catalogue, ())
        if not taking:
            return None
        api = taking[int(rng.random() * len(taking))]
        slot = next(slot for slot in api.slots if self._setting.catalogue_of[slot].name == catalogue)
        return api, {slot: entity}

    def _plan(
        self, api: Api, given: Mapping[str, str], facts: dict[str, str], goals: list[Goal], rng: Random, depth: int = 0
    ) -> None:
        """Appends a goal, after those that make its preconditions true; nothing when it is wanted already."""
        arguments = self.arguments(api, rng, dict(given))
        for need in api.needs:
            if holds(need.filled(arguments), facts) or depth >= len(self._setting.apis):
                continue
            choices = self._providers[need]
            provider = choices[int(rng.random() * len(choices))] if depth == 0 else choices[0]
            shared = {slot: arguments[slot] for slot in (*need.key.names, *need.value.names) if slot in arguments}
            self._plan(provider, shared, facts, goals, rng, depth + 1)
        goal = self.goal(api, arguments)
        if depth == 0 and goal in goals:
            return
        for fact in goal.conditions:
            put(fact, facts)
        goals.append(goal)


def providers(apis: Iterable[Api]) -> dict[Fact, tuple[Api, ...]]:
    """Of every precondition the APIs that make it true, those that need least first."""
    every = tuple(apis)
    return {
        need: tuple(
            sorted(
                (api for api in every if any(need.given_by(effect) for effect in api.sets)),
                key=lambda api: len(api.needs),
            )
        )
        for needing in every
        for need in needing.needs
    }


def reachable(apis: Mapping[str, Api], facts: Mapping[str, str]) -> set[str]:
    """The APIs whose preconditions can come true, starting from `facts`."""
    reached: set[str] = set()
    before = -1
    while len(reached) > before:
        before = len(reached)
        for api in apis.values():
            if all(_can_come_true(need, facts, [apis[name] for name in reached]) for need in api.needs):
                reached.add(api.name)
    return reached


def _can_come_true(need: Fact, facts: Mapping[str, str], reached: Sequence[Api]) -> bool:
    if not need.key.names and not need.value.names and holds((need.key.pattern, need.value.pattern), facts):
        return True
    if need.value.pattern == ABSENT and need.key.names:
        return True
    return any(need.given_by(effect) for api in reached for effect in api.sets)

"""A scenario pack, ready to use: APIs, slots, catalogues, goals and words of an assistant."""

from collections.abc import ItemsView, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from random import Random
from typing import Final
from zlib import crc32

from schemas.turn import Channel, ResponseStatus
from streams.simulator.catalogue import Catalogue, Entry, SpokenEntry, spoken
from streams.simulator.catalogue_resolver import CatalogueResolver
from streams.simulator.goals import Goal, GoalSampler
from streams.simulator.meaning import Call, Move
from streams.simulator.pack_api import Api, api
from streams.simulator.pack_checks import checked
from streams.simulator.pack_files import PackFiles, read_pack
from streams.simulator.pack_written import PackWritten
from streams.simulator.preferences import PreferenceSampler
from streams.simulator.wording import UNSUPPORTED, Phrase, Side, Style, Wording
from streams.simulator.wording_acts import CONFIRM, NOTIFY_FAILURE, OFFER_INTENT, REQ_MORE, REQUEST

PACKS: Final = Path(__file__).with_name("packs")
"""Where the packs that ship with the simulator are."""

_ASKING: Final = frozenset({REQUEST, CONFIRM, OFFER_INTENT, REQ_MORE})


def load_pack(name_or_path: str | Path) -> "Pack":
    """The pack of that name, or the one in a folder of TOML files or in a single TOML file.

    Raises `PackError` with everything that is wrong: file, line, what to do.
    """
    if isinstance(name_or_path, str) and (PACKS / name_or_path).is_dir():
        return _shipped(name_or_path)
    return _load(Path(name_or_path))


def shipped_packs() -> tuple[str, ...]:
    """The names of the packs that ship with the simulator."""
    return tuple(sorted(folder.name for folder in PACKS.iterdir() if any(folder.glob("*.toml"))))


@lru_cache
def _shipped(name: str) -> "Pack":
    return _load(PACKS / name)


def _load(path: Path) -> "Pack":
    files = read_pack(path)
    written, catalogues = checked(files)
    return Pack(files, written, catalogues)


class Pack:
    """What there is to talk about, and how. Immutable but for caches; made by `load_pack`."""

    def __init__(self, files: PackFiles, written: PackWritten, catalogues: Mapping[str, Catalogue]) -> None:
        self.name: str = written.pack.name
        self.version: str = written.pack.version
        self.channel: Channel = written.pack.channel
        self.language: str = written.pack.language
        self.digest: str = files.digest
        self.written: PackWritten = written
        self.flow = written.flow
        self.catalogues: Mapping[str, Catalogue] = catalogues
        self.slots: Mapping[str, str] = {name: slot.catalogue for name, slot in written.slot.items()}
        self.catalogue_of: Mapping[str, Catalogue] = {
            slot: catalogues[catalogue] for slot, catalogue in self.slots.items()
        }
        self.entries: Mapping[str, Entry] = {
            entry.entity: entry for catalogue in catalogues.values() for entry in catalogue.entries
        }
        self.apis: Mapping[str, Api] = {name: api(name, one, written.api) for name, one in written.api.items()}
        self.api_of: Mapping[tuple[str, str], Api] = {(one.domain, one.intent): one for one in self.apis.values()}
        self.domains: tuple[str, ...] = tuple(dict.fromkeys(one.domain for one in self.apis.values()))
        self.initial_facts: Mapping[str, str] = written.world
        self.facts_on_stop: Mapping[str, str] = written.on_stop
        self.pronouns: Mapping[str, tuple[str, ...]] = {name: slot.pronouns for name, slot in written.slot.items()}
        self.anaphora: frozenset[str] = frozenset(word for words in self.pronouns.values() for word in words)
        self.resolver = CatalogueResolver(self.catalogue_of, self.anaphora)
        self.preferences = PreferenceSampler(written.preferences, written.preference, catalogues, self.slots)
        self._goals = GoalSampler(self)
        short_names = {one.full_name: one.name for one in self.entries.values() if one.full_name != one.name}
        self._wording = Wording(written, self.apis, self._value_in, short_names)
        self._spoken: dict[tuple[str, str], SpokenEntry] = {}

    def sample_goals(self, rng: Random, *, flow_variation: bool = True) -> list[Goal]:
        """What a customer wants in one dialogue, in an order in which all of it can be reached."""
        return self._goals.sample(rng, flow_variation)

    def goal_for(self, api_name: str, rng: Random, given: Mapping[str, str] | None = None) -> Goal:
        """A goal with this API; `given`: arguments that are fixed. What it needs first is not looked at."""
        return self._goals.goal_for(self.apis[api_name], rng, given)

    def goal(self, api_name: str, arguments: Mapping[str, str]) -> Goal:
        """The goal with just these arguments (slot -> entity)."""
        return self._goals.goal(self.apis[api_name], arguments)

    def say(self, move: Move, who: Side, rng: Random, style: Style = Style.PLAIN, before: str = "") -> str:
        """The words of a move. `before`: what not to say again, if there are other words."""
        if who is Side.CUSTOMER:
            return self._wording.customer(move, rng, style, before)
        return self._wording.assistant(move, rng)

    def phrase(self, name: Phrase, rng: Random) -> str:
        """A set phrase, such as what people say to stop a player."""
        return self._wording.phrase(name, rng)

    def texts(self) -> Iterator[str]:
        """Every template, names in braces."""
        return self._wording.texts()

    def vocabulary(self) -> Iterator[str]:
        """All words that can be said: templates without their names, and every name of every entity."""
        for text in self.texts():
            yield " ".join(word for word in text.split() if "{" not in word)
        for entry in self.entries.values():
            yield from entry.names

    def spoken(self, slot: str, entity: str) -> SpokenEntry:
        """How customers say an entity in a slot."""
        found = self._spoken.get((slot, entity))
        if found is None:
            entry = self.entries[entity]
            found = self._spoken[slot, entity] = spoken(entry, slot, self.catalogues[entry.catalogue])
        return found

    def label(self, entity: str) -> str:
        """What the assistant calls an entity: `town:wilkerson-california` -> `Wilkerson, California`."""
        entry = self.entries.get(entity)
        if entry is None:
            return entity
        ambiguous = len(self.catalogues[entry.catalogue].named(entry.name)) > 1
        return entry.full_name if ambiguous else entry.name

    def fulfils(self, goal: Goal, call: Call | None, result: str | None = None) -> bool:
        """Does the call what the goal wants, and is `result` (where it is given) the entity that it should lead to?

        The call may leave out what its other arguments imply: the artist of the song that is wanted.
        """
        if call is None or call.api != goal.api:
            return False
        if call.arguments != goal.arguments and not self._means_the_same(goal, call):
            return False
        if result is None:
            return True
        one = self.apis[goal.api]
        if one.searches:
            attributes = self.entries[result].attributes if result in self.entries else {}
            return all(attributes.get(slot) == entity for slot, entity in goal.arguments)
        return one.result is not None and result == dict(goal.arguments).get(one.result)

    def _means_the_same(self, goal: Goal, call: Call) -> bool:
        given, wanted = set(call.arguments), set(goal.arguments)
        implied = {pair for _, entity in given for pair in self.implied_by(entity)}
        required = {pair for pair in wanted if pair[0] in self.apis[goal.api].required}
        return given <= wanted and required <= given and wanted - given <= implied

    def implied_by(self, entity: str) -> ItemsView[str, str]:
        """(slot, entity) that need not be said beside the entity: its attributes."""
        return self.entries[entity].attributes.items()

    def towards(self, goal: Goal, call: Call | None) -> bool:
        """Could the call still become what the goal wants: the same API, and no argument that is wrong?"""
        return call is not None and call.api == goal.api and set(call.arguments) <= set(goal.arguments)

    def detail(self, name: str, call: Call, result: str | None) -> str | None:
        """What there is to know about a result, such as the artist; None: nothing of that name."""
        if result is not None and name in self.entries[result].attributes:
            return self.label(self.entries[result].attributes[name])
        described = self.written.detail.get(name)
        if described is None:
            return None
        entries = self.catalogues[described.catalogue].entries
        return entries[crc32(f"{name} {call.api} {call.arguments}".encode()) % len(entries)].name

    def other_result(self, call: Call, rng: Random) -> str | None:
        """A wrong entity that the call could have led to: of the same name if there is one, else any other."""
        one = self.apis[call.api]
        if one.result is None:
            return None
        right = dict(call.arguments).get(one.result)
        catalogue = self.catalogue_of[one.result]
        if right is not None:
            namesakes = [entry for entry in catalogue.named(self.entries[right].name) if entry.entity != right]
            if namesakes:
                return namesakes[int(rng.random() * len(namesakes))].entity
        for _ in range(20):
            entry = catalogue.sample(rng)
            if entry.entity != right:
                return entry.entity
        return None

    def status(self, move: Move) -> ResponseStatus:
        """What the assistant says of an answer of its own."""
        for act, slot, value in move.acts:
            if act is NOTIFY_FAILURE:
                return ResponseStatus.UNSUPPORTED if value == UNSUPPORTED else ResponseStatus.FAILED
            if act is REQUEST and not slot:
                return ResponseStatus.NOT_UNDERSTOOD
            if act in _ASKING:
                return ResponseStatus.ASKED
        return ResponseStatus.ANSWERED

    def _value_in(self, name: str, move: Move) -> str | None:
        call = move.call
        if call is None:
            return None
        one = self.apis[call.api]
        if name == one.result and move.result is not None:
            return self.label(move.result)
        for slot, entity in call.arguments:
            if slot == name:
                return self.label(entity)
        return self.detail(name, call, move.result)

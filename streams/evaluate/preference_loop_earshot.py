"""All of Earshot that teaching needs, in memory: what devices send goes through `detect` into the book of `serve`, and
the simulated assistant asks that book before it answers."""

from bisect import insort
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, NamedTuple

from rapidfuzz import fuzz, process

from infra.settings import Settings
from models.preference.attributes import Attribute
from models.rewrite.entry import plain
from processors.holding import Applied, applied, applying
from processors.lessons import Lessons
from processors.teachable import PreferenceFinder
from schemas.preference import PREFERENCE, Preference
from streams.delivery import Committed
from streams.detect_partition import DetectPartition
from streams.serve.preference_book import PreferenceBook
from streams.simulator.closed_loop import Asked, Rewriting
from streams.simulator.fleet import time_of
from streams.simulator.pack import Pack
from streams.training.preference_written import PACK_ATTRIBUTES

Parcel = tuple[int, str, bytes, bytes]
"""(sent at ms, event id, key, value), as a device hands it over."""


_ALIKE: Final = 87.0
"""Similarity, of 100, from which on a misheard name is still that name; as in the catalogue."""


class Delivered(NamedTuple):
    """A record at its offset."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...] = ()


@dataclass(frozen=True, slots=True)
class LookedUp:
    """What the book said when it was asked: the preference that the answer went by, and what there was besides."""

    wanted: Preference | None
    unwanted: tuple[str, ...]
    entity: str | None


class TaughtEarshot:
    """An advisor that knows what people taught. `parcels` is what devices have sent and is still on its way: an event
    is heard when the clock of the simulation has passed its sending, so nothing is known before it was said."""

    def __init__(self, settings: Settings, pack: Pack, finder: PreferenceFinder) -> None:
        self._pack = pack
        self._settings = settings
        self._detect = DetectPartition(settings, 0, Committed(-1), lessons=Lessons(finder))
        self._offset = 0
        self._waiting: list[Parcel] = []
        self._slots = {
            (written.domain, written.slot): PACK_ATTRIBUTES[name].value
            for name, written in pack.written.preference.items()
            if written.slot is not None
        }
        self._named = {written.names for written in pack.written.preference.values() if written.names is not None}
        self._said: tuple[str, str] = "", ""
        self.book = PreferenceBook()
        self.parcels: list[Parcel] = []
        self.stored: dict[str, Preference] = {}
        """by the turn that states it, as last told"""
        self.texts: dict[str, str] = {}
        """what was heard, by turn"""
        self.looked_up: dict[str, LookedUp] = {}
        """by the turn that asked"""

    def rewrite(self, text: str, asked: Asked) -> Rewriting | None:
        """Nothing is rewritten; what was sent up to now is heard."""
        self.hear(asked.at_ms)
        self.texts[asked.turn_id] = text
        dialogue, before = self._said
        # Who says it again, or says more of it, leaves out for whom and when.
        self._said = asked.dialogue_id, f"{before} {text}" if dialogue == asked.dialogue_id else text
        return None

    def preference(self, domain: str, slot: str, value: str, asked: Asked) -> str | None:
        """What this person means by an own name, or prefers for a slot that was left open."""
        holding = self.book.holding(asked.user_id, time_of(asked.at_ms))
        if value:
            return self._named_by(holding, slot, value, asked)
        attribute = self._slots.get((domain, slot))
        if attribute is None:
            return None
        found = applied(applying(holding, self._said[1], asked.device_id, attribute))
        entity = self._default(found, slot)
        self.looked_up[asked.turn_id] = LookedUp(found.wanted, found.unwanted, entity)
        return entity

    def hear(self, until_ms: int | None = None) -> None:
        """Take in what was sent by then, or all of it."""
        for parcel in self.parcels:
            insort(self._waiting, parcel)
        self.parcels.clear()
        due = [one for one in self._waiting if until_ms is None or one[0] <= until_ms]
        if not due:
            return
        del self._waiting[: len(due)]
        records = [Delivered(self._offset + at, one[0], one[2], one[3]) for at, one in enumerate(due)]
        self._offset += len(records)
        for message in self._detect.process(records).messages:
            if message.topic.endswith(Preference.topic_suffix):
                self._keep(message.key or b"", message.value)

    def end(self) -> None:
        """Nobody says anything more."""
        self.hear()
        self._detect.idle(self._settings.dialogue_limit + timedelta(seconds=1))

    def _keep(self, key: bytes, value: bytes | None) -> None:
        if value is None:
            user, _, preference_id = key.decode().rpartition("/")
            self.book.forget(user, preference_id)
            self.stored = {turn: one for turn, one in self.stored.items() if one.event_id != preference_id}
            return
        one = PREFERENCE.validate_json(value)
        self.book.put(one, value)
        for turn_id in one.evidence_turn_ids:
            self.stored[turn_id] = one

    def _named_by(self, holding: list[Preference], slot: str, value: str, asked: Asked) -> str | None:
        if slot not in self._named:
            return None
        own = Attribute.OWN_NAME.value
        names = {plain(one.value): one for one in reversed(holding) if one.attribute == own}
        near = process.extractOne(plain(value), list(names), scorer=fuzz.ratio, score_cutoff=_ALIKE)
        found = names[near[0]] if near is not None else None
        entity = found.canonical_stands_for if found is not None else None
        if entity is not None or asked.turn_id not in self.looked_up:
            self.looked_up[asked.turn_id] = LookedUp(found, (), entity)
        return entity

    def _default(self, found: Applied, slot: str) -> str | None:
        if found.wanted is not None:
            return found.wanted.canonical_value
        if not found.unwanted:
            return None
        entries = self._pack.catalogue_of[slot].entries
        return next((one.entity for one in entries if one.entity not in found.unwanted), None)

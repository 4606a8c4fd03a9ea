"""All of Earshot that teaching needs, in memory: what devices send goes through `detect` into the book of `serve`, and
the simulated assistant asks that book before it answers."""

from bisect import insort
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final, NamedTuple, overload

from rapidfuzz import fuzz, process

from infra.settings import Settings
from models.preference.attributes import Attribute
from models.rewrite.entry import plain
from processors.holding import Applied, applied, applying
from processors.lessons import Lessons
from processors.read_back import ASKS, KEEPS
from processors.teachable import SURE, PreferenceFinder
from processors.teaching import answer, begin, in_words
from schemas.preference import PREFERENCE, Polarity, Preference, PreferenceStatus
from schemas.preference_outcome import PREFERENCE_OUTCOME, PreferenceOutcome
from streams.delivery import Committed
from streams.detect_partition import DetectPartition
from streams.serve.preference_book import PreferenceBook
from streams.simulator.closed_loop import Asked, ReadBack, Rewriting
from streams.simulator.fleet import time_of
from streams.simulator.pack import Pack
from streams.training.preference_simulated import belonging_of
from streams.training.preference_written import PACK_ATTRIBUTES

Parcel = tuple[int, str, bytes, bytes]
"""(sent at ms, event id, key, value), as a device hands it over."""


_ARTICLES: Final = frozenset({"the", "a", "an"})
_ALIKE: Final = 87.0
"""Similarity, of 100, from which on a misheard name is still that name; as in the catalogue."""


def bare(name: str) -> str:
    """A name in plain words without articles, which people and recognisers add and drop."""
    return " ".join(word for word in plain(name).split() if word not in _ARTICLES) or plain(name)


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
        self._lessons = Lessons(finder, belonging=belonging_of(pack))
        self._detect = DetectPartition(settings, 0, Committed(-1), lessons=self._lessons)
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
        self.outcomes: dict[tuple[str, str], PreferenceOutcome] = {}
        """whether an answer obeyed, as Earshot tells it, by its turn and the preference"""

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

    def read_back(self, text: str, question: str, asked: Asked) -> ReadBack | None:
        """What `detect` will make of the turn, said to the person."""
        heard = self._lessons.understood(text, [other for other, _ in asked.heard.n_best], question)
        if heard is None or heard.sensitive:
            return None
        named = replace(
            heard,
            value=self._called(heard.canonical_value, heard.value),
            stands_for=self._called(heard.canonical_stands_for, heard.stands_for),
        )
        asks = not heard.clear or heard.score < SURE
        return ReadBack(
            text=f"{in_words(named)}. {ASKS if asks else KEEPS}",
            asks=asks,
            value=named.value,
            polarity=1 if heard.polarity is Polarity.LIKE else -1,
            stands_for=named.stands_for,
            scope=heard.scope.value,
            person=heard.person,
            condition=heard.condition,
            time=heard.time,
        )

    def answer(self, text: str, stated: Asked, asked: Asked) -> None:
        """A yes, or what was taken for one, makes what waits count, by a teaching dialogue as `serve` holds it."""
        self.hear(asked.at_ms)
        pending = self.stored.get(stated.turn_id)
        if pending is None or pending.status is not PreferenceStatus.PENDING:
            return
        now = time_of(asked.at_ms)
        opened = begin(stated.turn_id, asked.user_id, now, pending=pending).dialogue
        said = answer(opened, text, lambda _text, _question: None, now)
        if said.preference is not None:
            self._keep(said.preference.key.encode(), said.preference.to_bytes())

    @overload
    def _called(self, entity: str | None, words: str) -> str: ...
    @overload
    def _called(self, entity: str | None, words: str | None) -> str | None: ...
    def _called(self, entity: str | None, words: str | None) -> str | None:
        return self._pack.entries[entity].name if entity is not None else words

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
            elif message.topic.endswith(PreferenceOutcome.topic_suffix):
                told = PREFERENCE_OUTCOME.validate_json(message.value or b"")
                self.outcomes[told.turn_id, told.preference_id] = told

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
        names = {bare(one.value): one for one in reversed(holding) if one.attribute == own}
        near = process.extractOne(bare(value), list(names), scorer=fuzz.ratio, score_cutoff=_ALIKE)
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

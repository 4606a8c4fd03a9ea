"""Whether answers do as people taught: what holds of a person when a turn begins, beside what its answer went by.

A turn shows it where the device tells, in its slots or as its result, a value that the request left open; or where the
request uses a person's own name for a thing. Every other turn shows nothing. What is told of a turn is a function of
the turn and of what was taught before it began.
"""

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Final

from rapidfuzz import fuzz

from processors.exchange import Exchange
from processors.holding import active, applying, plain
from processors.result import Emit
from schemas.contract import derived_id
from schemas.preference import PREFERENCE, Polarity, Preference
from schemas.preference_outcome import PreferenceOutcome
from schemas.turn import ResponseStatus, Slot
from schemas.wire import SlotOnWire

NAME: Final = "obeyed"
VERSION: Final = "1.0"
MOST: Final = 20_000
"""Preferences of a partition that are known; then those of who was not heard of for longest are let go."""

_OWN_NAME: Final = "own-name"
_ALIKE: Final = 87.0
_LOST: Final = frozenset({ResponseStatus.ASKED, ResponseStatus.NOT_UNDERSTOOD, ResponseStatus.UNSUPPORTED})

Judged = dict[tuple[str, str], PreferenceOutcome]
"""What was told of a dialogue's turns and holds, by turn and preference."""


class KnownPreferences:
    """What the people of a partition taught, by the last word on each preference; as JSON, which is small."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._people: OrderedDict[str, dict[str, bytes]] = OrderedDict()
        self._forgotten: OrderedDict[str, None] = OrderedDict()
        self._size = 0

    def __len__(self) -> int:
        return self._size

    def take(self, key: str, value: bytes | None) -> None:
        """A record of the topic of preferences; one without a value forgets. Raises ValueError for what is none."""
        if value is None:
            self._forgotten[key] = None
            if len(self._forgotten) > self._most:
                self._forgotten.popitem(last=False)
            self._keep(key, None)
            return
        user, _, preference_id = key.rpartition("/")
        known = self._people.get(user, {}).get(preference_id)
        revision = PREFERENCE.validate_json(value).revision
        if known is None or PREFERENCE.validate_json(known).revision <= revision:
            self._forgotten.pop(key, None)
            self._keep(key, value)

    def hear(self, emit: Emit) -> None:
        """A preference that was just heard. What was forgotten stays so: it may have been heard once before."""
        if emit.value is None:
            self._keep(emit.key, None)
        elif emit.key not in self._forgotten:
            self.take(emit.key, emit.value)

    def before(self, user_id: str, at: datetime) -> list[Preference]:
        """What a person had taught before `at` and holds then, the newest first."""
        held = self._people.get(user_id)
        if held is None:
            return []
        self._people.move_to_end(user_id)
        taught = [PREFERENCE.validate_json(raw) for raw in held.values()]
        return active([one for one in taught if max(one.occurred_at, one.valid_from) < at], at)

    def _keep(self, key: str, value: bytes | None) -> None:
        user, _, preference_id = key.rpartition("/")
        held = self._people.setdefault(user, {})
        self._size -= held.pop(preference_id, None) is not None
        if value is not None:
            held[preference_id] = value
            self._size += 1
        self._people.move_to_end(user)
        if not held:
            del self._people[user]
        while self._size > self._most:
            _, gone = self._people.popitem(last=False)
            self._size -= len(gone)


def outcomes_of(known: KnownPreferences, exchange: Exchange) -> list[tuple[Preference, bool]]:
    """The preferences that a request went by, and whether its answer did as they say."""
    if not exchange.slots and exchange.entity is None:
        return []
    holding = known.before(exchange.user_id, datetime.fromtimestamp(exchange.at, UTC))
    found: list[tuple[Preference, bool]] = []
    decided: set[str] = set()
    for one in applying(holding, exchange.request, exchange.device_id) if holding else ():
        if one.attribute in decided:
            continue
        names = one.attribute == _OWN_NAME
        obeyed = _own_name_obeyed(one, exchange) if names else _taste_obeyed(one, exchange)
        if obeyed is not None:
            found.append((one, obeyed))
        if one.polarity is Polarity.LIKE and not names:
            decided.add(one.attribute)
    return found


def judge(known: KnownPreferences, exchanges: Iterable[Exchange], judged: Judged, revision: int) -> Iterator[Emit]:
    """What these turns show that was not told yet; `judged` is brought up to date. What they no longer show is
    retracted. `revision`: events of the dialogue that are known."""
    for exchange in exchanges:
        now = {one.event_id: (one, obeyed) for one, obeyed in outcomes_of(known, exchange)}
        for place in [place for place in judged if place[0] == exchange.turn_id and place[1] not in now]:
            yield _emit(judged.pop(place).model_copy(update={"retracted": True, "revision": revision}))
        for preference_id, (preference, obeyed) in now.items():
            before = judged.get((exchange.turn_id, preference_id))
            if before is None or before.obeyed is not obeyed:
                told = judged[exchange.turn_id, preference_id] = _outcome(exchange, preference, obeyed, revision)
                yield _emit(told)


def _taste_obeyed(one: Preference, exchange: Exchange) -> bool | None:
    """Whether a value that the request left open is the one (of a dislike: is another); None: it does not show."""
    if exchange.status is not ResponseStatus.ANSWERED:
        return None
    about = [slot for slot in exchange.slots if _is_about(one, slot, exchange.facets.domain)]
    said = f" {plain(exchange.request)} "
    if any(f" {plain(slot.value)} " in said for slot in about):
        return None
    if about:
        given, wanted = about[0].entity, one.canonical_value
        same = given == wanted if given is not None and wanted is not None else _same_words(one, about[0])
    elif exchange.entity is not None and _alike_in_kind(one.canonical_value, exchange.entity):
        same = exchange.entity == one.canonical_value
    else:
        return None
    return same is (one.polarity is Polarity.LIKE)


def _own_name_obeyed(one: Preference, exchange: Exchange) -> bool | None:
    """Whether a person's own name for a thing was taken for that thing."""
    wanted = one.canonical_stands_for
    named = next((slot for slot in exchange.slots if fuzz.ratio(plain(slot.value), plain(one.value)) >= _ALIKE), None)
    if wanted is None or named is None:
        return None
    if _alike_in_kind(wanted, exchange.entity):
        return exchange.entity == wanted
    if exchange.status in _LOST:
        return False
    return named.entity == wanted if exchange.status is ResponseStatus.ANSWERED and named.entity else None


def _is_about(one: Preference, slot: Slot | SlotOnWire, domain: str | None) -> bool:
    if _alike_in_kind(one.canonical_value, slot.entity):
        return True
    return one.attribute.replace("-", "_") == slot.type.replace("-", "_") and one.domain in (None, domain)


def _same_words(one: Preference, slot: Slot | SlotOnWire) -> bool:
    return plain(one.value) == plain(slot.value)


def _alike_in_kind(one: str | None, other: str | None) -> bool:
    """Whether two entities are of one kind: where ids say it, that is what stands before the first colon."""
    if one is None or other is None:
        return False
    (kind, colon, _), (other_kind, _, _) = one.partition(":"), other.partition(":")
    return bool(colon) and kind == other_kind


def _outcome(exchange: Exchange, preference: Preference, obeyed: bool, revision: int) -> PreferenceOutcome:
    return PreferenceOutcome(
        event_id=derived_id(NAME, exchange.turn_id, preference.event_id),
        occurred_at=datetime.fromtimestamp(exchange.at, UTC),
        preference_id=preference.event_id,
        user_id=exchange.user_id,
        turn_id=exchange.turn_id,
        attribute=preference.attribute,
        obeyed=obeyed,
        detector=f"{NAME}/{VERSION}",
        revision=revision,
    )


def _emit(outcome: PreferenceOutcome) -> Emit:
    return Emit(outcome.user_id, PreferenceOutcome.topic_suffix, outcome.to_bytes())

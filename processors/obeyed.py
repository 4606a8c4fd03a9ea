"""Whether answers do as people taught: what holds of a person when a turn begins, beside what its answer went by.

A turn shows it where the device tells, in its slots or as its result, a value that the request left open, or a result
of which the catalogue says what it is; where the assistant asks back for what it was taught, and is told so; or where
the request uses a person's own name for a thing. Every other turn shows nothing. What is told of a turn is a function
of the turn, its neighbours in the dialogue and what was taught before it began.
"""

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from math import ceil
from typing import Final

from rapidfuzz import fuzz

from processors.exchange import Exchange
from processors.forgotten import ForgottenUntil
from processors.holding import active, applying, plain
from processors.lessons import Belonging
from processors.result import Emit
from schemas.contract import derived_id
from schemas.preference import PREFERENCE, Polarity, Preference
from schemas.preference_outcome import PreferenceOutcome
from schemas.turn import ResponseStatus, Slot
from schemas.wire import SlotOnWire

NAME: Final = "obeyed"
VERSION: Final = "1.1"
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
        self._forgotten_people = ForgottenUntil(most)
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
        told = PREFERENCE.validate_json(value)
        if self._forgotten_people.covers(user, told.occurred_at.timestamp() * 1000):
            return
        if known is None or PREFERENCE.validate_json(known).revision <= told.revision:
            self._forgotten.pop(key, None)
            self._keep(key, value)

    def hear(self, emit: Emit) -> None:
        """A preference that was just heard. What was forgotten stays so: it may have been heard once before."""
        if emit.value is None:
            self._keep(emit.key, None)
        elif emit.key not in self._forgotten:
            self.take(emit.key, emit.value)

    def forget(self, user_id: str, at: datetime) -> None:
        """Drop what a person taught up to `at`, also what comes of it later."""
        self._forgotten_people.add(user_id, ceil(at.timestamp() * 1000))
        for preference_id, raw in list(self._people.get(user_id, {}).items()):
            if PREFERENCE.validate_json(raw).occurred_at <= at:
                self._keep(f"{user_id}/{preference_id}", None)

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


def outcomes_of(
    known: KnownPreferences, exchanges: Sequence[Exchange], place: int, belonging: Belonging
) -> list[tuple[Preference, bool]]:
    """The preferences that the request at a place of a dialogue went by, and whether its answer did as they say."""
    exchange = exchanges[place]
    if not exchange.slots and exchange.entity is None and not exchange.asked:
        return []
    holding = known.before(exchange.user_id, datetime.fromtimestamp(exchange.at, UTC))
    found: list[tuple[Preference, bool]] = []
    decided: set[str] = set()
    for one in applying(holding, exchange.request, exchange.device_id) if holding else ():
        if one.attribute in decided:
            continue
        names = one.attribute == _OWN_NAME
        obeyed = _own_name_obeyed(one, exchange) if names else _taste_obeyed(one, exchanges, place, belonging)
        if obeyed is not None:
            found.append((one, obeyed))
        if one.polarity is Polarity.LIKE and not names:
            decided.add(one.attribute)
    return found


def judge(
    known: KnownPreferences,
    exchanges: Sequence[Exchange],
    arrived: Exchange | None,
    judged: Judged,
    revision: int,
    belonging: Belonging,
) -> Iterator[Emit]:
    """What the turns of a dialogue show that was not told yet; `judged` is brought up to date. What they no longer show
    is retracted. `arrived`: the turn that is new, which may tell of the one before it and of those after it; None: any
    may tell something else by now. `revision`: events of the dialogue that are known."""
    for at in range(_first_changed(exchanges, arrived), len(exchanges)):
        exchange = exchanges[at]
        now = {one.event_id: (one, obeyed) for one, obeyed in outcomes_of(known, exchanges, at, belonging)}
        for place in [place for place in judged if place[0] == exchange.turn_id and place[1] not in now]:
            yield _emit(judged.pop(place).model_copy(update={"retracted": True, "revision": revision}))
        for preference_id, (preference, obeyed) in now.items():
            before = judged.get((exchange.turn_id, preference_id))
            if before is None or before.obeyed is not obeyed:
                told = judged[exchange.turn_id, preference_id] = _outcome(exchange, preference, obeyed, revision)
                yield _emit(told)


def _first_changed(exchanges: Sequence[Exchange], arrived: Exchange | None) -> int:
    if arrived is None:
        return 0
    place = len(exchanges) - 1 if exchanges[-1] is arrived else exchanges.index(arrived)
    return max(place - 1, 0)


def _taste_obeyed(one: Preference, exchanges: Sequence[Exchange], place: int, belonging: Belonging) -> bool | None:
    """Whether a value that the request left open is the one (of a dislike: is another); None: it does not show."""
    exchange = exchanges[place]
    about = _about(one, exchange)
    if exchange.asked:
        return False if not about and _is_told(one, exchanges[place + 1 : place + 2]) else None
    if exchange.status is not ResponseStatus.ANSWERED:
        return None
    said = f" {plain(exchange.request)} "
    if any(f" {plain(slot.value)} " in said for slot in about):
        return None
    if about:
        given, wanted = about[0].entity, one.canonical_value
        same = given == wanted if given is not None and wanted is not None else _same_words(one, about[0])
    elif exchange.entity is not None and _alike_in_kind(one.canonical_value, exchange.entity):
        same = exchange.entity == one.canonical_value
    else:
        is_a = [kind for kind in belonging.get(exchange.entity or "", ()) if _alike_in_kind(one.canonical_value, kind)]
        if not is_a or not _was_left_open(one, exchanges[: place + 1], belonging):
            return None
        same = one.canonical_value in is_a
    return same is (one.polarity is Polarity.LIKE)


def _was_left_open(one: Preference, exchanges: Sequence[Exchange], belonging: Belonging) -> bool:
    """Whether the result of the last of these turns is new, and nobody named it, its like or its kind before."""
    result = exchanges[-1].entity
    for exchange in exchanges:
        if exchange is not exchanges[-1] and (exchange.entity == result or _about(one, exchange)):
            return False
        for slot in exchange.slots:
            kinds = belonging.get(slot.entity or "", ())
            if slot.entity == result or any(_alike_in_kind(one.canonical_value, kind) for kind in kinds):
                return False
    return True


def _is_told(one: Preference, following: Sequence[Exchange]) -> bool:
    """Whether the next turn says what the assistant could have known."""
    if one.polarity is not Polarity.LIKE or one.canonical_value is None:
        return False
    return any(slot.entity == one.canonical_value for exchange in following for slot in _about(one, exchange))


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


def _about(one: Preference, exchange: Exchange) -> list[Slot | SlotOnWire]:
    return [slot for slot in exchange.slots if _is_about(one, slot, exchange.facets.domain)]


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

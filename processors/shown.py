"""What people show without saying it: who keeps choosing the same thing may want it taken for granted.

Only ever a question: what is shown waits for a yes (`Explicitness.SHOWN`, pending) and fades. Choices are counted in
memory from when a worker takes a partition over: a restart begins to count anew, which makes a question come later, and
never twice, as its id is that of the person and the choice. Whom a person calls, what they buy or lock is nobody's
taste: where nothing is ever rewritten, nothing is inferred either.
"""

from collections import Counter, OrderedDict
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from processors.exchange import Exchange
from processors.interpretation import StateParts
from processors.rewrite_guard import PERSONAL_SLOTS, denied
from schemas.contract import derived_id
from schemas.feedback import FeedbackEvent
from schemas.preference import Explicitness, Preference, PreferenceSource, PreferenceStatus
from schemas.turn import ResponseStatus

NAME: Final = "shown"
VERSION: Final = "1.0"
DIALOGUES: Final = 5
"""In how many dialogues something has to be chosen."""
SHARE: Final = 0.8
"""Of all that was chosen for the same, how much it has to be."""
_MOST_PEOPLE: Final = 50_000
_MOST_CHOICES: Final = 64
_MOST_LETTERS: Final = 256

Place = tuple[str, str]
"""Domain and slot."""


class Shown:
    """Counts what each person chooses, dialogue by dialogue; who has not been heard of for longest is forgotten."""

    def __init__(self, consent_version: str) -> None:
        self._consent_version = consent_version
        self._people: OrderedDict[str, dict[Place, Counter[str]]] = OrderedDict()
        self._told: set[str] = set()

    def closed(self, exchanges: Sequence[Exchange], signals: Sequence[FeedbackEvent]) -> Preference | None:
        """Take a dialogue that is over; what it shows by now, told once."""
        went_wrong = {one.turn_id for one in signals}
        chosen: dict[Place, tuple[str, str, Exchange]] = {}
        for exchange in exchanges:
            domain = exchange.facets.domain
            if domain is None or exchange.status is not ResponseStatus.ANSWERED or exchange.turn_id in went_wrong:
                continue
            if denied(StateParts(domain, exchange.facets.intent or "", ())) is not None:
                continue
            for slot in exchange.slots:
                if slot.type in PERSONAL_SLOTS:
                    continue
                if slot.entity is not None and 0 < len(slot.value) <= _MOST_LETTERS:
                    chosen[domain, slot.type] = slot.entity, slot.value, exchange
        if not chosen:
            return None
        counts = self._of(exchanges[0].user_id)
        found: Preference | None = None
        for place, (entity, value, exchange) in chosen.items():
            counted = counts.setdefault(place, Counter())
            counted[entity] += 1
            if counted[entity] >= DIALOGUES and counted[entity] >= SHARE * counted.total():
                found = found or self._preference(place, entity, value, exchange, counted)
        return found

    def _of(self, user_id: str) -> dict[Place, Counter[str]]:
        counts = self._people.setdefault(user_id, {})
        self._people.move_to_end(user_id)
        if len(counts) > _MOST_CHOICES:
            counts.clear()
        if len(self._people) > _MOST_PEOPLE:
            self._people.popitem(last=False)
        return counts

    def _preference(
        self, place: Place, entity: str, value: str, exchange: Exchange, counted: Counter[str]
    ) -> Preference | None:
        preference_id = derived_id(NAME, exchange.user_id, *place, entity)
        if preference_id in self._told:
            return None
        if len(self._told) >= _MOST_PEOPLE:
            self._told.clear()
        self._told.add(preference_id)
        at = datetime.fromtimestamp(exchange.at, UTC)
        domain, slot = place
        return Preference(
            event_id=preference_id,
            occurred_at=at,
            user_id=exchange.user_id,
            device_id=exchange.device_id,
            dialogue_id=exchange.dialogue_id,
            evidence_turn_ids=(exchange.turn_id,),
            domain=domain,
            attribute=slot,
            value=value,
            canonical_value=entity,
            valid_from=at,
            status=PreferenceStatus.PENDING,
            confidence=round(counted[entity] / counted.total(), 4),
            source=PreferenceSource.INFERRED,
            explicitness=Explicitness.SHOWN,
            consent_version=self._consent_version,
            detector=f"{NAME}/{VERSION}",
        )

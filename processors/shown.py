"""What people show without saying it: who keeps choosing the same thing may want it taken for granted.

Only ever a question: what is shown waits for a yes (`Explicitness.SHOWN`, pending) and fades. Choices are kept on a
topic of their own, with what was asked about, so that a restart neither begins to count anew nor asks twice. Whom a
person calls, what they buy or lock is nobody's taste: where nothing is ever rewritten, nothing is inferred either.
"""

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from processors.choices import Choice, KnownChoices, OfPerson, Place, counted, instant, mark_of
from processors.exchange import Exchange
from processors.interpretation import StateParts
from processors.rewrite_guard import PERSONAL_SLOTS, denied
from schemas.choices import Choices
from schemas.contract import derived_id
from schemas.feedback import FeedbackEvent
from schemas.preference import Explicitness, Preference, PreferenceSource, PreferenceStatus
from schemas.turn import ResponseStatus

NAME: Final = "shown"
VERSION: Final = "1.1"
DIALOGUES: Final = 5
"""In how many dialogues something has to be chosen."""
SHARE: Final = 0.8
"""Of the last that was chosen for the same, how much it has to be."""
_MOST_LETTERS: Final = 256

Chosen = dict[Place, tuple[str, str, Exchange]]
"""Entity, words and turn of what a dialogue settled on."""


class ShownBy(NamedTuple):
    """What a dialogue changed: the person's choices as they are kept now, and what they show by now, told once."""

    choices: Choices | None = None
    preference: Preference | None = None


class Shown:
    """Counts what each person chooses, dialogue by dialogue."""

    def __init__(self, consent_version: str, known: KnownChoices | None = None) -> None:
        """`known`: what these people chose before."""
        self._consent_version = consent_version
        self._known = known if known is not None else KnownChoices()

    def closed(
        self,
        dialogue_id: str,
        exchanges: Sequence[Exchange],
        signals: Sequence[FeedbackEvent],
        sensitive: Callable[[str], bool],
    ) -> ShownBy:
        """Take a dialogue that is over; one that was taken before changes nothing. What is `sensitive` is not kept."""
        user = exchanges[0].user_id
        went_wrong = {one.turn_id for one in signals}
        settled = _chosen([one for one in exchanges if self._known.counts(user, one.at)], went_wrong)
        chosen = {place: one for place, one in settled.items() if not sensitive(one[1])}
        if not chosen:
            return ShownBy()
        person, mark = self._known.of(user), mark_of(dialogue_id)
        changed = False
        found: Preference | None = None
        for place, (entity, value, exchange) in chosen.items():
            changed |= person.add(place, Choice(mark, entity))
            found = found or self._preference(person, place, entity, value, exchange)
        if found is not None:
            person.note_asked(found.event_id)
        elif not changed:
            return ShownBy()
        return ShownBy(self._known.record(user, instant(exchanges[-1].at)), found)

    def _preference(
        self, person: OfPerson, place: Place, entity: str, value: str, exchange: Exchange
    ) -> Preference | None:
        choices = person.places[place]
        times = counted(choices).get(entity, 0)
        if times < DIALOGUES or times < SHARE * len(choices):
            return None
        preference_id = derived_id(NAME, exchange.user_id, *place, entity)
        if preference_id in person.asked:
            return None
        domain, slot = place
        at = instant(exchange.at)
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
            confidence=round(times / len(choices), 4),
            source=PreferenceSource.INFERRED,
            explicitness=Explicitness.SHOWN,
            consent_version=self._consent_version,
            detector=f"{NAME}/{VERSION}",
        )


def _chosen(exchanges: Sequence[Exchange], went_wrong: set[str]) -> Chosen:
    chosen: Chosen = {}
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
    return chosen

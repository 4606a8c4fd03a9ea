"""What a turn teaches: a preference that a person states, kept at once, or asked about first where it is not clear."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple, Protocol

from processors.exchange import Exchange
from processors.validity import ends_at, in_local_time
from schemas.contract import derived_id
from schemas.preference import (
    Explicitness,
    Polarity,
    Preference,
    PreferenceScope,
    PreferenceSource,
    PreferenceStatus,
)

NAME: Final = "preference"
SURE: Final = 0.8
"""Score from which on a statement is kept without asking back."""


class StatementCase(NamedTuple):
    """A turn that may state a preference, with what the assistant said before it."""

    text: str
    question: str


@dataclass(frozen=True, slots=True)
class Heard:
    """A preference as a turn states it. `clear`: what it stands for is known; `sensitive`: nothing of it is kept."""

    attribute: str
    value: str
    score: float
    polarity: Polarity = Polarity.LIKE
    canonical_value: str | None = None
    stands_for: str | None = None
    canonical_stands_for: str | None = None
    scope: PreferenceScope = PreferenceScope.USER
    person: str | None = None
    condition: str | None = None
    time: str | None = None
    clear: bool = True
    sensitive: bool = False


class PreferenceFinder(Protocol):
    """Understands statements. What it says of one case never depends on the others it is asked about."""

    version: str

    def passes(self, text: str) -> bool:
        """Whether a turn is worth a closer look; asked of every turn, so it has to be quick."""
        ...

    def offers(self, text: str) -> bool:
        """Whether the person offers to be asked what to remember; asked of every turn too."""
        ...

    def sensitive(self, text: str) -> bool:
        """Whether nothing of these words may be kept."""
        ...

    def find(self, cases: Sequence[StatementCase]) -> Sequence[Heard | None]:
        """What each turn states; None where it states nothing."""
        ...


def preference_of(heard: Heard, exchange: Exchange, version: str, consent_version: str, revision: int) -> Preference:
    """The record of a statement. A clear one is active at once, an unclear one waits for an answer.

    The same turn gives the same `event_id`; `revision` tells how much of the dialogue was known.
    """
    return record_of(
        heard,
        in_local_time(datetime.fromtimestamp(exchange.at, UTC), exchange.local_time),
        event_id=derived_id(NAME, exchange.user_id, exchange.turn_id),
        user_id=exchange.user_id,
        device_id=exchange.device_id,
        dialogue_id=exchange.dialogue_id,
        evidence_turn_ids=(exchange.turn_id,),
        domain=exchange.facets.domain,
        status=PreferenceStatus.ACTIVE if heard.clear and heard.score >= SURE else PreferenceStatus.PENDING,
        confidence=heard.score,
        source=PreferenceSource.STATEMENT,
        explicitness=Explicitness.STATED,
        consent_version=consent_version,
        detector=f"{NAME}/{version}",
        revision=revision,
    )


def record_of(heard: Heard, at: datetime, **circumstances: Any) -> Preference:
    """A preference as it was understood, valid from `at`, in the person's time zone where it is known; `circumstances`:
    the other fields of the record."""
    return Preference(
        occurred_at=at.astimezone(UTC),
        attribute=heard.attribute,
        value=heard.value,
        canonical_value=heard.canonical_value,
        polarity=heard.polarity,
        stands_for=heard.stands_for,
        canonical_stands_for=heard.canonical_stands_for,
        scope=heard.scope,
        person=heard.person,
        condition=heard.condition,
        time=heard.time,
        valid_from=at.astimezone(UTC),
        valid_to=ends_at(heard.time, at).astimezone(UTC) if heard.time is not None else None,
        **circumstances,
    )


def question_of(preference: Preference) -> str:
    """What to ask about a preference that waits."""
    if preference.source is PreferenceSource.INFERRED:
        about = preference.attribute.replace("_", " ").replace("-", " ")
        return f"You often choose {preference.value}. Shall I take it when you don't say which {about} you want?"
    if preference.attribute == "own-name" and preference.canonical_stands_for is None:
        if preference.stands_for is None:
            return f"What is {preference.value}?"
        return f"I don't know a {preference.stands_for}. Which one do you mean by {preference.value}?"
    liked = "like" if preference.polarity is Polarity.LIKE else "don't like"
    if preference.canonical_value is None and preference.confidence >= SURE:
        return f"I don't know {preference.value} yet. What is it?"
    return f"Shall I remember that you {liked} {preference.value}?"

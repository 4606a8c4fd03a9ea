"""What a turn teaches: preferences that people state, kept at once, or asked about first where they are not clear."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

from processors.exchange import Exchange
from processors.validity import ends_at
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
ASKS_EVERY: Final = timedelta(days=1)
"""A person is asked at most once in so long."""
SURE: Final = 0.8
"""Score from which on a statement is kept without asking back."""


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
    """Understands statements."""

    version: str

    def find(self, turns: Sequence[tuple[str, str]]) -> Sequence[Heard | None]:
        """Of each (request, what the assistant said before it), what it states; None where it states nothing."""


@dataclass(frozen=True, slots=True)
class Question:
    """What to ask a person so that a pending preference can be kept."""

    preference_id: str
    turn_id: str
    text: str


@dataclass(frozen=True, slots=True)
class Person:
    """What is known of who speaks. `asked_at`: when a question was last asked; `known`: preferences that hold."""

    user_id: str
    device_id: str
    dialogue_id: str
    consent_version: str
    asked_at: datetime | None = None
    known: tuple[Preference, ...] = ()


@dataclass(frozen=True, slots=True)
class Taught:
    """What a dialogue taught: preferences in the order of their turns, with those that they take the place of, and at
    most one question."""

    preferences: tuple[Preference, ...]
    question: Question | None


def taught_in(exchanges: Sequence[Exchange], person: Person, finder: PreferenceFinder) -> Taught:
    """The preferences of one dialogue in event-time order. The same dialogue gives the same events again.

    A clear statement is active at once and supersedes what contradicts it. An unclear one waits for an answer; its
    question is asked unless the person was asked within `ASKS_EVERY`. What is sensitive leaves nothing at all.
    """
    asked = [exchange for exchange in exchanges if exchange.request]
    before = _answers_before(exchanges)
    heard = finder.find([(exchange.request, before[exchange.turn_id]) for exchange in asked])
    holding = {one.event_id: one for one in person.known if one.status is PreferenceStatus.ACTIVE}
    said: dict[str, Preference] = {}
    question: Question | None = None
    for exchange, one in zip(asked, heard, strict=True):
        if one is None or one.sensitive:
            continue
        made = _preference(one, exchange, person, finder.version)
        if made.status is PreferenceStatus.PENDING:
            if question is None and _may_ask(person.asked_at, made.occurred_at):
                question = Question(made.event_id, exchange.turn_id, question_of(one))
        elif (old := _contradicted(made, holding.values())) is not None:
            made = made.model_copy(update={"supersedes": old.event_id})
            said[old.event_id] = old.model_copy(
                update={
                    "status": PreferenceStatus.SUPERSEDED,
                    "occurred_at": made.occurred_at,
                    "revision": old.revision + 1,
                }
            )
            del holding[old.event_id]
        if made.status is PreferenceStatus.ACTIVE:
            holding[made.event_id] = made
        said[made.event_id] = made
    return Taught(tuple(said.values()), question)


def question_of(heard: Heard) -> str:
    """What to ask about a statement that is not clear."""
    if heard.stands_for is not None and heard.canonical_stands_for is None:
        return f"I don't know a {heard.stands_for}. Which one do you mean by {heard.value}?"
    liked = "like" if heard.polarity is Polarity.LIKE else "don't like"
    if not heard.clear:
        return f"I don't know {heard.value} yet. What is it?"
    return f"Shall I remember that you {liked} {heard.value}?"


def _preference(heard: Heard, exchange: Exchange, person: Person, version: str) -> Preference:
    at = datetime.fromtimestamp(exchange.at, UTC)
    kept = heard.clear and heard.score >= SURE
    return Preference(
        event_id=derived_id(NAME, person.user_id, exchange.turn_id, heard.attribute, heard.value.lower()),
        occurred_at=at,
        user_id=person.user_id,
        device_id=person.device_id,
        dialogue_id=person.dialogue_id,
        evidence_turn_ids=(exchange.turn_id,),
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
        valid_from=at,
        valid_to=ends_at(heard.time, at) if heard.time is not None else None,
        status=PreferenceStatus.ACTIVE if kept else PreferenceStatus.PENDING,
        confidence=heard.score,
        source=PreferenceSource.STATEMENT,
        explicitness=Explicitness.STATED,
        consent_version=person.consent_version,
        detector=f"{NAME}/{version}",
    )


def _contradicted(made: Preference, holding: Iterable[Preference]) -> Preference | None:
    """The preference whose place a later one takes: about the same, of the same person and for the same case.

    Of something else a like takes the place of a like, as a default can only be one; a dislike leaves others alone.
    """
    if made.valid_to is not None:
        return None  # what holds for a time covers what holds for good, and ends
    for old in holding:
        about = (old.attribute, old.scope, old.person, old.condition)
        if about != (made.attribute, made.scope, made.person, made.condition):
            continue
        same = (old.canonical_value or old.value.lower()) == (made.canonical_value or made.value.lower())
        both_liked = old.polarity is made.polarity is Polarity.LIKE
        if same or (both_liked and made.stands_for is None):
            return old
    return None


def _may_ask(asked_at: datetime | None, at: datetime) -> bool:
    return asked_at is None or at - asked_at >= ASKS_EVERY


def _answers_before(exchanges: Sequence[Exchange]) -> dict[str, str]:
    answers = ["", *(exchange.response_text or "" for exchange in exchanges)]
    return {exchange.turn_id: answer for exchange, answer in zip(exchanges, answers, strict=False)}

"""What is known of one person: shown, taught, forgotten. A change is on the broker, and seen here, when it returns."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Final, Protocol

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from models.preference.sensitive import sensitive_category
from models.rewrite.entry import Entry, plain
from models.rewrite.index import RewriteIndex
from processors.holding import applying
from processors.lessons import CONSENT_VERSION
from processors.teaching import Understand
from processors.validity import ends_at, in_local_time
from schemas.contract import Id, Instant, Score, derived_id
from schemas.preference import (
    Explicitness,
    Polarity,
    Preference,
    PreferenceScope,
    PreferenceSource,
    PreferenceStatus,
    Words,
)
from streams.serve.preference_book import PreferenceBook
from streams.serve.table_writer import TableWriter
from streams.serve.teaching_dialogues import LocalTime, TeachingDialogues

TAUGHT_BY: Final = "http/1"

_WORDS: Final = ("attribute", "value", "canonical_value", "stands_for", "person", "condition", "time")


class Teaching(BaseModel):
    """A preference that a person states outright."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    attribute: Annotated[str, StringConstraints(min_length=1, max_length=64)]
    value: Words
    polarity: Polarity = Polarity.LIKE
    domain: Annotated[str, StringConstraints(min_length=1, max_length=64)] | None = None
    canonical_value: Words | None = None
    stands_for: Words | None = Field(None, description="of an own name: the thing that it names")
    scope: PreferenceScope = PreferenceScope.USER
    person: Words | None = Field(None, description="with scope person: who")
    condition: Words | None = None
    time: Words | None = None
    valid_to: Instant | None = None
    local_time: LocalTime | None = Field(None, description="HH:MM where the person is, by which `time` ends; else UTC")
    device_id: Id | None = None
    consent_version: Annotated[str, StringConstraints(min_length=1, max_length=32)] | None = Field(
        None, description="of the terms that the person agreed to; none: those of EARSHOT_CONSENT_VERSION"
    )


class OwnRewrite(BaseModel):
    """A rewrite that is only this person's."""

    rewrite_id: Id
    source_texts: tuple[str, ...]
    target_text: str
    last_seen: Instant
    blocked_because: str | None = None


class Known(BaseModel):
    """All that is held of a person here."""

    user_id: Id
    preferences: int
    rewrites: tuple[OwnRewrite, ...]


class Sensitive(ValueError):
    """Something that is never stored, whoever asks for it."""

    def __init__(self, field: str, category: str) -> None:
        super().__init__(f"nothing about {category} is ever stored")
        self.field = field


class Forgotten(BaseModel):
    """What was dropped."""

    preferences: int
    rewrites: int


class RankedPreference(BaseModel):
    """A preference. Where a request was given: how relevant it is, and whether the request goes by it, as one for
    dinner, or of a daughter, goes only with a request that says so."""

    preference: Preference
    score: Score | None = None
    applies: bool | None = None


class Relevance(Protocol):
    """Which preferences matter for a request."""

    def __call__(self, request: str, preferences: Sequence[Preference], most: int) -> list[tuple[Preference, float]]:
        """At most `most`, the most relevant first, with scores in [0, 1]; none where none matters."""


class People:
    """Reads from memory; writes to the topics first and to memory then. What writes may wait for the broker."""

    def __init__(
        self,
        index: RewriteIndex,
        book: PreferenceBook,
        writer: TableWriter,
        relevance: Relevance,
        understand: Understand = lambda _text, _question: None,
        key: bytes = b"",
        consent_version: str = CONSENT_VERSION,
    ) -> None:
        """`understand`: what the words of a teaching dialogue state; the rest: see `TeachingDialogues`."""
        self._index = index
        self._book = book
        self._writer = writer
        self._relevance = relevance
        self.dialogues = TeachingDialogues(self.keep, self.preference, understand, key, consent_version)
        self._consent_version = consent_version
        self.forgotten = 0
        """people whose data may still lie in a snapshot"""

    def known(self, user_id: str) -> Known | None:
        """What is held, or None for an id of which nothing is."""
        own = self._index.of_user(user_id)
        preferences = self._book.of(user_id)
        if not own and not preferences:
            return None
        return Known(user_id=user_id, preferences=len(preferences), rewrites=tuple(map(_own, own)))

    def preferences(self, user_id: str) -> list[Preference] | None:
        """A person's, the newest first, with the status that each has now; None for an id of which nothing is held."""
        held = self._book.of(user_id)
        return held if held or self._index.of_user(user_id) else None

    def preference(self, user_id: str, preference_id: str) -> Preference | None:
        """One of a person's, with the status that it has now; None for an id that is not this person's."""
        return next((one for one in self._book.of(user_id) if one.event_id == preference_id), None)

    def relevant(
        self, request: str, preferences: Sequence[Preference], most: int, device_id: str | None = None
    ) -> list[RankedPreference]:
        """Those that hold now and matter for a request; first what it goes by, the most relevant first."""
        holding = [one for one in preferences if one.status is PreferenceStatus.ACTIVE]
        going = {one.event_id for one in applying(holding, request, device_id)}
        found = [
            RankedPreference(preference=one, score=score, applies=one.event_id in going)
            for one, score in self._relevance(request, holding, len(holding))
        ]
        return sorted(found, key=lambda one: not one.applies)[:most]

    def defaults(
        self, attribute: str, preferences: Sequence[Preference], request: str = "", device_id: str | None = None
    ) -> list[RankedPreference]:
        """What a request goes by of one attribute, the most particular first, then the newest: its first like is what
        to take for granted."""
        holding = [one for one in preferences if one.status is PreferenceStatus.ACTIVE]
        going = applying(holding, request, device_id, attribute)
        return [RankedPreference(preference=one, applies=True) for one in going]

    def teach(self, user_id: str, taught: Teaching) -> Preference:
        """Store what was stated. The same thing stated again, or its contrary, takes the place of what was known of it.
        Raises pydantic's `ValidationError` where parts contradict each other, `Sensitive` and `BrokerUnavailable`."""
        refuse_sensitive(taught)
        now = datetime.now(UTC)
        if taught.time is not None and taught.valid_to is None:
            ends = ends_at(taught.time, in_local_time(now, taught.local_time)).astimezone(UTC)
            taught = taught.model_copy(update={"valid_to": ends})
        about = (taught.attribute, plain(taught.value), taught.scope, taught.person or "", taught.condition or "")
        preference_id = derived_id("taught-over-http", user_id, *about)
        known = self._book.one(user_id, preference_id)
        stated = taught.model_dump(exclude={"local_time"})
        preference = Preference(
            event_id=preference_id,
            occurred_at=now,
            user_id=user_id,
            valid_from=now,
            status=PreferenceStatus.ACTIVE,
            confidence=1.0,
            source=PreferenceSource.CUSTOMER_INITIATED,
            explicitness=Explicitness.STATED,
            detector=TAUGHT_BY,
            revision=known.revision + 1 if known is not None else 0,
            **stated | {"consent_version": taught.consent_version or self._consent_version},
        )
        self.keep(preference)
        return preference

    def keep(self, preference: Preference) -> None:
        """Put a preference on the topic and into memory. Raises `BrokerUnavailable`."""
        self._writer.put_preference(preference)
        self._book.put(preference, preference.to_bytes())

    def forget_preference(self, user_id: str, preference_id: str) -> bool:
        """Drop one; False for an id that is not this person's. Raises `BrokerUnavailable`."""
        if self._book.one(user_id, preference_id) is None:
            return False
        self._writer.remove_preferences(user_id, [preference_id])
        self._book.forget(user_id, preference_id)
        self.forgotten += 1
        return True

    def forget_preferences(self, user_id: str) -> int:
        """Drop all preferences of a person; how many there were. Raises `BrokerUnavailable`."""
        ids = [one.event_id for one in self._book.of(user_id)]
        self._writer.remove_preferences(user_id, ids)
        self._book.forget_all(user_id)
        self.dialogues.forget(user_id)
        self.forgotten += bool(ids)
        return len(ids)

    def forget(self, user_id: str) -> Forgotten | None:
        """Drop everything here, and have it dropped wherever else something is kept; None for an id of which nothing is
        held here. Raises `BrokerUnavailable`."""
        own, taught = self._index.of_user(user_id), [one.event_id for one in self._book.of(user_id)]
        self._writer.tell_forgotten(user_id, TAUGHT_BY)  # from here on the topic may be faster than what follows
        self._writer.remove_choices(user_id)
        self._writer.remove_rewrites([entry.key for entry in own], user_id)
        self._writer.remove_trials([entry.rewrite_id for entry in own])
        self._writer.remove_preferences(user_id, taught)
        self._book.forget_person(user_id, datetime.now(UTC))
        self._index.forget(user_id)
        self.dialogues.forget(user_id)
        if not own and not taught:
            return None
        self.forgotten += 1
        return Forgotten(preferences=len(taught), rewrites=len(own))


def refuse_sensitive(taught: Teaching) -> None:
    """Raises `Sensitive` for what is never stored, in one of its parts or in all of them together."""
    for field in _WORDS:
        category = sensitive_category(getattr(taught, field) or "")
        if category is not None:
            raise Sensitive(field, category)
    category = sensitive_category(" ".join(getattr(taught, field) or "" for field in _WORDS))
    if category is not None:
        raise Sensitive("value", category)


def _own(entry: Entry) -> OwnRewrite:
    return OwnRewrite(
        rewrite_id=entry.rewrite_id,
        source_texts=entry.sources,
        target_text=entry.said,
        last_seen=datetime.fromtimestamp(entry.last_seen_ms / 1000, UTC),
        blocked_because=entry.blocked_because,
    )

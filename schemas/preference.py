"""What a person taught: one record a preference, stored until the person takes it back."""

from enum import StrEnum
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, StringConstraints, TypeAdapter, model_validator

from schemas.contract import Event, Id, Instant, Score

Words = Annotated[str, StringConstraints(min_length=1, max_length=256)]
"""A part of what a person said."""


class Polarity(StrEnum):
    """Whether it is wanted or not."""

    LIKE = "like"
    DISLIKE = "dislike"


class PreferenceScope(StrEnum):
    """Whose preference it is."""

    USER = "user"
    HOUSEHOLD = "household"
    PERSON = "person"  # somebody else whom the user named: "my daughter likes ..."
    DEVICE = "device"


class PreferenceSource(StrEnum):
    """How it came to be known."""

    CUSTOMER_INITIATED = "customer-initiated"  # "learn my preferences", or taught over HTTP
    SYSTEM_INITIATED = "system-initiated"  # the assistant asked at a teachable moment
    STATEMENT = "statement"  # said in passing
    INFERRED = "inferred"  # shown by what the person did


class Explicitness(StrEnum):
    """How plainly the person said it, from the weakest to the strongest."""

    SHOWN = "shown"
    STATED = "stated"
    CONFIRMED = "confirmed"


class PreferenceStatus(StrEnum):
    """Whether it holds."""

    PENDING = "pending"  # waits for a yes, or for what its value stands for
    ACTIVE = "active"
    SUPERSEDED = "superseded"  # a later one took its place
    REVOKED = "revoked"  # the person said no, or took it back
    EXPIRED = "expired"


class Preference(Event):
    """One preference of one person; `event_id` is its id and stays the same over its revisions.

    The topic is compacted by `key`, so its last revision is kept, and a record without a value forgets it. Records go
    to the partition of `user_id`.
    """

    topic_suffix: ClassVar[str] = "preferences.v1"

    type: Literal["preference"] = "preference"
    user_id: Id
    device_id: Id | None = Field(None, description="where it was said; with scope device, where it holds")
    dialogue_id: Id | None = None
    evidence_turn_ids: tuple[Id, ...] = Field((), description="the turns it rests on; none when taught over HTTP")
    domain: str | None = None
    attribute: str = Field(min_length=1, description="what it is about, such as music-genre or own-name")
    value: Words = Field(description="in the person's words")
    canonical_value: str | None = Field(None, description="the catalogue's entity; none where it has none")
    polarity: Polarity = Polarity.LIKE
    stands_for: Words | None = Field(None, description="of an own name: the thing that it names, in words")
    canonical_stands_for: str | None = Field(None, description="of an own name: the catalogue's entity of that thing")
    scope: PreferenceScope = PreferenceScope.USER
    person: Words | None = Field(None, description="with scope person: who, in the user's words")
    condition: Words | None = Field(None, description="when it holds, in words: for dinner")
    time: Words | None = Field(None, description="for how long it holds, in words: today")
    valid_from: Instant
    valid_to: Instant | None = Field(None, description="first instant at which it no longer holds")
    status: PreferenceStatus
    strength: Score = Field(1.0, description="1 when it was said; what is inferred decays")
    confidence: Score = Field(description="that it was understood right")
    source: PreferenceSource
    explicitness: Explicitness
    supersedes: Id | None = Field(None, description="event_id of the preference whose place it takes")
    consent_version: str = Field(
        min_length=1, description="of the terms under which the person agreed to be remembered"
    )
    detector: str = Field(description="name/version of what understood it")
    revision: int = Field(0, ge=0)

    @property
    def key(self) -> str:
        """What the topic is compacted by."""
        return f"{self.user_id}/{self.event_id}"

    @model_validator(mode="after")
    def _holds_together(self) -> Self:
        if (self.scope is PreferenceScope.PERSON) != (self.person is not None):
            raise ValueError("person is set exactly when scope is person")
        if self.valid_to is not None and self.valid_to <= self.valid_from:
            raise ValueError("valid_to must be after valid_from")
        if self.explicitness is Explicitness.SHOWN and self.status is PreferenceStatus.ACTIVE:
            raise ValueError("what was only shown becomes active after a yes: set explicitness to confirmed")
        if self.canonical_stands_for is not None and self.stands_for is None:
            raise ValueError("canonical_stands_for needs stands_for")
        return self


PREFERENCE: TypeAdapter[Preference] = TypeAdapter(Preference)

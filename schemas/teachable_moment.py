"""A moment at which a question would teach the assistant something, and the question."""

from enum import StrEnum
from typing import ClassVar, Literal

from pydantic import Field, TypeAdapter

from schemas.contract import Event, Id
from schemas.preference import Words


class MomentKind(StrEnum):
    """What shows that there is something to learn."""

    REPEATED = "repeated"  # the same thing was asked several times
    CORRECTED = "corrected"  # what was understood was corrected several times
    DECLARED_WRONG = "declared-wrong"  # the person said that the answer was wrong
    UNKNOWN_CONCEPT = "unknown-concept"  # words whose meaning is not known, such as an own name for a lamp
    OFFERED = "offered"  # the person offered to teach: "learn my preferences"
    UNCLEAR = "unclear"  # a preference was stated, but not clearly enough to be kept without asking


class TeachableMoment(Event):
    """A question that the assistant may ask; `event_id` is derived from the turn, so it is asked once.

    At most one is told of a person in a day, and one of a failure, but for those that the person offered. A teaching
    dialogue may begin from it.
    """

    topic_suffix: ClassVar[str] = "teachable-moments.v1"

    type: Literal["teachable-moment"] = "teachable-moment"
    user_id: Id
    device_id: Id | None = None
    dialogue_id: Id
    turn_id: Id = Field(description="the turn after which to ask")
    kind: MomentKind
    question: str = Field(min_length=1, max_length=1024, description="what to ask; holds the person's own words")
    about: Words | None = Field(None, description="the person's words that it is about, where it is about any")
    preference_id: Id | None = Field(None, description="event_id of the pending preference that an answer decides")
    evidence_turn_ids: tuple[Id, ...] = Field((), description="the turns that show it, in event-time order")
    detector: str = Field(description="name/version of what sensed it")


TEACHABLE_MOMENT: TypeAdapter[TeachableMoment] = TypeAdapter(TeachableMoment)

"""Which component broke first in a turn: one distribution a turn and revision."""

from enum import StrEnum
from typing import ClassVar, Literal, Self

from pydantic import Field, TypeAdapter, model_validator

from schemas.contract import Event, Id, Score
from schemas.feedback import Facets


class FailurePoint(StrEnum):
    """The first component that failed irrecoverably: its correction would have made the action right.

    An error that a later stage recovered from and a request that the assistant does not support are correct.
    """

    CORRECT = "correct"
    FALSE_WAKE = "false-wake"
    ASR = "asr"
    NLU = "nlu"
    ENTITY = "entity"
    RESULT = "result"


class IsolationPass(StrEnum):
    """What was known when a turn was judged."""

    RESPONSE = "response"  # the turn, its answer and what came before
    DIALOGUE = "dialogue"  # what people did after it as well


class FailureAttribution(Event):
    """Where a turn failed, as a distribution over all failure points.

    `revision` grows with what was known of the dialogue; a later one replaces an earlier one of the same `event_id`.
    """

    topic_suffix: ClassVar[str] = "failure-points.v1"

    type: Literal["failure-attribution"] = "failure-attribution"
    turn_id: Id
    dialogue_id: Id
    user_id: Id
    device_id: Id
    facets: Facets
    failure_point: FailurePoint | None = Field(None, description="the most probable one; none when it abstains")
    probabilities: dict[FailurePoint, Score] = Field(default_factory=dict, description="calibrated; they sum to 1")
    abstained: str | None = Field(None, description="why no failure point is named")
    isolation_pass: IsolationPass
    model: str = Field(description="name/version of what judged")
    revision: int = Field(0, ge=0)

    @model_validator(mode="after")
    def _named_or_abstained(self) -> Self:
        if (self.failure_point is None) == (self.abstained is None):
            raise ValueError("either failure_point or abstained is set, never both")
        return self


FAILURE_ATTRIBUTION: TypeAdapter[FailureAttribution] = TypeAdapter(FailureAttribution)

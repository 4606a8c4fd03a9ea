"""What was answered when the assistant asked whether to understand other words, and why."""

from enum import StrEnum
from typing import ClassVar, Literal, Self

from pydantic import Field, TypeAdapter, model_validator

from schemas.contract import Event, Id, Score


class DecisionLayer(StrEnum):
    """Where a rewrite came from."""

    PERSONAL = "personal"  # what worked for this person
    PRECOMPUTED = "precomputed"  # a rewrite of these very words, learned from many people
    GLOBAL = "global"  # a rewrite of words like these, found by search


class DecisionArm(StrEnum):
    """What was done with the rewrite that was found."""

    SERVED = "served"
    HOLDOUT = "holdout"  # suppressed, to learn what happens without it
    NONE = "none"  # none was good enough, or none was allowed


class DecisionReason(StrEnum):
    """Why. All but the first two go with the arm `none`."""

    REWRITTEN = "rewritten"
    HELD_OUT = "held-out"
    NOTHING_FOUND = "nothing-found"
    WORKS_AS_IT_IS = "works-as-it-is"
    TOO_UNSURE = "too-unsure"
    BLOCKED = "blocked"
    REJECTED = "rejected"  # this person said that it is not what was meant
    DENIED = "denied"  # never rewritten: purchases, locks, calls, messages, negation, child profiles
    NOT_ALIKE = "not-alike"  # what was found says something else
    INTENT_CHANGED = "intent-changed"
    ALREADY_REWRITTEN = "already-rewritten"
    NOT_READY = "not-ready"
    TIMED_OUT = "timed-out"
    OVERLOADED = "overloaded"
    FAULT = "fault"


class RewriteDecision(Event):
    """One answer to one request; `event_id` is the decision's id. It holds no words: the turn does.

    `propensity` is the probability with which this arm was chosen for this rewrite. Of a served and of a held-out
    rewrite the same is told, so that the two can be compared.
    """

    topic_suffix: ClassVar[str] = "rewrite-decisions.v1"

    type: Literal["rewrite-decision"] = "rewrite-decision"
    user_id: Id
    device_id: Id | None = None
    turn_id: Id | None = Field(None, description="the turn that was about to be answered, as the assistant names it")
    dialogue_id: Id | None = None
    arm: DecisionArm
    reason: DecisionReason
    rewrite_id: Id | None = Field(None, description="the rewrite that was served or held out, or was the best refused")
    layer: DecisionLayer | None = None
    score: Score | None = Field(None, description="probability that the rewrite is what the person means")
    propensity: Score = Field(1.0, gt=0.0, description="probability with which this arm was chosen")
    domain: str | None = Field(None, description="of the request as it was understood")
    index_version: str
    ranker: str | None = Field(None, description="name/version of what ranked")
    latency_ms: float = Field(ge=0.0, description="from the request to the decision")

    @model_validator(mode="after")
    def _arm_has_a_rewrite(self) -> Self:
        if self.arm is not DecisionArm.NONE and (self.rewrite_id is None or self.layer is None):
            raise ValueError("rewrite_id and layer are set when the arm is served or holdout")
        return self


REWRITE_DECISION: TypeAdapter[RewriteDecision] = TypeAdapter(RewriteDecision)

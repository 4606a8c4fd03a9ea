"""What became of one turn on which a rewrite was decided: a decision and the verdict of its turn, joined."""

from typing import ClassVar, Literal, Self

from pydantic import Field, TypeAdapter, model_validator

from schemas.contract import Event, Id, Score
from schemas.rewrite import RewriteLayer
from schemas.rewrite_decision import DecisionArm


class RewriteOutcome(Event):
    """`event_id` is the same whenever the turn is judged anew, and a higher `revision` replaces a lower one.

    Its key is the rewrite's id, so that what becomes of a rewrite is counted in one place. `occurred_at` is the turn's.
    """

    topic_suffix: ClassVar[str] = "rewrite-outcomes.v1"

    type: Literal["rewrite-outcome"] = "rewrite-outcome"
    rewrite_id: Id
    layer: RewriteLayer
    user_id: Id = Field(description="hash of it: enough to count nobody too often")
    turn_id: Id = Field(description="hash of the person and their turn")
    arm: DecisionArm
    propensity: Score = Field(gt=0.0, description="probability with which this arm was chosen")
    good: bool = Field(description="the answer was no defect")
    revision: int = Field(0, ge=0, description="of the dialogue that says so")

    @model_validator(mode="after")
    def _has_an_arm(self) -> Self:
        if self.arm is DecisionArm.NONE:
            raise ValueError("arm is served or holdout: where nothing was decided on, there is nothing to compare")
        return self


REWRITE_OUTCOME: TypeAdapter[RewriteOutcome] = TypeAdapter(RewriteOutcome)

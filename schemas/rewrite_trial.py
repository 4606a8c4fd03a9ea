"""How a rewrite does: what became of the turns that got it, beside those from which it was held back."""

from typing import ClassVar, Literal, Self

from pydantic import Field, TypeAdapter, model_validator

from schemas.contract import Contract, Event, Id, Score
from schemas.rewrite import RewriteLayer, Success
from schemas.rewrite_decision import DecisionArm


class KeptOutcome(Contract):
    """What became of one turn on which a rewrite was decided. Turns and people are hashes of their ids."""

    id: str
    at_ms: int = Field(description="when the turn was, in ms since the epoch")
    user: str
    arm: DecisionArm
    good: bool = Field(description="the answer was no defect")
    revision: int = Field(0, ge=0, description="of the dialogue that says so; a higher one replaces a lower one")


class RewriteTrial(Event):
    """Both arms of a rewrite. The topic is compacted by `rewrite_id`: the last record counts.

    `occurred_at` is the last turn that is counted. `outcomes` are the turns that are counted: the last of each arm.
    """

    topic_suffix: ClassVar[str] = "rewrite-trials.v1"

    type: Literal["rewrite-trial"] = "rewrite-trial"
    rewrite_id: Id
    layer: RewriteLayer
    user_id: Id | None = Field(None, description="of the personal layer: hash of it")
    source: str | None = Field(None, description="state key; none when the rewrite was not known where it was counted")
    target: str | None = Field(None, description="state key; likewise")
    served: Success = Field(description="of the turns that got the rewrite")
    held_out: Success = Field(description="of the turns that could have got it and did not, by chance")
    worse: Score = Field(description="probability that turns fare worse with the rewrite than without")
    uses: int = Field(ge=0, description="turns that got it, of those that are counted")
    blocked: bool = False
    blocked_because: str | None = None
    outcomes: tuple[KeptOutcome, ...] = ()

    @model_validator(mode="after")
    def _holds_together(self) -> Self:
        if (self.layer is RewriteLayer.PERSONAL) != (self.user_id is not None):
            raise ValueError("user_id is set exactly when layer is personal")
        if self.blocked != (self.blocked_because is not None):
            raise ValueError("blocked_because is set exactly when it is blocked")
        return self


REWRITE_TRIAL: TypeAdapter[RewriteTrial] = TypeAdapter(RewriteTrial)

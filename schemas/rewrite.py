"""What to understand instead of what was understood: one row of the rewrite table."""

from enum import StrEnum
from typing import ClassVar, Literal, Self

from pydantic import Field, TypeAdapter, model_validator

from schemas.contract import Contract, Event, Id, Instant, Score


class RewriteLayer(StrEnum):
    """Whose rewrite it is."""

    GLOBAL = "global"  # learned from many people, for everybody
    PERSONAL = "personal"  # what worked for one person, for that person


class Success(Contract):
    """A Beta posterior of success: `good` and `bad` observations with their priors, and a 95 % interval."""

    good: float = Field(gt=0.0)
    bad: float = Field(gt=0.0)
    low: Score
    high: Score

    @property
    def mean(self) -> float:
        return self.good / (self.good + self.bad)


class RewriteChain(Contract):
    """A way that people went from the source to the target, and how many of them; it names nobody."""

    states: tuple[str, ...] = Field(min_length=2, description="state keys, from the source to the target")
    people: int = Field(ge=1, description="distinct people on its thinnest step")


class Lesson(Contract):
    """One time that a person taught Earshot what they mean, or that it is not what they mean.

    What a personal rewrite rests on, so that it can be taken back with what taught it.
    """

    id: str = Field(description="hash of the turn that failed")
    dialogue: str = Field(description="hash of the dialogue it was in")
    at_ms: int = Field(description="when the turn was, in ms since the epoch")
    revision: int = Field(ge=0, description="of the dialogue")
    words: str = Field(description="what was said")
    target: str = Field(description="state key of what worked, or was rejected")
    text: str = Field(description="its wording")


class Rewrite(Event):
    """Understand `target` where `source` was understood. `event_id` is the `rewrite_id` that turns carry.

    The topic is compacted by `key`: the last record of a source counts, and one without a value takes it back.
    `occurred_at` is the last event it rests on.
    """

    topic_suffix: ClassVar[str] = "rewrites.v1"

    type: Literal["rewrite"] = "rewrite"
    layer: RewriteLayer
    user_id: Id | None = Field(None, description="of the personal layer")
    source: str = Field(min_length=1, description="state key: domain|intent|type:value;...")
    source_texts: tuple[str, ...] = Field(
        (), description="how it is worded, most frequent first; by enough people each"
    )
    target: str = Field(min_length=1, description="state key")
    target_text: str = Field(min_length=1, description="the wording of the target that works most often")
    score: Score = Field(description="probability to end in success at the target, beginning at the source")
    leave_alone: Score = Field(description="the same for ending in success at the source itself")
    agreement: Score = Field(description="lower bound of the target's share of all that ends in success elsewhere")
    support: float = Field(ge=0.0, description="decayed weight of the moves that leave the source")
    users: int = Field(ge=1, description="distinct people on the thinnest step of the way from source to target")
    source_success: Success
    target_success: Success
    first_seen: Instant
    last_seen: Instant
    reason: str
    chains: tuple[RewriteChain, ...] = Field(
        (), max_length=5, description="the ways most people went, of those that enough people went"
    )
    lessons: tuple[Lesson, ...] = Field((), max_length=5, description="of the personal layer: what it rests on")
    blocked: bool = False
    blocked_because: str | None = None
    cleared_at: Instant | None = Field(
        None, description="when somebody let it be served again: what became of it before counts against it no longer"
    )
    normaliser: str = Field(description="version of what made the state keys")
    solver: str = Field(description="name/version of what decided")

    @property
    def key(self) -> str:
        """What the topic is compacted by."""
        return rewrite_key(self.layer, self.source, self.user_id)

    @model_validator(mode="after")
    def _holds_together(self) -> Self:
        if (self.layer is RewriteLayer.PERSONAL) != (self.user_id is not None):
            raise ValueError("user_id is set exactly when layer is personal")
        if self.source == self.target:
            raise ValueError(f"source and target are the same state, {self.source!r}")
        if self.blocked != (self.blocked_because is not None):
            raise ValueError("blocked_because is set exactly when it is blocked")
        return self


def rewrite_key(layer: RewriteLayer, source: str, user_id: str | None = None) -> str:
    """The key of a rewrite's record: a source has one rewrite in the global layer, and one for each person."""
    return f"{layer.value}/{source}" if user_id is None else f"{layer.value}/{user_id}/{source}"


REWRITE: TypeAdapter[Rewrite] = TypeAdapter(Rewrite)

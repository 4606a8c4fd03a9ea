"""What the assistant sends and gets over HTTP."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from schemas.contract import Id, Instant, Score
from schemas.rewrite_decision import DecisionArm, DecisionLayer, DecisionReason
from schemas.turn import Asr, Interpretation, Turn

MOST_IN_A_BATCH = 256
MOST_WORDS = 1_024
"""Characters of a request; nobody says more before an answer."""

Words = Annotated[str, StringConstraints(min_length=1, max_length=MOST_WORDS)]


class _Asked(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class DeviceContext(_Asked):
    """What the device knew when it was addressed."""

    device_id: Id | None = None
    type: str | None = Field(None, description="speaker, display, phone, car, ...")
    state: str | None = Field(None, description="idle, playing, alarm-ringing, in-call, ...")
    activity: str | None = None
    local_time: str | None = Field(None, pattern=r"^([01]\d|2[0-3]):[0-5]\d$", description="HH:MM where the device is")
    place: str | None = None
    child_profile: bool = Field(False, description="a child is speaking; nothing is rewritten then")


class RewriteRequest(_Asked):
    """Words that the assistant is about to understand, and everything it knows of them. Only `text` is needed."""

    text: Words
    user_id: Id | None = Field(None, description="the person's pseudonym; without it only the global layer answers")
    turn_id: Id | None = Field(None, description="asked twice, it gets the same decision")
    dialogue_id: Id | None = None
    asr: Asr | None = Field(None, description="what the recogniser heard, with its alternatives")
    n_best: tuple[Words, ...] = Field((), max_length=20, description="alternatives, where `asr` is not given")
    interpretation: Interpretation | None = Field(None, description="domain, intent and slots as understood so far")
    device: DeviceContext = DeviceContext()
    already_rewritten: bool = Field(False, description="these words are a rewrite; they are never rewritten again")
    asked_at: Instant | None = Field(None, description="when the person spoke; now if missing")
    deadline_ms: int | None = Field(None, ge=1, le=10_000, description="no rewrite after this long")


class RewriteBatch(_Asked):
    requests: tuple[RewriteRequest, ...] = Field(min_length=1, max_length=MOST_IN_A_BATCH)


class Rewritten(_Asked):
    """What to understand instead."""

    rewrite_id: Id
    text: str
    interpretation: Interpretation | None = None


class RewriteAnswer(_Asked):
    """`rewrite` is null unless the arm is `served`. `score`: probability that the best rewrite is what is meant."""

    decision_id: Id
    rewrite: Rewritten | None = None
    layer: DecisionLayer | None = None
    score: Score | None = None
    arm: DecisionArm
    reason: DecisionReason
    propensity: Score = 1.0
    index_version: str


class RewriteAnswers(_Asked):
    """One for each request, in their order."""

    answers: tuple[RewriteAnswer, ...]


def request_of(turn: Turn) -> RewriteRequest:
    """What an assistant would have asked before it answered this turn."""
    context = turn.context
    return RewriteRequest(
        text=turn.request[:MOST_WORDS],
        user_id=turn.user_id,
        turn_id=turn.turn_id,
        dialogue_id=turn.dialogue_id,
        asr=turn.asr,
        interpretation=turn.nlu,
        device=DeviceContext(
            device_id=turn.device.id,
            type=turn.device.type,
            state=context.device_state if context else None,
            activity=context.activity if context else None,
            local_time=context.local_time if context else None,
            place=context.place if context else None,
        ),
        already_rewritten=turn.rewrite is not None,
        asked_at=turn.occurred_at,
    )

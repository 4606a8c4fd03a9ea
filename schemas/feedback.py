"""What people's behaviour says of an answer: one event a signal, with its score, its evidence and its revision."""

from enum import StrEnum
from typing import Annotated, ClassVar, Literal

from pydantic import Field, TypeAdapter

from schemas.contract import Contract, Event, Id, Score
from schemas.turn import Answer, Channel


class BargeInKind(StrEnum):
    """What an interruption was for."""

    STOP = "stop"
    CORRECTION = "correction"
    CONTINUATION = "continuation"
    BACKCHANNEL = "backchannel"
    OTHER_DIRECTED = "other-directed"


class TerminationKind(StrEnum):
    """How a person ended it."""

    STOP_REQUEST = "stop-request"
    PLAYBACK_STOPPED = "playback-stopped"
    HANG_UP = "hang-up"


class RetryCause(StrEnum):
    """Why a person had to ask again, where the words show it."""

    MISHEARD = "misheard"
    """the recogniser got other words than were said; what was asked is the same"""
    COMMAND_CHANGED = "command-changed"
    """the person changed what was asked for, or how"""


class CorrectionKind(StrEnum):
    """Where a correction stands."""

    THIRD_POSITION = "third-position"
    """after the answer that showed the misunderstanding: "no, I meant ..." (Schegloff, 1992)"""
    SELF_REPAIR = "self-repair"
    """inside the turn that it corrects: "the lamp, no, the fan" """


class Facets(Contract):
    """Dimensions of the turn that a signal is about, so that no reader needs a join."""

    domain: str | None = None
    intent: str | None = None
    device_type: str | None = None
    locale: str | None = None
    channel: Channel = Channel.VOICE
    versions: dict[str, str] = Field(default_factory=dict)


class FeedbackEvent(Event):
    """One signal about the answer of `turn_id`.

    `revision` grows with what was known of the dialogue; a later one replaces an earlier one of the same `event_id`.
    `retracted`: a late turn took the signal back.
    """

    topic_suffix: ClassVar[str] = "feedback.v1"

    turn_id: Id = Field(description="the turn whose answer the signal is about")
    by_turn_id: Id | None = Field(None, description="the turn that shows it, when a later turn does")
    dialogue_id: Id
    user_id: Id
    device_id: Id
    facets: Facets
    detector: str = Field(description="name/version of what found it")
    score: Score
    reason: str = Field(description="the evidence in words")
    evidence: dict[str, float] = Field(default_factory=dict, description="the evidence in numbers, units in the names")
    revision: int = Field(0, ge=0)
    retracted: bool = False


class BargeIn(FeedbackEvent):
    """A person spoke while the assistant did."""

    type: Literal["barge-in"] = "barge-in"
    kind: BargeInKind
    offset_ms: int = Field(description="into the response")
    share_heard: Score
    stop_latency_ms: int | None = Field(None, description="from the person's first sound to the assistant's last")


class Repeat(FeedbackEvent):
    """The same words again."""

    type: Literal["repeat"] = "repeat"
    gap_s: float
    cause: RetryCause | None = None


class Rephrase(FeedbackEvent):
    """The same wish in other words."""

    type: Literal["rephrase"] = "rephrase"
    gap_s: float
    cause: RetryCause | None = None


class Refinement(FeedbackEvent):
    """The wish with something added, or the answer to a question. Not negative."""

    type: Literal["refinement"] = "refinement"
    gap_s: float


class Correction(FeedbackEvent):
    """A person put right what was said or understood. About the turn that was misunderstood; about itself when a turn
    repairs itself, which is no complaint about the answer."""

    type: Literal["correction"] = "correction"
    kind: CorrectionKind
    value: str | None = Field(None, description="what should have been understood, in the person's words")
    rewrite: str | None = Field(None, description="the request as it was meant")


class Termination(FeedbackEvent):
    """A person ended it before it was over."""

    type: Literal["termination"] = "termination"
    kind: TerminationKind


class ExplicitAnswer(FeedbackEvent):
    """A person's own verdict; it outweighs every other signal."""

    type: Literal["explicit-answer"] = "explicit-answer"
    answer: Answer
    rating: int | None = None
    propensity: Score | None = None


Feedback = Annotated[
    BargeIn | Repeat | Rephrase | Refinement | Correction | Termination | ExplicitAnswer, Field(discriminator="type")
]
"""What travels on `feedback`."""

FEEDBACK: TypeAdapter[BargeIn | Repeat | Rephrase | Refinement | Correction | Termination | ExplicitAnswer] = (
    TypeAdapter(Feedback)
)

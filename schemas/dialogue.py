"""A dialogue with a verdict for each of its turns."""

from enum import StrEnum
from typing import ClassVar, Literal

from pydantic import Field, TypeAdapter

from schemas.contract import Contract, Event, Id, Instant, Score
from schemas.feedback import Facets
from schemas.turn import Answer, Slot


class ClosedBy(StrEnum):
    """Why a dialogue is over."""

    GAP = "gap"
    LIMIT = "limit"


class VerdictTier(StrEnum):
    """What a verdict rests on, strongest first."""

    EXPLICIT = "explicit"
    IMPLICIT = "implicit"
    STATUS = "status"
    NONE = "none"


class TurnVerdict(Contract):
    """Was the answer of this turn a defect, how surely, and what says so.

    With the domain and the intent of its facets, `slots` are what was understood.
    """

    turn_id: Id
    occurred_at: Instant
    request: str
    facets: Facets
    defect: bool
    score: Score
    tier: VerdictTier
    evidence: tuple[str, ...] = Field((), description="signals for and against, such as `barge-in:stop`")
    slots: tuple[Slot, ...] | None = Field(None, description="of what was understood; none when it had none")
    rewrite_id: Id | None = Field(None, description="the rewrite that had replaced the words")
    rewritten_to: str | None = Field(None, description="the words that it had put in their place")
    alternatives: tuple[str, ...] | None = Field(
        None, max_length=4, description="the recogniser's other hypotheses, where the answer was a defect or a question"
    )
    asked_back: bool = Field(
        False, description="the answer was a question back: neither success nor failure of the request"
    )


class Dialogue(Event):
    """A dialogue as known by now. While `closed` is false its labels are provisional.

    `revision` is 2 x (events known) + closed, so whoever knows more wins, in whatever order it is written.
    """

    topic_suffix: ClassVar[str] = "dialogues.v1"

    type: Literal["dialogue"] = "dialogue"
    dialogue_id: Id
    user_id: Id
    device_id: Id
    facets: Facets = Field(description="of its first turn")
    started_at: Instant
    ended_at: Instant
    closed: bool
    closed_by: ClosedBy | None = None
    turns: tuple[TurnVerdict, ...]
    defects: int = Field(ge=0)
    goal_reached: Answer | None = Field(None, description="the person's own answer, where there is one")
    satisfaction: Score | None = Field(None, description="one minus the mean defect score of its turns")
    revision: int = Field(0, ge=0)


DIALOGUE: TypeAdapter[Dialogue] = TypeAdapter(Dialogue)

"""Moves from one interpretation of a request to the next, and what is kept of them by the state they begin at."""

from enum import StrEnum
from typing import ClassVar, Literal, Self

from pydantic import Field, TypeAdapter, model_validator

from schemas.contract import Contract, Event, Id


class Outcome(StrEnum):
    """Where a move leads."""

    AGAIN = "again"  # the person asked again: on to another state, or to the same one
    SUCCESS = "success"  # the answer was no defect
    FAILURE = "failure"  # it was, and the person left it at that
    ASKED = "asked"  # the answer was a question back, which is neither


class Transition(Event):
    """What became of one request; `event_id` is the same whenever the turn is judged anew.

    Its key is `source`: the state key of an interpretation, such as `music|play_song|artist:imagine dragons`. A higher
    `revision` replaces a lower one. Words of requests are here to find the wording of a state again.
    """

    topic_suffix: ClassVar[str] = "transitions.v1"

    type: Literal["transition"] = "transition"
    source: str = Field(min_length=1, description="state key of what was understood")
    words: str = Field(description="the request, as the assistant got it")
    outcome: Outcome
    target: str | None = Field(None, min_length=1, description="state key of the request that followed; with `again`")
    otherwise: tuple[str, ...] = Field(
        (),
        max_length=5,
        description="how the request may have been meant to be heard, where it was no success: the recogniser's other"
        " hypotheses, and the words with which the person came back",
    )
    user_id: Id
    device_id: Id
    dialogue_id: Id
    turn_id: Id
    weight: float = Field(1.0, gt=0.0, le=1.0)
    rewritten: bool = Field(
        False, description="the words had been replaced: no evidence of what people do by themselves"
    )
    normaliser: str = Field(description="version of what made the state keys")
    revision: int = Field(0, ge=0)

    @model_validator(mode="after")
    def _leads_somewhere(self) -> Self:
        if (self.outcome is Outcome.AGAIN) != (self.target is not None):
            raise ValueError("target is set exactly when outcome is again")
        return self


class KeptMove(Contract):
    """A transition, as far as counting needs it. People and devices are hashes of their pseudonyms."""

    id: str
    at_ms: int = Field(description="when, in ms since the epoch")
    user: str
    device: str
    words: str
    outcome: Outcome
    target: str | None = None
    weight: float = 1.0
    revision: int = 0
    otherwise: tuple[str, ...] = ()


class SourceMoves(Event):
    """The moves that are kept of one source state: the last few of each person. Compacted by `source`.

    Enough to go on counting after a restart, and all that is needed to solve the chain.
    """

    topic_suffix: ClassVar[str] = "source-moves.v1"

    type: Literal["source-moves"] = "source-moves"
    source: str = Field(min_length=1)
    normaliser: str
    moves: tuple[KeptMove, ...]


TRANSITION: TypeAdapter[Transition] = TypeAdapter(Transition)
SOURCE_MOVES: TypeAdapter[SourceMoves] = TypeAdapter(SourceMoves)

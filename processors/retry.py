"""A request that comes back to an earlier one: what it is, what a judge is asked about it and answers."""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from schemas.feedback import RetryCause
from schemas.turn import ResponseStatus


class RetryKind(StrEnum):
    """What a later request is to an earlier one."""

    REPEAT = "repeat"
    REPHRASE = "rephrase"
    REFINEMENT = "refinement"


@dataclass(frozen=True, slots=True)
class Retry:
    """A later request that comes back to an earlier one, `distance` user turns before it."""

    kind: RetryKind
    distance: int
    gap_s: float
    score: float
    characters: float
    sounds: float
    content: float
    correction: bool
    status: ResponseStatus | None
    cause: RetryCause | None = None


@dataclass(frozen=True, slots=True)
class RetryCase:
    """A request and a later one that may come back to it. Times in seconds; `gap_s` is negative for speech into the
    answer. `n_best` and `confidence` are those of the recogniser for `first`."""

    first: str
    second: str
    response: str | None
    status: str | None
    gap_s: float
    distance: int
    asked: bool
    n_best: tuple[str, ...] = ()
    confidence: float | None = None


class RetryOpinion(NamedTuple):
    """What the later request is to the earlier one, None when nothing; the probability that it asks again; why."""

    kind: RetryKind | None
    score: float
    cause: RetryCause | None = None

"""What is judged and what is said of it, as plain data."""

from dataclasses import dataclass
from enum import StrEnum

from schemas.feedback import RetryCause


class Label(StrEnum):
    """What a later request is to an earlier one. The first two say that the earlier one failed."""

    REPEAT = "repeat"
    REPHRASE = "rephrase"
    REFINEMENT = "refinement"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Candidate:
    """Two requests of one person, and what happened between them. Only the two texts are needed.

    `response` is what the assistant answered to `first`; `status` what it says of that answer (`answered`, `asked`,
    `not-understood`, `unsupported`, `failed`). `gap_s`: from the end of that answer to the start of `second`; negative
    when the person spoke into it. `distance`: user turns from one to the other, 1 for the next. `n_best`: the
    recogniser's other hypotheses of `first`, best first; `confidence`: how sure it was of it, in [0, 1]. `asked`: the
    answer asks back; None when nothing but `response` and `status` tells. `earlier` and `later`: the requests before
    `first`, oldest first, and after `second`, as far as they are known.
    """

    first: str
    second: str
    response: str | None = None
    status: str | None = None
    gap_s: float | None = None
    distance: int = 1
    n_best: tuple[str, ...] = ()
    confidence: float | None = None
    asked: bool | None = None
    earlier: tuple[str, ...] = ()
    later: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Judgement:
    """`score`: calibrated probability that the second request asks again (repeat or rephrase). `cause` is None when
    the label is neither of these, or nothing shows why."""

    label: Label
    score: float
    cause: RetryCause | None = None

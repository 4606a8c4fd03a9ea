"""What is asked: the words, and everything that was known when they were said."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Query:
    """A request that the assistant is about to answer. Only the text is needed.

    `n_best`: the recogniser's other hypotheses, best first. `state`: key of what was understood. `asr_confidence` and
    `nlu_confidence` in [0, 1]. `affinity`: what this person likes (1) and dislikes (-1), in plain words. `hour` is
    local, 0 to 23.
    """

    text: str
    n_best: tuple[str, ...] = ()
    state: str = ""
    user: str = ""
    asr_confidence: float | None = None
    nlu_confidence: float | None = None
    device_type: str | None = None
    device_state: str | None = None
    hour: int | None = None
    place: str | None = None
    now_ms: int | None = None
    affinity: Mapping[str, int] = field(default_factory=dict)

"""An example of two requests with what the second is to the first, and what of it a model may be shown."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Final

from models.rephrase.candidate import Candidate, Label

_DROPPED: Final = {"status": 0.6, "recognition": 0.6, "gap": 0.4, "response": 0.25, "around": 0.5}
"""How often a field is hidden in training: data from elsewhere may lack any of them."""


@dataclass(frozen=True, slots=True)
class Example:
    """`source` names the data set; `group` whoever or whatever its cases hang together by."""

    candidate: Candidate
    label: Label
    source: str
    group: str


def with_fields_dropped(examples: Sequence[Example], seed: int) -> list[Example]:
    """Each example with some of its optional fields hidden, so that a model learns to do without."""
    rng = Random(seed)
    return [replace(example, candidate=_dropped(example.candidate, rng)) for example in examples]


def _dropped(candidate: Candidate, rng: Random) -> Candidate:
    hidden = {name for name, share in _DROPPED.items() if rng.random() < share}
    if "status" in hidden:
        candidate = replace(candidate, status=None)
    if "recognition" in hidden:
        candidate = replace(candidate, n_best=(), confidence=None)
    if "gap" in hidden:
        candidate = replace(candidate, gap_s=None)
    if "around" in hidden:
        candidate = replace(candidate, earlier=(), later=())
    if "response" in hidden:
        candidate = replace(candidate, response=None, asked=None)
    return candidate

"""The closed loop: who may change what the simulated assistant hears or takes for granted, before it answers."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Asked:
    """Who speaks, where and when (ms since the epoch)."""

    user_id: str
    device_id: str
    device_type: str
    dialogue_id: str
    turn_id: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class Rewriting:
    """Words to understand instead of those that were recognised."""

    rewrite_id: str
    text: str


class Advisor(Protocol):
    """Answers from what Earshot has learned. Both calls are on the way to an answer: they must be quick.

    A simulation is the same to the byte only if its advisor is a function of what it is asked.
    """

    def rewrite(self, text: str, asked: Asked) -> Rewriting | None:
        """What to understand instead of `text`; None: as it is."""
        ...

    def preference(self, domain: str, slot: str, value: str, asked: Asked) -> str | None:
        """The entity that this person means by the `value` said for a slot; None: not known."""
        ...

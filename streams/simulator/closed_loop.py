"""The closed loop: who may change what the simulated assistant hears or takes for granted, before it answers."""

from dataclasses import dataclass
from typing import Protocol

from schemas.turn import Interpretation
from streams.simulator.meaning import Understanding


@dataclass(frozen=True, slots=True)
class Asked:
    """Who speaks, where and when (ms since the epoch), and everything that the assistant knows of the request.

    `heard` is what goes over the wire; `local_time` is HH:MM.
    """

    user_id: str
    device_id: str
    device_type: str
    dialogue_id: str
    turn_id: str
    at_ms: int
    heard: Understanding
    device_state: str
    local_time: str
    place: str
    activity: str | None = None


@dataclass(frozen=True, slots=True)
class Rewriting:
    """Words to understand instead of those that were recognised.

    `understood`: how these words were understood where they worked; values of slots are entities where they are known.
    None: the assistant is on its own; it understands them if they are what was said, understands nothing if they are
    farther from it than what was recognised, and else what it did before.
    """

    rewrite_id: str
    text: str
    understood: Interpretation | None = None


@dataclass(frozen=True, slots=True)
class ReadBack:
    """What the assistant says it understood of a statement: `text`, and what the person hears in it, in words.

    `asks`: it keeps it after a yes; else it keeps it at once.
    """

    text: str
    asks: bool
    value: str
    polarity: int
    stands_for: str | None
    scope: str
    person: str | None
    condition: str | None
    time: str | None


class Listener(Protocol):
    """Says what was understood of a statement, so that the person can put it right. Calls must be quick."""

    def read_back(self, text: str, question: str, asked: Asked) -> ReadBack | None:
        """What was understood of `text`, which follows what the assistant said; None: nothing."""
        ...

    def answer(self, text: str, stated: Asked, asked: Asked) -> None:
        """The person's answer, as it was heard, to what was read back of the turn `stated`."""
        ...


class Advisor(Protocol):
    """Answers from what Earshot has learned. Both calls are on the way to an answer: they must be quick.

    A simulation is the same to the byte only if its advisor is a function of what it is asked. With an advisor all
    chance of a turn is a function of the dialogue, the goal and the try, so that two advisors are compared on the same
    people, wishes and noise.
    """

    def rewrite(self, text: str, asked: Asked) -> Rewriting | None:
        """What to understand instead of `text`; None: as it is."""
        ...

    def preference(self, domain: str, slot: str, value: str, asked: Asked) -> str | None:
        """The entity that this person means by the `value` said for a slot; None: not known."""
        ...

"""What a processor says of its input. One place in `streams` turns results into messages."""

from dataclasses import dataclass

from schemas.contract import Event
from schemas.dead_letter import DeadLetterCause


@dataclass(frozen=True, slots=True)
class Emit:
    """Send `event` to its topic under `key`."""

    key: str
    event: Event


@dataclass(frozen=True, slots=True)
class Reject:
    """The record at `offset` cannot be used: to the dead letters with it."""

    offset: int
    cause: DeadLetterCause
    reason: str


@dataclass(frozen=True, slots=True)
class Drop:
    """The event at `offset` changes nothing (a duplicate, say): count it under `reason`."""

    offset: int
    reason: str


Result = Emit | Reject | Drop

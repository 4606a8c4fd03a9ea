"""What a processor says of its input. One place in `streams` turns results into messages."""

from dataclasses import dataclass
from typing import NamedTuple

from schemas.dead_letter import DeadLetterCause


class Emit(NamedTuple):
    """Send an event, as JSON, to its class's topic under `key`; without a value, take back what has that key."""

    key: str
    topic_suffix: str
    value: bytes | None


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

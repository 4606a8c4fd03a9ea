"""How far the workers are behind the log, as told by whoever runs this page."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class PartitionLag:
    """One partition as one role sees it: offsets committed and at the end, and the records between them."""

    role: str
    topic: str
    partition: int
    committed: int
    end: int
    lag: int


class Pulse(Protocol):
    """Both methods may block; the page calls them one after the other in a thread of their own, every two seconds.

    Raise `PulseUnavailable` when the brokers do not answer; the page then shows "not known" and asks again.
    """

    def lag(self) -> Sequence[PartitionLag]:
        """The lag of every partition that a role reads."""
        ...

    def behind_s(self) -> float | None:
        """Seconds since the oldest record that is on the log and not yet stored; 0 when all are, None if not known."""
        ...


class PulseUnavailable(Exception):
    """The brokers did not say how far the workers are."""

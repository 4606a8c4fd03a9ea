"""A record as Kafka clients hand it out."""

from collections.abc import Sequence
from typing import Protocol


class Record(Protocol):
    """What our roles read of one. `timestamp`: the broker's, in milliseconds since the epoch."""

    @property
    def offset(self) -> int: ...
    @property
    def timestamp(self) -> int: ...
    @property
    def key(self) -> bytes | None: ...
    @property
    def value(self) -> bytes | None: ...
    @property
    def headers(self) -> Sequence[tuple[str, bytes]]: ...

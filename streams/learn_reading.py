"""How `learn` reads the records of one partition of a topic: an event each, or a dead letter."""

from collections import Counter
from collections.abc import Callable
from typing import Final, Generic, TypeVar

from infra.settings import Settings
from schemas.contract import Event
from streams.dead_letter_message import dead_letter_message
from streams.decoding import Limits, Undecodable
from streams.delivery import Message
from streams.record import Record

ROLE: Final = "learn"

E = TypeVar("E", bound=Event)

Decode = Callable[[bytes | None, bytes | None, Limits], E]
"""Key and value of a record to its event; raises `Undecodable` and nothing else."""

_OWN_LIMITS: Final = Limits(max_event_bytes=16 << 20)


class RecordReader(Generic[E]):
    """Reads with one of the functions of `streams.decoding`. `rejected` counts what could not be read, by cause."""

    def __init__(
        self,
        settings: Settings,
        topic_suffix: str,
        partition: int,
        decode: Decode[E],
        rejected: Counter[str] | None = None,
    ) -> None:
        """`rejected`: counts of others, to be counted together with."""
        self._prefix = settings.topic_prefix
        self._topic = f"{settings.topic_prefix}.{topic_suffix}"
        self._partition = partition
        self._decode = decode
        self.rejected: Counter[str] = Counter() if rejected is None else rejected

    def read(self, record: Record, messages: list[Message]) -> E | None:
        """The event of a record; None for one that has none, whose dead letter is put to the `messages`."""
        try:
            return self._decode(record.key, record.value, _OWN_LIMITS)
        except Undecodable as bad:
            self.rejected[bad.cause] += 1
            messages.append(
                dead_letter_message(self._prefix, ROLE, self._topic, self._partition, record, bad.cause, bad.reason)
            )
            return None

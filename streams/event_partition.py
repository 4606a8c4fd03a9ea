"""What roles that read turn events share of one partition: bytes in, events to a processor, bad records set apart."""

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Generic, TypeVar

from infra.settings import Settings
from processors.assembly import Assembly, Checkpoint, DialogueLimits, Received
from processors.exchange import Exchange
from processors.result import Drop, Emit, Reject
from schemas.dead_letter import DeadLetterCause
from schemas.turn import DeviceEvent
from streams.checkpoint_metadata import format_metadata, parse_metadata
from streams.dead_letter_message import dead_letter_message
from streams.decoding import Limits, Undecodable, decode
from streams.delivery import Committed, Message
from streams.errors import StreamError
from streams.record import Record
from streams.unknown_fields import UnknownFields

T = TypeVar("T")

Prove = Callable[[bytes | None, bytes | None, int, Limits], Exchange | None]
"""See `streams.proof.proven`."""


class TooManyDeadLetters(StreamError):
    """Nothing but invalid records for so long that the fault is more likely ours than theirs."""


def dialogue_limits(settings: Settings) -> DialogueLimits:
    """How long dialogues stay open, as the settings ask for."""
    return DialogueLimits(
        settings.dialogue_gap,
        settings.dialogue_gap_by_domain,
        settings.lateness,
        settings.dialogue_limit,
        settings.dialogue_events,
    )


class EventPartition(ABC, Generic[T]):
    """The state of `role` for one partition, started from what was last committed. `T` is what its processor tells."""

    def __init__(
        self,
        role: str,
        settings: Settings,
        partition: int,
        committed: Committed,
        processor_from: Callable[[Checkpoint], Assembly[Any, T]],
        prove: Prove,
    ) -> None:
        self._role = role
        self._prefix = settings.topic_prefix
        self._partition = partition
        self._topic = f"{settings.topic_prefix}.{DeviceEvent.topic_suffix}"
        self._limits = Limits.of(settings)
        self._most_in_a_row = settings.dead_letters_in_a_row
        checkpoint, self._rejected_in_a_row = parse_metadata(committed)
        self._first_offset = checkpoint.offset
        self._silent_below = checkpoint.emitted
        self._processor = processor_from(checkpoint)
        self._prove = prove
        self.unknown_fields = UnknownFields()
        self.dropped: Counter[str] = Counter()
        self.rejected: Counter[DeadLetterCause] = Counter()

    @property
    def watermark(self) -> float:
        return self._processor.watermark

    @property
    def open_segments(self) -> int:
        return self._processor.open_segments

    @abstractmethod
    def _undecodable(self, messages: list[Message], record: Record, bad: Undecodable) -> None:
        """A record that is no event."""

    def _told_of(self, records: Sequence[Record], messages: list[Message]) -> Iterator[T]:
        """What the processor tells of a batch; dead letters are added to `messages`.

        Raises `TooManyDeadLetters` when only invalid records come in.
        """
        if records[0].offset < self._first_offset:  # fetched before a rebalance whose last commit went further
            records = [record for record in records if record.offset >= self._first_offset]
            if not records:
                return
        by_offset: dict[int, Record] | None = None
        for result in self._processor.process(self._decoded(records, messages)):
            if isinstance(result, Drop):
                self.dropped[result.reason] += 1
            elif isinstance(result, Reject):
                by_offset = by_offset or {record.offset: record for record in records}
                self._reject(messages, by_offset[result.offset], result.cause, result.reason)
            else:
                yield result
        self._processor.skip(records[-1].offset)

    def _decoded(self, records: Sequence[Record], messages: list[Message]) -> Iterator[Received]:
        """The valid events, one by one: an event that is let go at once costs a third of one that waits in a list."""
        limits = self._limits
        prove = self._prove
        silent_below = self._silent_below
        unknown_fields = self.unknown_fields
        for record in records:
            offset, timestamp, key, value = record.offset, record.timestamp, record.key, record.value
            exchange = prove(key, value, timestamp, limits)
            if exchange is not None:
                if offset >= silent_below:  # what is read again is in the number that was committed
                    self._rejected_in_a_row = 0
                unknown_fields.see_none()
                yield offset, timestamp, exchange
                continue
            try:
                event = decode(key, value, timestamp, limits)
            except Undecodable as bad:
                self._undecodable(messages, record, bad)
                continue
            if offset >= silent_below:
                self._rejected_in_a_row = 0
            unknown_fields.see(value, event)  # type: ignore[arg-type]  # a record without value is undecodable
            yield offset, timestamp, event

    def _message(self, result: Emit) -> Message:
        return Message(f"{self._prefix}.{result.topic_suffix}", self._partition, result.key.encode(), result.value)

    def _reject(self, messages: list[Message], record: Record, cause: DeadLetterCause, reason: str) -> None:
        if record.offset < self._silent_below:
            return
        self.rejected[cause] += 1
        self._rejected_in_a_row += 1
        if self._most_in_a_row and self._rejected_in_a_row > self._most_in_a_row:
            raise TooManyDeadLetters(
                f"{self._rejected_in_a_row} invalid records in a row on {self._topic} partition {self._partition}, "
                f"the last at offset {record.offset}: {reason}. Either a producer sends what this version cannot read "
                "or this version is broken. The worker stops and nothing more is drained; set "
                "EARSHOT_DEAD_LETTERS_IN_A_ROW=0 to let them all go to the dead letters."
            )
        messages.append(
            dead_letter_message(self._prefix, self._role, self._topic, self._partition, record, cause, reason)
        )

    def _position(self) -> Committed:
        checkpoint = self._processor.checkpoint()
        return Committed(checkpoint.offset, format_metadata(checkpoint, self._rejected_in_a_row))

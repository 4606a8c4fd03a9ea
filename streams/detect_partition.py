"""`detect` for one partition: bytes in, feedback, dialogues and dead letters out. No network, no clock."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from typing import Protocol

from infra.settings import Settings
from processors.clock_skew import ClockSkews
from processors.dialogue import Checkpoint, DialogueLimits, DialogueProcessor, Received
from processors.result import Drop, Emit
from schemas.clock_skew import ClockSkew
from schemas.dead_letter import DeadLetterCause
from schemas.turn import DeviceEvent
from streams.dead_letter_message import dead_letter_message
from streams.decoding import Limits, Undecodable, decode
from streams.delivery import Committed, Message, Outcome
from streams.errors import StreamError
from streams.hearing import hearing_of
from streams.proof import proven
from streams.unknown_fields import UnknownFields

ROLE = "detect"

METADATA_BYTES = 4096
"""What Kafka keeps with a committed offset (`offset.metadata.max.bytes`)."""

_LONGEST_START = 21


class Record(Protocol):
    """A record as Kafka clients hand it out."""

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


class DetectPartition:
    """The state of `detect` for one partition, started from what was last committed and what is known of devices."""

    def __init__(
        self, settings: Settings, partition: int, committed: Committed, skews: Iterable[ClockSkew] = ()
    ) -> None:
        self._prefix = settings.topic_prefix
        self._partition = partition
        self._topic = f"{settings.topic_prefix}.{DeviceEvent.topic_suffix}"
        self._limits = Limits.of(settings)
        self._most_in_a_row = settings.dead_letters_in_a_row
        checkpoint, self._rejected_in_a_row = parse_metadata(committed)
        self._first_offset = checkpoint.offset
        self._silent_below = checkpoint.emitted
        known = ClockSkews()
        known.load(skews)
        self._processor = DialogueProcessor(dialogue_limits(settings), checkpoint, hearing_of(settings), known)
        self.unknown_fields = UnknownFields()
        self.dropped: Counter[str] = Counter()
        self.rejected: Counter[DeadLetterCause] = Counter()

    @property
    def watermark(self) -> float:
        return self._processor.watermark

    @property
    def open_segments(self) -> int:
        return self._processor.open_segments

    def process(self, records: Sequence[Record]) -> Outcome:
        """What a batch leads to. Raises `TooManyDeadLetters` when only invalid records come in."""
        if records[0].offset < self._first_offset:  # fetched before a rebalance whose last commit went further
            records = [record for record in records if record.offset >= self._first_offset]
            if not records:
                return Outcome([], self._position())
        messages: list[Message] = []
        by_offset: dict[int, Record] | None = None
        for result in self._processor.process(self._decoded(records, messages)):
            if isinstance(result, Emit):
                messages.append(self._message(result))
            elif isinstance(result, Drop):
                self.dropped[result.reason] += 1
            else:
                by_offset = by_offset or {record.offset: record for record in records}
                self._reject(messages, by_offset[result.offset], result.cause, result.reason)
        self._processor.skip(records[-1].offset)
        return Outcome(messages, self._position())

    def _decoded(self, records: Sequence[Record], messages: list[Message]) -> Iterator[Received]:
        """The valid events, one by one: an event that is let go at once costs a third of one that waits in a list."""
        limits = self._limits
        silent_below = self._silent_below
        unknown_fields = self.unknown_fields
        for record in records:
            offset, timestamp, key, value = record.offset, record.timestamp, record.key, record.value
            exchange = proven(key, value, timestamp, limits)
            if exchange is not None:
                if offset >= silent_below:  # what is read again is in the number that was committed
                    self._rejected_in_a_row = 0
                unknown_fields.see_none()
                yield offset, timestamp, exchange
                continue
            try:
                event = decode(key, value, timestamp, limits)
            except Undecodable as bad:
                self._reject(messages, record, bad.cause, bad.reason)
                continue
            if offset >= silent_below:
                self._rejected_in_a_row = 0
            unknown_fields.see(value, event)  # type: ignore[arg-type]  # a record without value is undecodable
            yield offset, timestamp, event

    def idle(self, idle: timedelta) -> Outcome:
        """No record came for `idle`: dialogues that this closes are told."""
        results = self._processor.advance_idle(idle)
        return Outcome([self._message(result) for result in results if isinstance(result, Emit)], self._position())

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
        messages.append(dead_letter_message(self._prefix, ROLE, self._topic, self._partition, record, cause, reason))

    def _position(self) -> Committed:
        checkpoint = self._processor.checkpoint()
        return Committed(checkpoint.offset, format_metadata(checkpoint, self._rejected_in_a_row))


def format_metadata(checkpoint: Checkpoint, rejected_in_a_row: int) -> str:
    """A checkpoint as the metadata of a committed offset. Starts that do not fit are left out, at the price of another
    dialogue id for those after a crash."""
    starts = [start - checkpoint.offset for start in checkpoint.starts[:METADATA_BYTES]]
    while True:
        metadata = json.dumps(
            {
                "watermark": checkpoint.watermark,
                "emitted": checkpoint.emitted - checkpoint.offset,
                "starts": starts,
                "rejected": rejected_in_a_row,
            },
            separators=(",", ":"),
        )
        too_much = len(metadata) - METADATA_BYTES
        if too_much <= 0:
            return metadata
        del starts[-1 - too_much // _LONGEST_START :]


def parse_metadata(committed: Committed) -> tuple[Checkpoint, int]:
    """(checkpoint, rejected in a row) of a committed offset; those moved by an operator start afresh."""
    offset = max(committed.offset, 0)
    try:
        held = json.loads(committed.metadata) if committed.metadata else {}
        return (
            Checkpoint(
                offset,
                float(held.get("watermark", 0.0)),
                offset + int(held.get("emitted", 0)),
                tuple(offset + int(start) for start in held.get("starts", ())),
            ),
            int(held.get("rejected", 0)),
        )
    except (ValueError, TypeError, AttributeError):
        return Checkpoint(offset), 0

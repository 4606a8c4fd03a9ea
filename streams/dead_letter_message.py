"""How a record that cannot be used goes to the dead letters."""

from datetime import UTC, datetime

from schemas.contract import derived_id
from schemas.dead_letter import DEAD_LETTER_HEADER, REPLAY_COUNT_HEADER, DeadLetter, DeadLetterCause
from streams.delivery import Message
from streams.record import Record


def dead_letter_message(
    prefix: str, role: str, topic: str, partition: int, record: Record, cause: DeadLetterCause, reason: str
) -> Message:
    """The raw bytes of `record`, with a header that says where it stood and what is wrong with it."""
    letter = DeadLetter(
        event_id=derived_id("dead-letter", role, topic, str(partition), str(record.offset)),
        occurred_at=datetime.fromtimestamp(max(record.timestamp, 0) / 1000, UTC),
        role=role,
        topic=topic,
        partition=partition,
        offset=record.offset,
        cause=cause,
        reason=reason,
        size_bytes=len(record.value or b""),
        replay_count=_replay_count(record),
    )
    headers = ((DEAD_LETTER_HEADER, letter.to_bytes()),)
    return Message(f"{prefix}.{DeadLetter.topic_suffix}", partition, record.key, record.value, headers)


def _replay_count(record: Record) -> int:
    for name, value in record.headers or ():
        if name == REPLAY_COUNT_HEADER and value.isdigit():
            return int(value)
    return 0

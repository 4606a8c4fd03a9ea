"""A record that could not be used, kept so that it can be looked at and put back."""

from enum import StrEnum
from typing import ClassVar, Literal

from pydantic import Field, TypeAdapter

from schemas.contract import Event


class DeadLetterCause(StrEnum):
    """Why a record could not be used."""

    NULL_VALUE = "null-value"
    NULL_KEY = "null-key"
    WRONG_KEY = "wrong-key"
    TOO_LARGE = "too-large"
    INVALID_UTF8 = "invalid-utf8"
    INVALID_JSON = "invalid-json"
    UNKNOWN_MAJOR_VERSION = "unknown-major-version"
    INVALID_EVENT = "invalid-event"
    IMPLAUSIBLE_TIME = "implausible-time"
    PROCESSING_FAILED = "processing-failed"
    REFUSED_BY_STORE = "refused-by-store"


class DeadLetter(Event):
    """What is known of the record. On the wire it is the header `earshot-dead-letter`; key and value of the message are
    the raw bytes of the record (at most 16 MiB), so that replaying is producing them again.

    `event_id` is derived from role, topic, partition and offset; `occurred_at` is the record's timestamp.
    """

    topic_suffix: ClassVar[str] = "dead-letters.v1"

    type: Literal["dead-letter"] = "dead-letter"
    role: str = Field(description="the role that gave up on it")
    topic: str
    partition: int = Field(ge=0)
    offset: int = Field(ge=0)
    cause: DeadLetterCause
    reason: str = Field(description="what is wrong, for a person")
    size_bytes: int = Field(ge=0)
    replay_count: int = Field(0, ge=0)


DEAD_LETTER_HEADER = "earshot-dead-letter"
REPLAY_COUNT_HEADER = "earshot-replay-count"

DEAD_LETTER: TypeAdapter[DeadLetter] = TypeAdapter(DeadLetter)

"""An event together with the place on its topic that it came from."""

from typing import NamedTuple

from schemas.alarm import Alarm
from schemas.dead_letter import DeadLetter
from schemas.dialogue import Dialogue
from schemas.failure_point import FailureAttribution
from schemas.feedback import FeedbackEvent
from schemas.turn import ExplicitFeedback, Playback, Turn
from schemas.wire import TimedTurn

StoredEvent = (
    Turn | TimedTurn | Playback | ExplicitFeedback | FeedbackEvent | Dialogue | FailureAttribution | Alarm | DeadLetter
)
"""What the store keeps; of a turn the same, in whichever way it was read."""


class Record(NamedTuple):
    """An event, its partition and offset, and when the broker appended it (epoch milliseconds).

    `key` and `value` are the raw bytes of a dead letter; nothing else needs them.
    """

    event: StoredEvent
    partition: int
    offset: int
    appended_ms: int
    key: bytes | None = None
    value: bytes | None = None

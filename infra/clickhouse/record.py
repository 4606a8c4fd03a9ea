"""An event together with the place on its topic that it came from."""

from typing import NamedTuple

from infra.clickhouse.tombstone import Tombstone
from schemas.alarm import Alarm
from schemas.dead_letter import DeadLetter
from schemas.dialogue import Dialogue
from schemas.failure_point import FailureAttribution
from schemas.feedback import FeedbackEvent
from schemas.forgotten_person import ForgottenPerson
from schemas.preference import Preference
from schemas.preference_outcome import PreferenceOutcome
from schemas.rewrite import Rewrite
from schemas.rewrite_decision import RewriteDecision
from schemas.rewrite_trial import RewriteTrial
from schemas.teachable_moment import TeachableMoment
from schemas.turn import ExplicitFeedback, Playback, Turn
from schemas.wire import TimedTurn

StoredEvent = (
    Turn
    | TimedTurn
    | Playback
    | ExplicitFeedback
    | FeedbackEvent
    | Dialogue
    | FailureAttribution
    | Alarm
    | Rewrite
    | RewriteDecision
    | RewriteTrial
    | Preference
    | PreferenceOutcome
    | TeachableMoment
    | ForgottenPerson
    | DeadLetter
    | Tombstone
)
"""What the store keeps; of a turn the same, in whichever way it was read. A tombstone is what took something back."""


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

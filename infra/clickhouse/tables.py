"""Which tables an event goes to, and which tables tell what of a topic has landed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from infra.clickhouse.failure_rows import alarm_columns, failure_point_columns
from infra.clickhouse.record import Record, StoredEvent
from infra.clickhouse.rows import (
    Columns,
    dead_letter_columns,
    dialogue_columns,
    explicit_feedback_columns,
    feedback_columns,
    playback_columns,
    verdict_columns,
)
from infra.clickhouse.turn_rows import turn_columns
from schemas.alarm import Alarm
from schemas.dead_letter import DeadLetter
from schemas.dialogue import Dialogue
from schemas.failure_point import FailureAttribution
from schemas.feedback import (
    BargeIn,
    Correction,
    ExplicitAnswer,
    FeedbackEvent,
    Refinement,
    Repeat,
    Rephrase,
    Termination,
)
from schemas.turn import DeviceEvent, ExplicitFeedback, Playback, Turn
from schemas.wire import TimedTurn

Build = Callable[[Sequence[Record]], Columns]

_CHUNK = 250
"""Records that are read column by column at once: so few that they stay in the processor's cache, twice as fast."""


@dataclass(frozen=True)
class Target:
    """The tables that events of a kind go to, in the order in which they are written.

    The last one is written when all others are, so a record that is found there has landed altogether.
    """

    topic_suffix: str
    tables: tuple[tuple[str, Build], ...]

    @property
    def last(self) -> str:
        """The table that tells whether a record has landed."""
        return self.tables[-1][0]

    def build(self, records: Sequence[Record]) -> list[tuple[str, Columns]]:
        """The columns of every table. Raises ValueError or OverflowError for a value that no column can hold."""
        return [(table, _in_chunks(build, records)) for table, build in self.tables]


_TURNS = Target(DeviceEvent.topic_suffix, (("turns", turn_columns),))
_PLAYBACKS = Target(DeviceEvent.topic_suffix, (("playbacks", playback_columns),))
_EXPLICIT = Target(DeviceEvent.topic_suffix, (("explicit_feedback", explicit_feedback_columns),))
_FEEDBACK = Target(FeedbackEvent.topic_suffix, (("feedback", feedback_columns),))
_DIALOGUES = Target(Dialogue.topic_suffix, (("verdicts", verdict_columns), ("dialogues", dialogue_columns)))
_FAILURE_POINTS = Target(FailureAttribution.topic_suffix, (("failure_points", failure_point_columns),))
_ALARMS = Target(Alarm.topic_suffix, (("alarms", alarm_columns),))
_DEAD_LETTERS = Target(DeadLetter.topic_suffix, (("dead_letters", dead_letter_columns),))

TARGETS: dict[type[StoredEvent], Target] = {
    Turn: _TURNS,
    TimedTurn: _TURNS,
    Playback: _PLAYBACKS,
    ExplicitFeedback: _EXPLICIT,
    **dict.fromkeys((BargeIn, Repeat, Rephrase, Refinement, Correction, Termination, ExplicitAnswer), _FEEDBACK),
    Dialogue: _DIALOGUES,
    FailureAttribution: _FAILURE_POINTS,
    Alarm: _ALARMS,
    DeadLetter: _DEAD_LETTERS,
}


def _in_chunks(build: Build, records: Sequence[Record]) -> Columns:
    columns = build(records[:_CHUNK])
    for start in range(_CHUNK, len(records), _CHUNK):
        for name, values in build(records[start : start + _CHUNK]).items():
            columns[name] += values
    return columns


def tables_that_tell(topic_suffix: str) -> list[str]:
    """The tables that hold one row for every record of a topic that has landed."""
    return list(dict.fromkeys(t.last for t in TARGETS.values() if t.topic_suffix == topic_suffix))

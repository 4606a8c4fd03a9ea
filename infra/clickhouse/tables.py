"""Which tables an event goes to, and which tables tell what of a topic has landed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from infra.clickhouse.failure_rows import alarm_columns, failure_point_columns
from infra.clickhouse.preference_rows import (
    forgotten_columns,
    moment_columns,
    outcome_columns,
    preference_change_columns,
    preference_columns,
    preference_tombstone_columns,
)
from infra.clickhouse.record import Record, StoredEvent
from infra.clickhouse.rewrite_rows import (
    decision_columns,
    rewrite_columns,
    rewrite_tombstone_columns,
    trial_columns,
    trial_tombstone_columns,
)
from infra.clickhouse.rows import (
    Columns,
    dead_letter_columns,
    dialogue_columns,
    explicit_feedback_columns,
    feedback_columns,
    playback_columns,
    verdict_columns,
)
from infra.clickhouse.tombstone import PreferenceTombstone, RewriteTombstone, TrialTombstone
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
from schemas.forgotten_person import ForgottenPerson
from schemas.preference import Preference
from schemas.preference_outcome import PreferenceOutcome
from schemas.rewrite import Rewrite
from schemas.rewrite_decision import RewriteDecision
from schemas.rewrite_trial import RewriteTrial
from schemas.teachable_moment import TeachableMoment
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
_REWRITES = Target(Rewrite.topic_suffix, (("rewrites", rewrite_columns),))
_REWRITES_TAKEN_BACK = Target(Rewrite.topic_suffix, (("rewrites", rewrite_tombstone_columns),))
_DECISIONS = Target(RewriteDecision.topic_suffix, (("rewrite_decisions", decision_columns),))
_TRIALS = Target(RewriteTrial.topic_suffix, (("rewrite_trials", trial_columns),))
_TRIALS_DROPPED = Target(RewriteTrial.topic_suffix, (("rewrite_trials", trial_tombstone_columns),))
_PREFERENCES = Target(
    Preference.topic_suffix, (("preference_changes", preference_change_columns), ("preferences", preference_columns))
)
_PREFERENCES_FORGOTTEN = Target(Preference.topic_suffix, (("preferences", preference_tombstone_columns),))
_OUTCOMES = Target(PreferenceOutcome.topic_suffix, (("preference_outcomes", outcome_columns),))
_MOMENTS = Target(TeachableMoment.topic_suffix, (("teachable_moments", moment_columns),))
_FORGOTTEN = Target(ForgottenPerson.topic_suffix, (("forgotten_people", forgotten_columns),))
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
    Rewrite: _REWRITES,
    RewriteTombstone: _REWRITES_TAKEN_BACK,
    RewriteDecision: _DECISIONS,
    RewriteTrial: _TRIALS,
    TrialTombstone: _TRIALS_DROPPED,
    Preference: _PREFERENCES,
    PreferenceTombstone: _PREFERENCES_FORGOTTEN,
    PreferenceOutcome: _OUTCOMES,
    TeachableMoment: _MOMENTS,
    ForgottenPerson: _FORGOTTEN,
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

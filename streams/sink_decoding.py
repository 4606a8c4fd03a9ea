"""From the records of every topic to what the store keeps."""

import logging
from collections.abc import Callable, Sequence
from functools import partial

from infra import telemetry
from infra.clickhouse.record import Record as Row
from infra.clickhouse.record import StoredEvent
from infra.clickhouse.tombstone import PreferenceTombstone, RewriteTombstone, Tombstone, TrialTombstone
from infra.settings import Settings
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
from schemas.turn import DeviceEvent
from streams.decoding import (
    Limits,
    Undecodable,
    decode,
    decode_alarm,
    decode_dead_letter,
    decode_dialogue,
    decode_failure_attribution,
    decode_feedback,
    decode_forgotten_person,
    decode_preference,
    decode_preference_outcome,
    decode_rewrite,
    decode_rewrite_decision,
    decode_rewrite_trial,
    decode_teachable_moment,
)
from streams.proof import proven_turn
from streams.record import Record

log = logging.getLogger(__name__)

ROLE = "sink"

TOPIC_SUFFIXES = (
    DeviceEvent.topic_suffix,
    FeedbackEvent.topic_suffix,
    Dialogue.topic_suffix,
    FailureAttribution.topic_suffix,
    Alarm.topic_suffix,
    Rewrite.topic_suffix,
    RewriteDecision.topic_suffix,
    RewriteTrial.topic_suffix,
    Preference.topic_suffix,
    PreferenceOutcome.topic_suffix,
    TeachableMoment.topic_suffix,
    ForgottenPerson.topic_suffix,
    DeadLetter.topic_suffix,
)
"""What the sink reads."""


class RowDecoder:
    """Turns records into rows. A turn event that is invalid is left out here: `detect` makes it a dead letter,
    by the same rule. What our own roles wrote and this version cannot read is counted and handed back to be a dead
    letter."""

    def __init__(self, settings: Settings) -> None:
        self._limits = Limits.of(settings)
        self._own_limits = Limits(max_event_bytes=16 << 20)
        self._decoders: dict[str, Callable[[Record], Row]] = {
            DeviceEvent.topic_suffix: self._turn_event,
            FeedbackEvent.topic_suffix: partial(self._derived, decode_feedback),
            Dialogue.topic_suffix: partial(self._derived, decode_dialogue),
            FailureAttribution.topic_suffix: partial(self._derived, decode_failure_attribution),
            Alarm.topic_suffix: partial(self._derived, decode_alarm),
            Rewrite.topic_suffix: partial(self._kept, decode_rewrite, RewriteTombstone),
            RewriteDecision.topic_suffix: partial(self._derived, decode_rewrite_decision),
            RewriteTrial.topic_suffix: partial(self._kept, decode_rewrite_trial, TrialTombstone),
            Preference.topic_suffix: partial(self._kept, decode_preference, PreferenceTombstone),
            PreferenceOutcome.topic_suffix: partial(self._derived, decode_preference_outcome),
            TeachableMoment.topic_suffix: partial(self._derived, decode_teachable_moment),
            ForgottenPerson.topic_suffix: partial(self._derived, decode_forgotten_person),
            DeadLetter.topic_suffix: self._dead_letter,
        }
        self._partition = 0

    def rows(
        self, topic_suffix: str, partition: int, records: Sequence[Record]
    ) -> tuple[list[Row], list[tuple[Record, Undecodable]]]:
        """(rows, records that one of our own roles wrote and that cannot be read)."""
        self._partition = partition
        row_of = self._decoders[topic_suffix]
        rows: list[Row] = []
        unreadable: list[tuple[Record, Undecodable]] = []
        for record in records:
            try:
                rows.append(row_of(record))
            except Undecodable as bad:
                if topic_suffix == DeviceEvent.topic_suffix:
                    telemetry.DROPPED.labels(ROLE, "dead letter of detect").inc()
                elif topic_suffix == DeadLetter.topic_suffix:
                    log.error(
                        "offset %d of the dead letters is no dead letter and is not stored: %s", record.offset, bad
                    )
                    telemetry.DROPPED.labels(ROLE, "no dead letter").inc()
                else:
                    unreadable.append((record, bad))
        return rows, unreadable

    def row(self, topic_suffix: str, partition: int, record: Record) -> Row:
        """The row of one record. Raises `Undecodable`; nothing is counted."""
        self._partition = partition
        return self._decoders[topic_suffix](record)

    def _turn_event(self, record: Record) -> Row:
        key, value, timestamp_ms = record.key, record.value, record.timestamp
        event = proven_turn(key, value, timestamp_ms, self._limits) or decode(key, value, timestamp_ms, self._limits)
        return Row(event, self._partition, record.offset, timestamp_ms)

    def _derived(self, decode_one: Callable[[bytes | None, bytes | None, Limits], StoredEvent], record: Record) -> Row:
        event = decode_one(record.key, record.value, self._own_limits)
        return Row(event, self._partition, record.offset, record.timestamp)

    def _kept(
        self,
        decode_one: Callable[[bytes | None, bytes | None, Limits], StoredEvent],
        tombstone: type[Tombstone],
        record: Record,
    ) -> Row:
        """Of a compacted topic, where a key without a value takes back what it held."""
        if record.value is None and record.key is not None:
            key = record.key.decode("utf-8", "replace")
            return Row(tombstone(key), self._partition, record.offset, record.timestamp)
        return self._derived(decode_one, record)

    def _dead_letter(self, record: Record) -> Row:
        letter = decode_dead_letter(record.headers)
        return Row(letter, self._partition, record.offset, record.timestamp, record.key, record.value)

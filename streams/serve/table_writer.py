"""Changes of the compacted topics that somebody asked for, each on the broker before it is called done."""

import threading
from datetime import UTC, datetime
from typing import Final

from kafka.partitioner.default import murmur2

from infra.kafka.errors import BrokerUnavailable
from infra.kafka.topics import (
    CHOICES,
    FORGOTTEN_PEOPLE,
    PREFERENCES,
    REWRITE_REFRESHES,
    REWRITE_TRIALS,
    REWRITES,
)
from infra.settings import Settings
from schemas.contract import derived_id
from schemas.forgotten_person import ForgottenPerson
from schemas.preference import Preference
from schemas.rewrite import Rewrite
from schemas.rewrite_refresh import RewriteRefresh
from streams.sending import RecordSender

_WAIT_S: Final = 5.0


class TableWriter:
    """Connects when it is first needed. Safe for threads. Every call raises `BrokerUnavailable` when the broker has
    not taken the records within five seconds; what it took by then stays."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._sender: RecordSender | None = None
        self._lock = threading.Lock()

    def put_rewrites(self, rewrites: list[Rewrite]) -> None:
        """Each takes the place of the one with its key."""
        topic = REWRITES.full_name(self._settings)
        self._send([(topic, one.key.encode(), one.to_bytes(), self._of_whom(one.user_id)) for one in rewrites])

    def remove_rewrites(self, keys: list[str], user_id: str | None = None) -> None:
        """Tombstones. `user_id`: whose they are; None for the global layer."""
        topic = REWRITES.full_name(self._settings)
        self._send([(topic, key.encode(), None, self._of_whom(user_id)) for key in keys])

    def put_refresh(self, refresh: RewriteRefresh) -> None:
        """Takes the place of the one of its domain."""
        self._send([(REWRITE_REFRESHES.full_name(self._settings), refresh.domain.encode(), refresh.to_bytes(), None)])

    def put_preference(self, preference: Preference) -> None:
        """Takes the place of the one with its key."""
        self._send([self._of_user(preference.user_id, preference.key, preference.to_bytes())])

    def remove_preferences(self, user_id: str, preference_ids: list[str]) -> None:
        """Tombstones."""
        self._send([self._of_user(user_id, f"{user_id}/{one}", None) for one in preference_ids])

    def remove_choices(self, user_id: str) -> None:
        """A tombstone."""
        self._send([(CHOICES.full_name(self._settings), user_id.encode(), None, self._of_whom(user_id))])

    def remove_trials(self, rewrite_ids: list[str]) -> None:
        """Tombstones."""
        topic = REWRITE_TRIALS.full_name(self._settings)
        self._send([(topic, one.encode(), None, None) for one in rewrite_ids])

    def tell_forgotten(self, user_id: str, asked_by: str) -> None:
        """Whoever keeps something of this person drops it."""
        now = datetime.now(UTC)
        wish = ForgottenPerson(
            event_id=derived_id("forgotten-person", user_id, now.isoformat()),
            occurred_at=now,
            user_id=user_id,
            asked_by=asked_by,
        )
        self._send([(FORGOTTEN_PEOPLE.full_name(self._settings), user_id.encode(), wish.to_bytes(), None)])

    def close(self) -> None:
        """Leave the broker."""
        with self._lock:
            if self._sender is not None:
                self._sender.close(_WAIT_S)
                self._sender = None

    def _of_user(self, user_id: str, key: str, value: bytes | None) -> tuple[str, bytes, bytes | None, int | None]:
        return PREFERENCES.full_name(self._settings), key.encode(), value, self._of_whom(user_id)

    def _of_whom(self, user_id: str | None) -> int | None:
        """What is a person's stands where all else of them does; what is nobody's, where its key says."""
        if user_id is None:
            return None
        return int((murmur2(user_id.encode()) & 0x7FFFFFFF) % self._settings.kafka_partitions)

    def _send(self, records: list[tuple[str, bytes, bytes | None, int | None]]) -> None:
        if not records:
            return
        left, done = [len(records)], threading.Event()

        def acknowledged(_partition: int, _offset: int) -> None:
            left[0] -= 1
            if not left[0]:
                done.set()

        with self._lock:
            if self._sender is None:
                self._sender = RecordSender(self._settings, max_block_s=_WAIT_S, delivery_timeout_s=2 * _WAIT_S)
            for topic, key, value, partition in records:
                self._sender.send(topic, key, value, name="a change", on_acknowledged=acknowledged, partition=partition)
        if not done.wait(_WAIT_S):
            raise BrokerUnavailable(f"the broker did not take {left[0]} of {len(records)} changes in {_WAIT_S:.0f} s")

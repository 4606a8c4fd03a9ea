"""Changes of the compacted topics that somebody asked for, each on the broker before it is called done."""

import threading
from typing import Final

from kafka.partitioner.default import murmur2

from infra.kafka.errors import BrokerUnavailable
from infra.kafka.topics import PREFERENCES, REWRITES
from infra.settings import Settings
from schemas.preference import Preference
from schemas.rewrite import Rewrite
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
        self._send([(topic, one.key.encode(), one.to_bytes(), None) for one in rewrites])

    def remove_rewrites(self, keys: list[str]) -> None:
        """Tombstones."""
        topic = REWRITES.full_name(self._settings)
        self._send([(topic, key.encode(), None, None) for key in keys])

    def put_preference(self, preference: Preference) -> None:
        """Takes the place of the one with its key."""
        self._send([self._of_user(preference.user_id, preference.key, preference.to_bytes())])

    def remove_preferences(self, user_id: str, preference_ids: list[str]) -> None:
        """Tombstones."""
        self._send([self._of_user(user_id, f"{user_id}/{one}", None) for one in preference_ids])

    def close(self) -> None:
        """Leave the broker."""
        with self._lock:
            if self._sender is not None:
                self._sender.close(_WAIT_S)
                self._sender = None

    def _of_user(self, user_id: str, key: str, value: bytes | None) -> tuple[str, bytes, bytes | None, int]:
        partition = (murmur2(user_id.encode()) & 0x7FFFFFFF) % self._settings.kafka_partitions
        return PREFERENCES.full_name(self._settings), key.encode(), value, int(partition)

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

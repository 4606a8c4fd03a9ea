"""What a device gateway uses to send its events."""

import threading
from types import TracebackType
from typing import Self

from infra.kafka.topics import TURN_EVENTS
from infra.settings import Settings
from schemas.turn import TurnEvent
from streams.decoding import Limits, Undecodable, decode
from streams.errors import StreamError
from streams.pseudonym import Pseudonyms
from streams.sending import RecordSender

_NO_CLOCK = -1


class EventRefused(StreamError):
    """The event would be a dead letter, so it is not sent; the text says why."""


class FleetProducer:
    """Sends device events to `turn-events`, a user's events in order, none lost without an error.

        with FleetProducer(settings) as fleet:
            fleet.send(turn)

    Idempotent, acknowledged by all replicas, compressed. User and device ids are replaced by pseudonyms under
    `settings.pseudonym_key`, unless `ids_are_pseudonyms` says that they are some already. At most `buffer_bytes`
    wait for the broker; when they do for longer than `max_block_s` seconds, `send` raises `BufferFull`. Thread-safe.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        ids_are_pseudonyms: bool = False,
        buffer_bytes: int = 32 << 20,
        max_block_s: float = 60.0,
        delivery_timeout_s: float = 120.0,
    ) -> None:
        self._pseudonyms = None if ids_are_pseudonyms else Pseudonyms.of(settings)
        self._limits = Limits.of(settings)
        self._topic = TURN_EVENTS.full_name(settings)
        self._lock = threading.Lock()
        self.sent = 0
        self._sender = RecordSender(
            settings,
            buffer_bytes=buffer_bytes,
            max_block_s=max_block_s,
            delivery_timeout_s=delivery_timeout_s,
        )
        try:
            self._sender.require_topic(self._topic)
        except StreamError:
            self._sender.close(0)
            raise

    @property
    def acknowledged(self) -> int:
        """Events that the broker has."""
        return self._sender.acknowledged

    def send(self, event: TurnEvent) -> None:
        """Hand one event over; returns before it is delivered.

        Raises `EventRefused` when the event is not valid or too large, `BufferFull` when the broker does not keep
        up; nothing is sent then. What fails later is raised by `flush` and `close`.
        """
        if self._pseudonyms is not None:
            event = self._pseudonyms.hide(event)
        key, value = event.user_id.encode(), event.to_bytes()
        try:
            # What the other side will do, so that a mistake shows here and not as a dead letter there.
            decode(key, value, _NO_CLOCK, self._limits)
        except Undecodable as error:
            raise EventRefused(f"event {event.event_id} is not sent: {error.reason}") from error
        self._sender.send(self._topic, key, value, name=f"event {event.event_id}")
        with self._lock:
            self.sent += 1

    def flush(self, timeout_s: float = 150.0) -> None:
        """Wait until the broker has every event. Raises `DeliveryFailed` with those that it does not have."""
        self._sender.flush(timeout_s)

    def close(self, timeout_s: float = 150.0) -> None:
        """Flush and end, within about `timeout_s` seconds. Raises `DeliveryFailed` as `flush` does."""
        self._sender.close(timeout_s)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._sender.__exit__(kind, error, trace)

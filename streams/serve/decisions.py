"""Tells every decision to its topic without making anybody wait: a bounded queue and a thread of its own."""

import logging
import threading
from collections import deque
from collections.abc import Callable
from typing import Final

from infra import telemetry
from infra.kafka.errors import BrokerUnavailable
from infra.kafka.topics import REWRITE_DECISIONS
from infra.settings import Settings
from schemas.rewrite_decision import RewriteDecision
from streams.sending import BufferFull, DeliveryFailed, RecordSender, TopicMissing

log = logging.getLogger(__name__)

MOST_WAITING: Final = 10_000
_AGAIN_S: Final = 1.0

_GATHER_S: Final = 0.05
"""Decisions are taken this often: a thread that woke for each would take the interpreter from those who decide."""

Told = Callable[[], RewriteDecision]


class DecisionLog:
    """`tell` never waits: a decision for which there is no room is dropped and counted."""

    def __init__(self, settings: Settings, most_waiting: int = MOST_WAITING) -> None:
        self.dropped = 0
        self._settings = settings
        self._topic = REWRITE_DECISIONS.full_name(settings)
        self._most_waiting = most_waiting
        self._waiting: deque[Told] = deque()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="decisions", daemon=True)

    def start(self) -> None:
        """Begin to send."""
        self._thread.start()

    def tell(self, decision: Told) -> None:
        """Hand over what makes a decision's record; it is made on the sending thread."""
        if len(self._waiting) < self._most_waiting:
            self._waiting.append(decision)
        else:
            self._drop(1)

    def stop(self, timeout_s: float = 5.0) -> None:
        """Send what waits, then end; gives up after `timeout_s`."""
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join(timeout_s)
        if self._waiting:
            log.warning("%d decisions were not told before the end", len(self._waiting))

    def _run(self) -> None:
        while self._waiting or not self._stopping.is_set():
            try:
                with RecordSender(self._settings, max_block_s=_AGAIN_S, delivery_timeout_s=10.0) as sender:
                    self._send(sender)
            except (BrokerUnavailable, BufferFull, TopicMissing) as fault:
                log.warning("decisions cannot be told, will try again: %s", fault)
                if self._stopping.wait(_AGAIN_S):
                    return
            except DeliveryFailed as failed:
                self._drop(failed.count)

    def _send(self, sender: RecordSender) -> None:
        sender.require_topic(self._topic)
        while self._waiting or not self._stopping.is_set():
            if not self._waiting:
                self._stopping.wait(_GATHER_S)
                continue
            decision = self._waiting.popleft()()
            try:
                sender.send(self._topic, decision.user_id.encode(), decision.to_bytes(), name="decision")
            except (BrokerUnavailable, BufferFull):
                self._drop(1)
                raise

    def _drop(self, count: int) -> None:
        self.dropped += count
        telemetry.DECISIONS_DROPPED.inc(count)

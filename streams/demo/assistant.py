"""The demo's assistant: asks for a rewrite before every turn that is played, as a real one would, and shows it.

A recording's answers are fixed, so what it gets changes nothing; such turns are of neither arm of a rewrite's trial.
"""

import logging
import threading
from typing import Final

import httpx
from pydantic import ValidationError

from infra.kafka.errors import BrokerUnavailable
from infra.kafka.topics import TURN_EVENTS
from infra.settings import Settings
from schemas.rewrite_decision import DecisionArm
from schemas.turn import TURN_EVENT, Turn
from streams.serve.asked import MOST_IN_A_BATCH, RewriteRequest, request_of
from streams.serve.client import ServeClient, ServeRefused
from streams.topic_reader import TopicReader, TopicRecord

log = logging.getLogger(__name__)

_POLL_MS: Final = 200
_AGAIN_S: Final = 0.5
_PATIENCE_S: Final = 2.0
"""An assistant would not wait so long, but a demo has all of the house on one machine."""


class DemoAssistant:
    """A thread that asks `serve` about every turn that comes on the topic from its start on."""

    def __init__(self, settings: Settings) -> None:
        self.asked = 0
        """requests that were answered"""
        self.rewritten = 0
        """of these, with a rewrite"""
        self._settings = settings
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="assistant", daemon=True)

    def start(self) -> None:
        """Begin; turns that were there before are not asked about. Raises `TopicMissing`, `BrokerUnavailable`."""
        self._reader = TopicReader(self._settings, [TURN_EVENTS.full_name(self._settings)], from_beginning=False)
        self._thread.start()

    def stop(self) -> None:
        """End."""
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join(2 * _PATIENCE_S)

    def _run(self) -> None:
        place = f"http://{self._settings.serve_host}:{self._settings.serve_port}"
        with self._reader, ServeClient(place, self._settings.serve_token, timeout_s=_PATIENCE_S) as client:
            while not self._stopping.is_set() and not _ready(place):
                self._stopping.wait(_AGAIN_S)
            while not self._stopping.is_set():
                try:
                    requests = [one for record in self._reader.read(_POLL_MS) if (one := _request(record)) is not None]
                    for start in range(0, len(requests), MOST_IN_A_BATCH):
                        self._ask(client, requests[start : start + MOST_IN_A_BATCH])
                except (BrokerUnavailable, ServeRefused) as fault:
                    log.warning("the demo's assistant asks no more: %s", fault)
                    return

    def _ask(self, client: ServeClient, requests: list[RewriteRequest]) -> None:
        answers = [one for one in client.rewrites(requests) if one.index_version != "none"]
        self.asked += len(answers)
        self.rewritten += sum(one.arm is DecisionArm.SERVED for one in answers)


def _ready(place: str) -> bool:
    try:
        return httpx.get(f"{place}/readyz", timeout=_PATIENCE_S).is_success
    except httpx.HTTPError:
        return False


def _request(record: TopicRecord) -> RewriteRequest | None:
    """What is asked about a record; None for what is no turn with words, or cannot be read, which `detect` tells."""
    try:
        event = TURN_EVENT.validate_json(record.value or b"")
    except ValidationError:
        return None
    if not isinstance(event, Turn) or not event.request:
        return None
    return request_of(event).model_copy(update={"deadline_ms": int(1000 * _PATIENCE_S)})

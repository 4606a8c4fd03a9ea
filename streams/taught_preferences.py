"""What people taught and chose, for `detect`: read from its topics when a partition is taken over. What they teach is
followed from then on, so that what was taught over HTTP counts as well, and so is who asks to be forgotten."""

import asyncio
import logging
import threading
from collections import deque
from datetime import UTC, datetime
from typing import Final

from kafka.errors import KafkaError as ClientError

from infra import telemetry
from infra.kafka.errors import BrokerUnavailable
from infra.kafka.topics import CHOICES, FORGOTTEN_PEOPLE, PREFERENCES
from infra.settings import Settings
from processors.choices import KnownChoices
from processors.obeyed import MOST, KnownPreferences
from schemas.choices import Choices
from schemas.forgotten_person import FORGOTTEN_PERSON, ForgottenPerson
from streams.compacted import wait_for
from streams.sending import TopicMissing
from streams.topic_reader import TopicReader, TopicRecord

log = logging.getLogger(__name__)

_AGAIN_S: Final = 2.0
_POLL_MS: Final = 200
_MOST_WAITING: Final = 3 * MOST
"""Records, of three topics, that wait for a partition on which nothing happens; the oldest are let go then."""


class TaughtPreferences:
    """What is known of one partition's people. `add` may be called by another thread than the rest."""

    def __init__(self) -> None:
        self.known = KnownPreferences()
        self.choices = KnownChoices()
        self._waiting: deque[TopicRecord] = deque(maxlen=_MOST_WAITING)
        self._owed: list[str] = []

    def add(self, record: TopicRecord) -> None:
        """A record has come; it counts from the next `take` on."""
        self._waiting.append(record)

    def take(self) -> None:
        """Take in what has come. A record that cannot be read is counted, told, and changes nothing."""
        while self._waiting:
            record = self._waiting.popleft()
            try:
                self._take(record)
            except ValueError as fault:
                telemetry.SERVED_INVALID.labels(record.topic).inc()
                log.warning(
                    "%s, partition %d, offset %d cannot be used: %s",
                    *(record.topic, record.partition, record.offset, type(fault).__name__),
                )

    def forgotten(self) -> list[str]:
        """Whose choices are to be forgotten on their topic too; each is told once."""
        owed, self._owed = self._owed, []
        return owed

    def _take(self, record: TopicRecord) -> None:
        key, at = (record.key or b"").decode(), record.timestamp_ms / 1000
        if record.topic.endswith(Choices.topic_suffix):
            self.choices.take(key, record.value, at)
        elif record.topic.endswith(ForgottenPerson.topic_suffix):
            user = FORGOTTEN_PERSON.validate_json(record.value or b"").user_id
            self.known.forget(user, datetime.fromtimestamp(at, UTC))
            if self.choices.forget(user, at):
                self._owed.append(user)
        else:
            self.known.take(key, record.value)


class PreferenceFollower:
    """A thread that reads the topic on, whatever becomes of the broker, for the partitions that are taken over."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._topics = [topic.full_name(settings) for topic in (PREFERENCES, FORGOTTEN_PEOPLE)]
        self._choices = CHOICES.full_name(settings)
        self._partitions: dict[int, TaughtPreferences] = {}
        self._offsets: dict[tuple[str, int], int] = {}
        self._stop = threading.Event()
        self._reading = threading.Event()
        self._thread = threading.Thread(target=self._run, name="taught", daemon=True)

    def start(self) -> None:
        """Begin to read, from now."""
        self._thread.start()

    def stop(self, timeout_s: float = 5.0) -> None:
        """End; waits for the record in hand."""
        self._stop.set()
        self._reading.set()
        if self._thread.ident is not None:
            self._thread.join(timeout_s)

    async def take_over(self, partition: int) -> TaughtPreferences:
        """The last that stands on a partition, and from now on what comes. Waits for as long as a broker is away.

        Raises `TopicMissing` when it is there and the topic is not.
        """
        # What comes while the partition is read waits, and is then taken once more, which changes nothing.
        taught = self._partitions[partition] = TaughtPreferences()
        await asyncio.to_thread(self._reading.wait)
        for record in await wait_for(lambda: self._read(partition), "what people taught"):
            taught.add(record)
        await asyncio.to_thread(taught.take)
        return taught

    def _read(self, partition: int) -> list[TopicRecord]:
        # No more than is kept of them: reading all of a million takes longer than people wait.
        topics = [*self._topics, self._choices]
        with TopicReader(self._settings, topics, partition=partition, last=MOST) as reader:
            return list(reader.rest())

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._follow()
            except (BrokerUnavailable, TopicMissing, ClientError, OSError) as fault:
                log.warning("what people teach is not followed until the broker is back: %s", fault)
                self._stop.wait(_AGAIN_S)

    def _follow(self) -> None:
        with TopicReader(self._settings, self._topics, from_beginning=False, starts=self._offsets) as reader:
            self._offsets = {**reader.ends, **self._offsets}
            self._reading.set()
            while not self._stop.is_set():
                for record in reader.read(_POLL_MS):
                    self._offsets[record.topic, record.partition] = record.offset + 1
                    taught = self._partitions.get(record.partition)
                    if taught is not None:
                        taught.add(record)

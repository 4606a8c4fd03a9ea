"""Keeps what is served current: follows the compacted topics, every partition, without a group."""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Final

from kafka.errors import KafkaError as ClientError
from pydantic import ValidationError

from infra import telemetry
from infra.kafka.errors import BrokerUnavailable
from infra.kafka.topics import FORGOTTEN_PEOPLE, PREFERENCES, REWRITES
from infra.settings import Settings
from models.rewrite.index import RewriteIndex
from processors.remembered_words import forget_words
from schemas.forgotten_person import FORGOTTEN_PERSON
from schemas.preference import PREFERENCE
from schemas.rewrite import REWRITE, RewriteLayer
from streams.sending import TopicMissing
from streams.serve.preference_book import PreferenceBook
from streams.serve.table import entry_of
from streams.topic_reader import TopicReader, TopicRecord

log = logging.getLogger(__name__)

_PERSONAL: Final = f"{RewriteLayer.PERSONAL.value}/"
_AGAIN_S: Final = (0.2, 0.5, 1.0, 2.0, 5.0)
_POLL_MS: Final = 50

WORDS_S: Final = 1.0
"""Words that are remembered go this soon after what was somebody's own is taken back; not with each record, or they
would be of no use while many are."""


TakeBack = Callable[[str, list[str]], None]
"""Takes preferences of a person back, by their ids."""


Forget = Callable[[], None]
"""Makes something that remembers words forget them; answers stay the same."""


class Tables:
    """Rewrites and preferences in memory, changed by the records of their topics."""

    def __init__(self, settings: Settings, index: RewriteIndex, book: PreferenceBook) -> None:
        self.index = index
        self.book = book
        self.rewrites_topic = REWRITES.full_name(settings)
        self.preferences_topic = PREFERENCES.full_name(settings)
        self.forgotten_topic = FORGOTTEN_PEOPLE.full_name(settings)
        self.forgotten = 0
        """people who asked to be forgotten, of whom there was something that may still lie in a snapshot"""
        self.take_back: TakeBack | None = None
        """told of a preference that came again after it was forgotten, so that the topic forgets it too"""
        self.offsets: dict[str, int] = {}
        """`topic/partition` -> the first offset that is not in them"""
        self.forgetters: list[Forget] = [index.forget_words, forget_words]
        """of all that remembers words beside what is in the tables"""
        self._taken_back = False
        self._words_forgotten_s = -WORDS_S

    @property
    def topics(self) -> list[str]:
        """All that change them."""
        return [self.rewrites_topic, self.preferences_topic, self.forgotten_topic]

    def take(self, record: TopicRecord) -> None:
        """Apply one record. One that cannot be read is counted, told, and changes nothing. Raises what `take_back`
        raises, and is to be asked again then."""
        try:
            if record.topic == self.rewrites_topic:
                self._take_rewrite(record)
            elif record.topic == self.preferences_topic:
                self._take_preference(record)
            else:
                self._take_forgotten(record)
            telemetry.SERVED_CHANGES.labels(record.topic).inc()
        except (ValidationError, UnicodeDecodeError, ValueError) as fault:
            telemetry.SERVED_INVALID.labels(record.topic).inc()
            log.warning(
                "%s, partition %d, offset %d cannot be used: %s",
                *(record.topic, record.partition, record.offset, type(fault).__name__),
            )
        self.offsets[f"{record.topic}/{record.partition}"] = record.offset + 1

    def starts(self) -> Mapping[tuple[str, int], int]:
        """Where to read on."""
        places = (name.rpartition("/") for name in self.offsets)
        return {(topic, int(number)): self.offsets[f"{topic}/{number}"] for topic, _, number in places}

    def forget_words(self, now_s: float) -> None:
        """Have all remembered words forgotten if something of a person's own was taken back, once in `WORDS_S`."""
        if self._taken_back and now_s - self._words_forgotten_s >= WORDS_S:
            self._taken_back, self._words_forgotten_s = False, now_s
            for forget in self.forgetters:
                forget()

    def _take_rewrite(self, record: TopicRecord) -> None:
        key = (record.key or b"").decode()
        if record.value is None:
            self._taken_back |= key.startswith(_PERSONAL)
            self.index.remove(key)
            return
        self.index.put(entry_of(REWRITE.validate_json(record.value)))

    def _take_preference(self, record: TopicRecord) -> None:
        if record.value is None:
            self._taken_back = True
            user, _, preference_id = (record.key or b"").decode().rpartition("/")
            self.book.forget(user, preference_id, datetime.fromtimestamp(record.timestamp_ms / 1000, UTC))
            return
        preference = PREFERENCE.validate_json(record.value)
        if not self.book.put(preference, record.value) and self.take_back is not None:
            self.take_back(preference.user_id, [preference.event_id])

    def _take_forgotten(self, record: TopicRecord) -> None:
        """Drop what is held of a person from before they asked for it; what they did since stays."""
        user = FORGOTTEN_PERSON.validate_json(record.value or b"").user_id
        gone = len(self.book.forget_person(user, datetime.fromtimestamp(record.timestamp_ms / 1000, UTC)))
        own = self.index.of_user(user)
        older = [entry.key for entry in own if entry.last_seen_ms <= record.timestamp_ms]
        if older and len(older) == len(own):
            self.index.forget(user)
        else:
            for key in older:
                self.index.remove(key)
        self.forgotten += bool(gone or older)
        self._taken_back = True


class Feed:
    """A thread that reads on for as long as it is not stopped, whatever becomes of the broker."""

    def __init__(self, settings: Settings, tables: Tables) -> None:
        self.tables = tables
        self.caught_up = threading.Event()
        """set once everything that was on the topics at the start has been taken"""
        self.problem: str | None = None
        """why nothing new comes at present"""
        self._settings = settings
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="feed", daemon=True)

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        return self._thread.is_alive()

    def start(self) -> None:
        """Begin to read."""
        self._thread.start()

    def stop(self, timeout_s: float = 5.0) -> None:
        """End; waits for the record in hand."""
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join(timeout_s)

    def _run(self) -> None:
        failures = 0
        while not self._stop.is_set():
            try:
                follow(self._settings, self.tables, self._stop.is_set, self._read_all)
                failures = 0
            except (BrokerUnavailable, TopicMissing, ClientError, OSError) as fault:
                if self.problem is None:
                    log.warning("nothing new is learned until the broker is back: %s", fault)
                self.problem = str(fault)
                self._stop.wait(_AGAIN_S[min(failures, len(_AGAIN_S) - 1)])
                failures += 1

    def _read_all(self) -> None:
        self.problem = None
        if not self.caught_up.is_set():
            self.caught_up.set()
            telemetry.SERVE_READY.set(1)
            log.info("caught up: %d rewrites, %d preferences", len(self.tables.index), len(self.tables.book))
        telemetry.SERVED_ENTRIES.labels("rewrite").set(len(self.tables.index))
        telemetry.SERVED_ENTRIES.labels("preference").set(len(self.tables.book))


def follow(
    settings: Settings, tables: Tables, stopped: Callable[[], bool], at_the_end: Callable[[], None] = lambda: None
) -> None:
    """Take records from where the tables stand until `stopped`. `at_the_end` is called whenever all that was there at
    the start is taken. Raises `TopicMissing`, `BrokerUnavailable`."""
    with TopicReader(settings, tables.topics, starts=tables.starts()) as reader:
        while not stopped():
            for record in reader.read(_POLL_MS):
                tables.take(record)
                if stopped():
                    return
            tables.forget_words(time.monotonic())
            if reader.at_the_end:
                at_the_end()


def catch_up(settings: Settings, tables: Tables) -> float:
    """Take what is on the topics now; returns the seconds it took. Raises `TopicMissing`, `BrokerUnavailable`."""
    began, done = time.monotonic(), threading.Event()
    follow(settings, tables, done.is_set, done.set)
    return time.monotonic() - began

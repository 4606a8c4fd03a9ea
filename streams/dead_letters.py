"""The records nobody could use: looking at them, and putting them back."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError as ClientError
from kafka.structs import OffsetAndMetadata

from infra.kafka.connection import kafka_python_options
from infra.kafka.errors import BrokerUnavailable
from infra.kafka.topics import DEAD_LETTERS
from infra.settings import Settings
from schemas.dead_letter import DEAD_LETTER_HEADER, REPLAY_COUNT_HEADER, DeadLetter, DeadLetterCause
from streams.decoding import Undecodable, decode_dead_letter
from streams.errors import StreamError
from streams.sending import RecordSender
from streams.topic_reader import TopicReader, TopicRecord

MOST_REPLAYS: Final = 3


class NoSuchLetter(StreamError):
    """No dead letter has this id, or more than one begins with it."""


@dataclass(frozen=True, slots=True)
class StoredLetter:
    """A dead letter with the raw bytes of the record, and where it stands on the topic of dead letters."""

    letter: DeadLetter
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]
    partition: int
    offset: int


@dataclass(frozen=True, slots=True)
class Selection:
    """Which dead letters: all of these hold. `event_id` may be the beginning of one."""

    event_id: str | None = None
    cause: DeadLetterCause | None = None
    since: datetime | None = None

    def takes(self, letter: DeadLetter) -> bool:
        """Whether `letter` is selected."""
        return (
            (self.event_id is None or letter.event_id.startswith(self.event_id))
            and (self.cause is None or letter.cause is self.cause)
            and (self.since is None or letter.occurred_at >= self.since)
        )

    @property
    def everything(self) -> bool:
        """Whether nothing is left out."""
        return self.event_id is None and self.cause is None and self.since is None


@dataclass(slots=True)
class Replayed:
    """What a replay did. `refused` had been replayed too often before."""

    sent: int = 0
    acknowledged: int = 0
    refused: int = 0


def read_letters(
    settings: Settings, selection: Selection | None = None, *, starts: dict[tuple[str, int], int] | None = None
) -> Iterator[StoredLetter]:
    """The selected dead letters, oldest first, each once. `starts`: (topic, partition) -> offset to begin at."""
    wanted = selection or Selection()
    seen: set[str] = set()
    with TopicReader(settings, [DEAD_LETTERS.full_name(settings)], starts=starts) as reader:
        for record in reader.rest():
            stored = _stored(record)
            if stored is None or stored.letter.event_id in seen or not wanted.takes(stored.letter):
                continue
            seen.add(stored.letter.event_id)
            yield stored


def find_letter(settings: Settings, event_id: str) -> StoredLetter:
    """The dead letter whose id is, or begins with, `event_id`. Raises `NoSuchLetter`."""
    found = list(read_letters(settings, Selection(event_id=event_id)))
    exact = [stored for stored in found if stored.letter.event_id == event_id]
    if len(found) == 1 or exact:
        return (exact or found)[0]
    if not found:
        raise NoSuchLetter(f"there is no dead letter {event_id}; `earshot dead-letters list` shows those there are")
    raise NoSuchLetter(f"{len(found)} dead letters begin with {event_id}; give more of the id")


def replay_letters(
    settings: Settings,
    selection: Selection,
    *,
    limit: int | None = None,
    most_replays: int = MOST_REPLAYS,
    from_beginning: bool = False,
    on_letter: Callable[[StoredLetter, bool], None] = lambda _letter, _sent: None,
    dry_run: bool = False,
) -> Replayed:
    """Put the raw bytes of dead letters back on the topics they came from, with a replay count one higher.

    A replay of everything begins where the last one ended, and its end is remembered only when the broker has every
    record; a selection or `from_beginning` looks at all letters and remembers nothing. A letter that was replayed
    `most_replays` times stays where it is: what is wrong with it is not going to pass. `on_letter` is told of each
    letter and whether it is sent. Raises `DeliveryFailed`, `TopicMissing` or `BrokerUnavailable`.
    """
    done = Replayed()
    resumable = selection.everything and not from_beginning
    place = _Place(settings) if resumable else None
    try:
        ends: dict[int, int] = {}
        letters = read_letters(settings, selection, starts=place.starts() if place else None)
        with RecordSender(settings) as sender:
            for stored in letters:
                if limit is not None and done.sent >= limit:
                    break
                sent = stored.letter.replay_count < most_replays and stored.letter.topic != place_of_letters(settings)
                if sent and not dry_run:
                    _put_back(sender, stored)
                done.sent += sent
                done.refused += not sent
                ends[stored.partition] = stored.offset + 1
                on_letter(stored, sent)
            sender.flush()
            done.acknowledged = sender.acknowledged
        if place is not None and not dry_run:
            place.remember(ends)
    finally:
        if place is not None:
            place.close()
    return done


def place_of_letters(settings: Settings) -> str:
    """The topic of dead letters."""
    return DEAD_LETTERS.full_name(settings)


def _put_back(sender: RecordSender, stored: StoredLetter) -> None:
    kept = [(name, value) for name, value in stored.headers if name not in (DEAD_LETTER_HEADER, REPLAY_COUNT_HEADER)]
    count = str(stored.letter.replay_count + 1).encode()
    sender.send(
        stored.letter.topic,
        stored.key,
        stored.value,
        headers=[*kept, (REPLAY_COUNT_HEADER, count)],
        name=f"dead letter {stored.letter.event_id}",
    )


def _stored(record: TopicRecord) -> StoredLetter | None:
    try:
        letter = decode_dead_letter(record.headers)
    except Undecodable:
        return None
    return StoredLetter(letter, record.key, record.value, record.headers, record.partition, record.offset)


class _Place:
    """Where the last replay of everything ended, kept as the offsets of a consumer group that nobody joins."""

    def __init__(self, settings: Settings) -> None:
        self._topic = place_of_letters(settings)
        try:
            self._consumer: Any = KafkaConsumer(
                **kafka_python_options(settings),
                group_id=f"{settings.group_prefix}.dead-letter-replay",
                enable_auto_commit=False,
                bootstrap_timeout_ms=10_000,
                allow_auto_create_topics=False,
                metrics_enabled=False,
            )
        except ClientError as error:
            raise BrokerUnavailable(
                f"no Kafka broker answers at {settings.kafka_bootstrap}; start one with `earshot up` or set "
                f"EARSHOT_KAFKA_BOOTSTRAP ({type(error).__name__})"
            ) from error

    def starts(self) -> dict[tuple[str, int], int]:
        partitions = [
            TopicPartition(self._topic, number) for number in self._consumer.partitions_for_topic(self._topic) or ()
        ]
        self._consumer.assign(partitions)
        committed = {partition: self._consumer.committed(partition) for partition in partitions}
        return {(self._topic, p.partition): offset for p, offset in committed.items() if offset is not None}

    def remember(self, ends: dict[int, int]) -> None:
        offsets = {TopicPartition(self._topic, number): OffsetAndMetadata(end, "", -1) for number, end in ends.items()}
        if offsets:
            self._consumer.commit(offsets)

    def close(self) -> None:
        self._consumer.close()

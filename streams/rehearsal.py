"""A recording straight through the processors: no Kafka, no clock, the same every time."""

from collections import Counter, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from infra.settings import Settings
from schemas.clock_skew import CLOCK_SKEW, ClockSkew
from schemas.dead_letter import DEAD_LETTER_HEADER, DeadLetter
from schemas.dialogue import DIALOGUE, Dialogue
from schemas.feedback import FEEDBACK, Feedback, FeedbackEvent
from schemas.turn import DeviceEvent
from streams.decoding import decode_dead_letter
from streams.delivery import Committed, Message, Outcome
from streams.detect_partition import DetectPartition
from streams.recording import Line, Mark, MarkKind, Record

_NOTHING_COMMITTED = Committed(-1)


@dataclass(frozen=True, slots=True)
class _Delivered:
    """A recorded record at its offset."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]]


@dataclass(slots=True)
class Heard:
    """What the processors said in the end: of each event its last revision."""

    feedback: dict[str, Feedback] = field(default_factory=dict)
    dialogues: dict[str, Dialogue] = field(default_factory=dict)
    dead_letters: dict[str, DeadLetter] = field(default_factory=dict)
    dropped: Counter[str] = field(default_factory=Counter)
    records: int = 0
    crashes: int = 0
    other_topics: int = 0

    @property
    def standing(self) -> list[Feedback]:
        """Feedback that was not taken back."""
        return [event for event in self.feedback.values() if not event.retracted]

    def hear(self, message: Message) -> None:
        """Take note of a message as the store would: the highest revision of an id stays."""
        if any(name == DEAD_LETTER_HEADER for name, _ in message.headers):
            letter = decode_dead_letter(message.headers)
            self.dead_letters[letter.event_id] = letter
        elif message.value is not None and message.topic.endswith(FeedbackEvent.topic_suffix):
            signal = FEEDBACK.validate_json(message.value)
            known = self.feedback.get(signal.event_id)
            if known is None or signal.revision >= known.revision:
                self.feedback[signal.event_id] = signal
        elif message.value is not None and message.topic.endswith(Dialogue.topic_suffix):
            dialogue = DIALOGUE.validate_json(message.value)
            before = self.dialogues.get(dialogue.event_id)
            if before is None or dialogue.revision >= before.revision:
                self.dialogues[dialogue.event_id] = dialogue


class _Partition:
    """`detect` for one partition, with the records that a restart would have to read again."""

    def __init__(self, settings: Settings, number: int, batch_records: int, heard: Heard) -> None:
        self._settings = settings
        self._number = number
        self._batch_records = batch_records
        self._heard = heard
        self._next_offset = 0
        self._waiting: list[_Delivered] = []
        self._behind: deque[_Delivered] = deque()
        self._committed = _NOTHING_COMMITTED
        self._acknowledged = _NOTHING_COMMITTED
        self._detect = DetectPartition(settings, number, _NOTHING_COMMITTED)
        self._skews: dict[str, ClockSkew] = {}
        self._last_ms = 0

    def take(self, record: Record) -> None:
        self._waiting.append(
            _Delivered(self._next_offset, record.timestamp_ms, record.key, record.value, record.headers)
        )
        self._next_offset += 1
        self._last_ms = max(self._last_ms, record.timestamp_ms)
        if len(self._waiting) >= self._batch_records:
            self.process()

    def process(self) -> None:
        """Process what waits, acknowledge what it says, and commit what was acknowledged before."""
        if not self._waiting:
            return
        batch, self._waiting = self._waiting, []
        self._behind.extend(batch)
        self._tell(self._detect.process(batch))

    def pause(self, until_ms: int | None) -> None:
        """Nothing came until then, or for as long as any dialogue may wait."""
        self.process()
        longest = self._settings.dialogue_limit
        silent = longest if until_ms is None else timedelta(milliseconds=max(0, until_ms - self._last_ms))
        self._tell(self._detect.idle(silent))

    def crash(self) -> None:
        """Die after the last batch was acknowledged and before it was committed; begin again from the commit."""
        self.process()
        self._heard.dropped.update(self._detect.dropped)
        self._detect = DetectPartition(self._settings, self._number, self._committed, self._skews.values())
        self._acknowledged = self._committed
        again = list(self._behind)
        self._behind.clear()
        for start in range(0, len(again), self._batch_records):
            batch = again[start : start + self._batch_records]
            self._behind.extend(batch)
            self._tell(self._detect.process(batch))

    def end(self) -> None:
        self.pause(None)
        self._heard.dropped.update(self._detect.dropped)

    def _tell(self, outcome: Outcome) -> None:
        for message in outcome.messages:
            self._heard.hear(message)
            if message.value is not None and message.topic.endswith(ClockSkew.topic_suffix):
                skew = CLOCK_SKEW.validate_json(message.value)
                self._skews[skew.device_id] = skew
        self._committed, self._acknowledged = self._acknowledged, outcome.position
        while self._behind and self._behind[0].offset < self._committed.offset:
            self._behind.popleft()


def rehearse(lines: Iterable[Line], settings: Settings, batch_records: int = 500) -> Heard:
    """What `detect` says of a recording.

    A crash begins again from the position that was committed one batch before; a pause closes what waits for
    silence; at the end every dialogue is closed. The size of a batch makes no difference to the result.
    """
    heard = Heard()
    partitions: dict[int, _Partition] = {}
    for line in lines:
        if isinstance(line, Mark):
            if line.kind is MarkKind.END:
                break
            for partition in partitions.values():
                if line.kind is MarkKind.PAUSE:
                    partition.pause(line.timestamp_ms)
                else:
                    partition.crash()
            heard.crashes += line.kind is MarkKind.CRASH
            continue
        heard.records += 1
        if line.topic != DeviceEvent.topic_suffix:
            heard.other_topics += 1
            continue
        number = line.partition or 0
        if number not in partitions:
            partitions[number] = _Partition(settings, number, batch_records, heard)
        partitions[number].take(line)
    for partition in partitions.values():
        partition.end()
    return heard

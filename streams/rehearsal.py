"""A recording straight through the processors: no Kafka, no clock, the same every time."""

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol

from infra.settings import Settings
from processors.failure_point import FailureJudge
from schemas.clock_skew import CLOCK_SKEW, ClockSkew
from schemas.dead_letter import DEAD_LETTER_HEADER, DeadLetter
from schemas.dialogue import DIALOGUE, Dialogue
from schemas.failure_point import FAILURE_ATTRIBUTION, FailureAttribution
from schemas.feedback import FEEDBACK, Feedback, FeedbackEvent
from schemas.turn import DeviceEvent
from streams.classify_partition import JudgedPartition
from streams.decoding import decode_dead_letter
from streams.delivery import Committed, Message, Outcome
from streams.detect_partition import DetectPartition
from streams.record import Record as Delivered
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
    attributions: dict[str, FailureAttribution] = field(default_factory=dict)
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
        elif message.value is not None and message.topic.endswith(FailureAttribution.topic_suffix):
            attribution = FAILURE_ATTRIBUTION.validate_json(message.value)
            told = self.attributions.get(attribution.event_id)
            if told is None or attribution.revision >= told.revision:
                self.attributions[attribution.event_id] = attribution


class _State(Protocol):
    """A role's state for one partition."""

    dropped: Counter[str]

    def process(self, records: Sequence[Delivered]) -> Outcome: ...
    def idle(self, idle: timedelta) -> Outcome: ...


class _Partition:
    """A role on one partition, with the records that a restart would have to read again."""

    def __init__(
        self,
        begin: Callable[[Committed, Iterable[ClockSkew]], _State],
        settings: Settings,
        batch_records: int,
        heard: Heard,
    ) -> None:
        """`begin`: a worker's state from what was committed and what was told of devices' clocks."""
        self._begin = begin
        self._settings = settings
        self._batch_records = batch_records
        self._heard = heard
        self._next_offset = 0
        self._waiting: list[_Delivered] = []
        self._behind: deque[_Delivered] = deque()
        self._committed = _NOTHING_COMMITTED
        self._acknowledged = _NOTHING_COMMITTED
        self._state = begin(_NOTHING_COMMITTED, ())
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
        self._tell(self._state.process(batch))

    def pause(self, until_ms: int | None) -> None:
        """Nothing came until then, or for as long as any dialogue may wait."""
        self.process()
        longest = self._settings.dialogue_limit
        silent = longest if until_ms is None else timedelta(milliseconds=max(0, until_ms - self._last_ms))
        self._tell(self._state.idle(silent))

    def crash(self) -> None:
        """Die after the last batch was acknowledged and before it was committed; begin again from the commit."""
        self.process()
        self._heard.dropped.update(self._state.dropped)
        self._state = self._begin(self._committed, self._skews.values())
        self._acknowledged = self._committed
        again = list(self._behind)
        self._behind.clear()
        for start in range(0, len(again), self._batch_records):
            batch = again[start : start + self._batch_records]
            self._behind.extend(batch)
            self._tell(self._state.process(batch))

    def end(self) -> None:
        self.pause(None)
        self._heard.dropped.update(self._state.dropped)

    def _tell(self, outcome: Outcome) -> None:
        for message in outcome.messages:
            self._heard.hear(message)
            if message.value is not None and message.topic.endswith(ClockSkew.topic_suffix):
                skew = CLOCK_SKEW.validate_json(message.value)
                self._skews[skew.device_id] = skew
        self._committed, self._acknowledged = self._acknowledged, outcome.position
        while self._behind and self._behind[0].offset < self._committed.offset:
            self._behind.popleft()


def rehearse(
    lines: Iterable[Line], settings: Settings, batch_records: int = 500, judge: FailureJudge | None = None
) -> Heard:
    """What `detect` says of a recording and, with a judge of failure points, `classify`.

    A crash begins again from the position that was committed one batch before; a pause closes what waits for
    silence; at the end every dialogue is closed. The size of a batch makes no difference to the result.
    """
    heard = Heard()
    partitions: dict[int, list[_Partition]] = {}
    for line in lines:
        if isinstance(line, Mark):
            if line.kind is MarkKind.END:
                break
            for partition in _every(partitions):
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
            partitions[number] = [
                _Partition(begin, settings, batch_records, heard) for begin in _roles(settings, number, judge)
            ]
        for partition in partitions[number]:
            partition.take(line)
    for partition in _every(partitions):
        partition.end()
    return heard


def _roles(
    settings: Settings, number: int, judge: FailureJudge | None
) -> Iterator[Callable[[Committed, Iterable[ClockSkew]], _State]]:
    """How each role begins on a partition."""
    yield lambda committed, skews: DetectPartition(settings, number, committed, skews)
    if judge is not None:
        yield lambda committed, _: JudgedPartition(settings, number, committed, judge)


def _every(partitions: Mapping[int, Sequence[_Partition]]) -> Iterator[_Partition]:
    for roles in partitions.values():
        yield from roles

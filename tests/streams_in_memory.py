"""`detect` and `classify` on a log in memory: the delivery core without a network, and a store that keeps what a sink
would keep."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha1
from typing import NamedTuple

from infra.settings import Settings
from processors.failure_case import FailureCase
from processors.failure_point import FailureJudge
from schemas.clock_skew import CLOCK_SKEW, ClockSkew
from schemas.dead_letter import DEAD_LETTER_HEADER, DeadLetter
from schemas.dialogue import DIALOGUE, Dialogue
from schemas.failure_point import FAILURE_ATTRIBUTION, FailureAttribution, FailurePoint
from schemas.feedback import FEEDBACK, Feedback, FeedbackEvent
from streams.classify_partition import JudgedPartition
from streams.decoding import decode_dead_letter
from streams.delivery import Committed, Entry, Ledger, Message
from streams.detect_partition import DetectPartition

NOTHING_COMMITTED = Committed(-1)
FOREVER = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class LogRecord:
    """A record at its place in a partition."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]] = ()


class Arrival(NamedTuple):
    """What a producer hands to the broker, and when the broker appends it (ms since the epoch)."""

    appended_ms: int
    key: bytes | None
    value: bytes | None


def log_of(arrivals: Iterable[Arrival]) -> list[LogRecord]:
    """A partition that holds `arrivals` in their order."""
    return [LogRecord(offset, *arrival) for offset, arrival in enumerate(arrivals)]


class RevisedDifferently(AssertionError):
    """Two events carry the same id and revision and say different things."""


@dataclass
class StoreModel:
    """What the store shows once everything is merged: of each id the highest revision, of each turn its verdict."""

    feedback: dict[str, Feedback] = field(default_factory=dict)
    dialogues: dict[str, Dialogue] = field(default_factory=dict)
    dead_letters: dict[str, tuple[DeadLetter, bytes | None, bytes | None]] = field(default_factory=dict)
    verdicts: dict[str, tuple[int, str]] = field(default_factory=dict)
    skews: dict[str, ClockSkew] = field(default_factory=dict)
    attributions: dict[str, FailureAttribution] = field(default_factory=dict)
    taken: list[Message] = field(default_factory=list)

    def take(self, message: Message, rounding: float = 0.0) -> None:
        """Write one message, as the sink does. Probabilities of failure points may differ by `rounding`."""
        self.taken.append(message)
        if any(name == DEAD_LETTER_HEADER for name, _ in message.headers):
            letter = decode_dead_letter(message.headers)
            self.dead_letters[letter.event_id] = (letter, message.key, message.value)
        elif message.topic.endswith(FeedbackEvent.topic_suffix):
            self._keep_signal(FEEDBACK.validate_json(message.value or b""))
        elif message.topic.endswith(ClockSkew.topic_suffix):
            skew = CLOCK_SKEW.validate_json(message.value or b"")
            self.skews[skew.device_id] = skew
        elif message.topic.endswith(FailureAttribution.topic_suffix):
            self._keep_attribution(FAILURE_ATTRIBUTION.validate_json(message.value or b""), rounding)
        else:
            assert message.topic.endswith(Dialogue.topic_suffix), message.topic
            self._keep_dialogue(DIALOGUE.validate_json(message.value or b""))

    def _keep_signal(self, signal: Feedback) -> None:
        known = self.feedback.get(signal.event_id)
        if known is not None and known.revision == signal.revision and known != signal:
            raise RevisedDifferently(f"{known} and {signal}")
        if known is None or signal.revision > known.revision:
            self.feedback[signal.event_id] = signal

    def _keep_dialogue(self, dialogue: Dialogue) -> None:
        known = self.dialogues.get(dialogue.event_id)
        if known is not None and known.revision == dialogue.revision and _labels(known) != _labels(dialogue):
            raise RevisedDifferently(f"{known} and {dialogue}")
        if known is None or dialogue.revision > known.revision:
            self.dialogues[dialogue.event_id] = dialogue
        for turn in dialogue.turns:
            before = self.verdicts.get(turn.turn_id)
            if before is None or dialogue.revision >= before[0]:
                self.verdicts[turn.turn_id] = (dialogue.revision, turn.model_dump_json())

    def _keep_attribution(self, attribution: FailureAttribution, rounding: float) -> None:
        known = self.attributions.get(attribution.event_id)
        if known is not None and known.revision == attribution.revision and not alike(known, attribution, rounding):
            raise RevisedDifferently(f"{known} and {attribution}")
        if known is None or attribution.revision > known.revision:
            self.attributions[attribution.event_id] = attribution

    @property
    def live(self) -> list[Feedback]:
        """Feedback that was not taken back."""
        return [signal for signal in self.feedback.values() if not signal.retracted]

    def same_rows(self) -> Mapping[str, Mapping[str, object]]:
        """Everything, with ids and revisions. How a dialogue ended is left out: a silence that is seen on the clock
        may be told before the limit that the log shows later."""
        return {
            "feedback": {key: signal.model_dump() for key, signal in self.feedback.items()},
            "dialogues": {key: _labels(dialogue) for key, dialogue in self.dialogues.items()},
            "verdicts": self.verdicts,
            "dead letters": self.dead_letters,
            "failure points": {key: attribution.model_dump() for key, attribution in self.attributions.items()},
        }

    def same_content(self) -> Mapping[str, object]:
        """What a reader sees, without the ids and revisions that follow from the order of arrival."""
        return {
            "feedback": {signal.event_id: signal.model_dump(exclude={"revision"}) for signal in self.live},
            "dialogues": sorted(
                (
                    dialogue.model_dump_json(exclude={"event_id", "revision", "closed_by"})
                    for dialogue in self.dialogues.values()
                ),
            ),
            "verdicts": {turn: said for turn, (_, said) in self.verdicts.items()},
            "failure points": {
                attribution.turn_id: attribution.model_dump(exclude={"revision"})
                for attribution in self.attributions.values()
            },
        }


def alike(one: FailureAttribution, other: FailureAttribution, rounding: float = 0.0) -> bool:
    """The same, but for the rounding of probabilities."""
    return (
        one.model_copy(update={"probabilities": {}}) == other.model_copy(update={"probabilities": {}})
        and one.probabilities.keys() == other.probabilities.keys()
        and all(abs(share - other.probabilities[point]) <= rounding for point, share in one.probabilities.items())
    )


def _labels(dialogue: Dialogue) -> dict[str, object]:
    return dialogue.model_dump(exclude={"closed_by"})


@dataclass(slots=True)
class _UnderWay:
    entry: Entry
    messages: list[Message]


class Said(NamedTuple):
    """A judgement."""

    failure_point: FailurePoint | None
    probabilities: tuple[float, ...]
    abstained: str | None = None


class ArbitraryJudge:
    """Says of a case what its every detail decides, and nothing but the case."""

    version = "arbitrary/1"

    def judge(self, cases: Sequence[FailureCase]) -> list[Said]:
        return [self._of(case) for case in cases]

    @staticmethod
    def _of(case: FailureCase) -> Said:
        digest = sha1(repr(case).encode(), usedforsecurity=False).digest()
        points = list(FailurePoint)
        total = sum(digest[: len(points)]) or 1
        probabilities = tuple(round(part / total, 4) for part in digest[: len(points)])
        if digest[-1] % 4 == 0:
            return Said(None, probabilities, "cannot tell")
        return Said(points[probabilities.index(max(probabilities))], probabilities)


class DetectOnLog:
    """One partition's worker after another, each begun from what the last one committed.

    A batch is processed at once; its messages reach the store when they are acknowledged, or perhaps although they
    never were.
    """

    def __init__(
        self, settings: Settings, log: Sequence[LogRecord], store: StoreModel | None = None, partition: int = 0
    ) -> None:
        self.settings = settings
        self.log = log
        self.partition = partition
        self.store = store or StoreModel()
        self.committed = NOTHING_COMMITTED
        self.generation = 0
        self._ghosts: list[Message] = []
        self._begin()

    def _begin(self) -> None:
        self.generation += 1
        self.state = self._state()
        self.ledger = Ledger(self.generation)
        self.position = max(self.committed.offset, 0)
        self._under_way: list[_UnderWay] = []

    def _state(self) -> DetectPartition | JudgedPartition:
        return DetectPartition(self.settings, self.partition, self.committed, self.store.skews.values())

    @property
    def at_end(self) -> bool:
        return self.position >= len(self.log)

    @property
    def in_flight(self) -> int:
        return len(self._under_way)

    def poll(self, most: int) -> None:
        """Read and process at most `most` records."""
        batch = self.log[self.position : self.position + most]
        if batch:
            outcome = self.state.process(batch)
            self.position = batch[-1].offset + 1
            self._under_way.append(_UnderWay(self.ledger.open(outcome.position), outcome.messages))

    def idle(self, silent: timedelta) -> None:
        """Nothing came for that long."""
        outcome = self.state.idle(silent)
        if outcome.messages:
            self._under_way.append(_UnderWay(self.ledger.open(outcome.position), outcome.messages))

    def acknowledge(self, which: int) -> None:
        """All messages of one batch under way are on the log."""
        if self._under_way:
            done = self._under_way.pop(which % len(self._under_way))
            for message in done.messages:
                self.store.take(message)
            self.ledger.close(done.entry)

    def commit(self) -> None:
        ready = self.ledger.ready
        if ready is not None:
            assert len(ready.metadata.encode()) <= 4096
            self.committed = ready
            self.ledger.on_committed(ready)

    def crash(self) -> None:
        """SIGKILL, or a rebalance: another worker begins. What was under way may still reach the log."""
        self._ghosts += [message for batch in self._under_way for message in batch.messages]
        self._begin()

    def haunt(self, share: int) -> None:
        """Every `share`-th message of dead workers reaches the log now, late and out of order."""
        reached, self._ghosts = self._ghosts[::share], [m for n, m in enumerate(self._ghosts) if n % share]
        for message in reached:
            self.store.take(message)

    def finish(self) -> StoreModel:
        """Read to the end, wait for silence, acknowledge and commit everything."""
        while not self.at_end:
            self.poll(500)
        self.idle(FOREVER)
        while self.in_flight:
            self.acknowledge(0)
        self.commit()
        return self.store


class ClassifyOnLog(DetectOnLog):
    """The same for `classify`."""

    judge: FailureJudge = ArbitraryJudge()

    def _state(self) -> JudgedPartition:
        return JudgedPartition(self.settings, self.partition, self.committed, self.judge)


def clean_run(
    settings: Settings, log: Sequence[LogRecord], partition: int = 0, role: type[DetectOnLog] = DetectOnLog
) -> StoreModel:
    """What a worker that nothing happens to says of the log."""
    return role(settings, log, partition=partition).finish()

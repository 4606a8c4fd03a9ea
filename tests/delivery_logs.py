"""One log that `detect` works on, in memory or on a real broker, behind the same few verbs."""

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Protocol

from kafka import KafkaAdminClient, KafkaProducer, TopicPartition

from infra.kafka.topics import DEAD_LETTERS, DIALOGUES, FEEDBACK, TURN_EVENTS, create_topics
from infra.settings import Settings
from streams.checkpoint_metadata import parse_metadata
from streams.delivery import Committed
from streams.event_partition import TooManyDeadLetters
from tests.fleet_of_few import told
from tests.streams_in_memory import DetectOnLog, LogRecord, StoreModel
from tests.streams_running import Crew, Worker, until

PATIENCE_S = 90.0
_RESULTS = (FEEDBACK, DIALOGUES, DEAD_LETTERS)

Put = tuple[bytes | None, bytes | None]


class DeliveryLog(Protocol):
    """Partition 0 of `turn-events` and a worker on it."""

    settings: Settings

    def put(self, records: Sequence[Put]) -> None:
        """Append keys and values."""

    def start(self) -> None:
        """A worker begins from what was committed last."""

    def crash(self) -> None:
        """It is gone in mid-work."""

    def told_when(self, enough: Callable[[StoreModel], bool]) -> StoreModel:
        """Let it work until `enough` has been told; what was told, in order."""

    def told(self) -> StoreModel:
        """What has been told so far."""

    def refuse_results(self) -> None:
        """From now on no result is acknowledged."""

    def accept_results(self) -> None:
        """Results are acknowledged again."""

    def try_in_vain(self) -> None:
        """Let it work while nothing is acknowledged."""

    def done(self) -> int:
        """The offset up to which records are committed to be done."""

    def gives_up(self) -> str:
        """Let it work until it ends by itself; why it says it did."""


class InMemory:
    """The log of the property tests."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._log: list[LogRecord] = []
        self._worker = DetectOnLog(settings, self._log)
        self._acknowledged = True

    def put(self, records: Sequence[Put]) -> None:
        for key, value in records:
            self._log.append(LogRecord(len(self._log), round(time.time() * 1000), key, value))

    def start(self) -> None:
        self._worker.crash()

    def crash(self) -> None:
        self._worker.crash()

    def told_when(self, enough: Callable[[StoreModel], bool]) -> StoreModel:
        while not self._worker.at_end:
            self._step()
        self._worker.idle(self.settings.dialogue_gap * 2)
        self._step()
        assert enough(self._worker.store)
        return self._worker.store

    def told(self) -> StoreModel:
        return self._worker.store

    def _step(self) -> None:
        self._worker.poll(3)
        while self._acknowledged and self._worker.in_flight:
            self._worker.acknowledge(0)
        self._worker.commit()

    def refuse_results(self) -> None:
        self._acknowledged = False

    def accept_results(self) -> None:
        self._acknowledged = True

    def try_in_vain(self) -> None:
        while not self._worker.at_end:
            self._step()

    def done(self) -> int:
        return _done(self._worker.committed)

    def gives_up(self) -> str:
        try:
            while True:
                assert not self._worker.at_end
                self._step()
        except TooManyDeadLetters as reason:
            return str(reason)


def _done(committed: Committed) -> int:
    return parse_metadata(committed)[0].emitted


class OnBroker:
    """A real broker and `earshot worker detect` as a process."""

    def __init__(self, settings: Settings, folder: Path, resources: ExitStack) -> None:
        self.settings = settings
        self._crew = Crew(settings, folder)
        resources.callback(self._crew.stop)
        self._producer = KafkaProducer(bootstrap_servers=settings.kafka_bootstrap)
        resources.callback(self._producer.close)
        self._worker: Worker | None = None

    def put(self, records: Sequence[Put]) -> None:
        for key, value in records:
            self._producer.send(TURN_EVENTS.full_name(self.settings), value, key, partition=0)
        self._producer.flush()

    def start(self) -> None:
        self._worker = self._crew.start("detect")

    def crash(self) -> None:
        assert self._worker is not None
        self._worker.kill()

    def told_when(self, enough: Callable[[StoreModel], bool]) -> StoreModel:
        until(lambda: enough(told(self.settings)), PATIENCE_S, "enough is told", poll_s=0.3)
        return told(self.settings)

    def told(self) -> StoreModel:
        return told(self.settings)

    def refuse_results(self) -> None:
        with KafkaAdminClient(bootstrap_servers=self.settings.kafka_bootstrap) as admin:
            admin.delete_topics([topic.full_name(self.settings) for topic in _RESULTS])

    def accept_results(self) -> None:
        create_topics(self.settings)

    def try_in_vain(self) -> None:
        assert self._worker is not None
        self._worker.says("not acknowledged, sending again", PATIENCE_S)

    def done(self) -> int:
        group = f"{self.settings.group_prefix}.detect"
        with KafkaAdminClient(bootstrap_servers=self.settings.kafka_bootstrap) as admin:
            held = admin.list_group_offsets(group)[group]
        at = held.get(TopicPartition(TURN_EVENTS.full_name(self.settings), 0))
        return 0 if at is None else _done(Committed(at.offset, at.metadata))

    def gives_up(self) -> str:
        assert self._worker is not None
        assert self._worker.ends(PATIENCE_S) not in (0, None)
        return self._worker.said

"""`learn` for one partition, without network or clock: dialogues into moves, moves into what is kept of them."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Protocol

from kafka.partitioner.default import murmur2

from infra.settings import Settings
from processors.interpretation import NORMALISER
from processors.source_moves import Kept, SourceState
from processors.transition import transitions_of
from schemas.dialogue import Dialogue
from schemas.transition import Outcome, SourceMoves, Transition
from streams.decoding import decode_dialogue, decode_transition
from streams.delivery import Message
from streams.learn_reading import RecordReader
from streams.record import Record

_OPEN = b'"closed":false'


def partition_of(key: bytes, partitions: int) -> int:
    """Where Kafka's clients put a record of this key."""
    return int((murmur2(key) & 0x7FFFFFFF) % partitions)


class Learns(Protocol):
    """What learns from dialogues beside the moves, open ones as well."""

    def may_learn_of(self, record: Record) -> bool:
        """Whether an open dialogue is worth reading."""

    def dialogue(self, dialogue: Dialogue) -> list[Message]:
        """What a revision of a dialogue leads to."""


class DialogueMoves:
    """The moves of one partition of `dialogues`, each sent to the partition of its source state. Keeps nothing.

    `people` is handed every closed dialogue, and the open ones that it wants; of those, moves are told as they are
    known by then, and a later revision replaces them.
    """

    def __init__(self, settings: Settings, partition: int, people: Learns | None = None) -> None:
        self._people = people
        self._prefix = settings.topic_prefix
        self._partitions = settings.kafka_partitions
        self._reader = RecordReader(settings, Dialogue.topic_suffix, partition, decode_dialogue)
        self.rejected = self._reader.rejected

    def process(self, records: Sequence[Record]) -> list[Message]:
        """What a batch leads to."""
        messages: list[Message] = []
        for record in records:
            if record.value is not None and _OPEN in record.value and not self._wants(record):
                continue  # will be told again; most are, and reading one takes as long as all the rest
            dialogue = self._reader.read(record, messages)
            if dialogue is None:
                continue
            if self._people is not None:
                messages += self._people.dialogue(dialogue)
            messages += map(self._message, _moves_of(dialogue))
        return messages

    def _wants(self, record: Record) -> bool:
        return self._people is not None and self._people.may_learn_of(record)

    def _message(self, transition: Transition) -> Message:
        key = transition.source.encode()
        topic = f"{self._prefix}.{Transition.topic_suffix}"
        return Message(topic, partition_of(key, self._partitions), key, transition.to_bytes())


def _moves_of(dialogue: Dialogue) -> list[Transition]:
    """What became of its requests. While it is open, only those that were come back to: of these more is known than
    that nothing was said yet, and the rewrite they may lead to need not wait for the silence after the last turn."""
    if dialogue.closed:
        return transitions_of(dialogue)
    as_known = transitions_of(dialogue.model_copy(update={"closed": True}))
    return [move for move in as_known if move.outcome is Outcome.AGAIN]


class SourceCounting:
    """The kept moves of all source states of one partition of `transitions`."""

    def __init__(self, settings: Settings, partition: int, known: Iterable[SourceState] = ()) -> None:
        """`known`: what was told before, from the compacted topic."""
        self._prefix = settings.topic_prefix
        self._partition = partition
        self._states = {state.source: state for state in known}
        self._changed: dict[str, SourceState] = {}
        self._reader = RecordReader(settings, Transition.topic_suffix, partition, decode_transition)
        self.dropped: Counter[str] = Counter()
        self.rejected = self._reader.rejected

    def __len__(self) -> int:
        return len(self._states)

    @property
    def changed(self) -> int:
        """States that are to be told."""
        return len(self._changed)

    def process(self, records: Sequence[Record]) -> list[Message]:
        """Count a batch; only dead letters are to be sent at once."""
        messages: list[Message] = []
        for record in records:
            transition = self._reader.read(record, messages)
            if transition is not None:
                self._count(transition)
        return messages

    def _count(self, transition: Transition) -> None:
        if transition.rewritten:
            self.dropped["rewritten"] += 1
        elif transition.normaliser != NORMALISER:
            self.dropped["other normaliser"] += 1
        else:
            source = transition.source
            state = self._states.get(source) or self._states.setdefault(source, SourceState(source))
            if state.add(Kept.of(transition)):
                self._changed[source] = state
            else:
                self.dropped["changes nothing"] += 1

    def tell(self) -> list[Message]:
        """The states that changed since the last time, whole."""
        topic = f"{self._prefix}.{SourceMoves.topic_suffix}"
        messages = [
            Message(topic, self._partition, source.encode(), state.to_bytes())
            for source, state in self._changed.items()
        ]
        self._changed.clear()
        return messages

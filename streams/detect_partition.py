"""`detect` for one partition: bytes in, feedback, dialogues and dead letters out. No network, no clock."""

from collections.abc import Iterable, Sequence
from datetime import timedelta

from infra.settings import Settings
from processors.clock_skew import ClockSkews
from processors.dialogue import DialogueProcessor
from processors.result import Emit
from schemas.clock_skew import ClockSkew
from streams.decoding import Undecodable
from streams.delivery import Committed, Message, Outcome
from streams.event_partition import EventPartition, dialogue_limits
from streams.hearing import hearing_of
from streams.proof import proven
from streams.record import Record

ROLE = "detect"


class DetectPartition(EventPartition[Emit]):
    """The state of `detect` for one partition, started from what was last committed and what is known of devices."""

    def __init__(
        self, settings: Settings, partition: int, committed: Committed, skews: Iterable[ClockSkew] = ()
    ) -> None:
        known = ClockSkews()
        known.load(skews)
        super().__init__(
            ROLE,
            settings,
            partition,
            committed,
            lambda checkpoint: DialogueProcessor(dialogue_limits(settings), checkpoint, hearing_of(settings), known),
            proven,
        )

    def process(self, records: Sequence[Record]) -> Outcome:
        """What a batch leads to. Raises `TooManyDeadLetters` when only invalid records come in."""
        messages: list[Message] = []
        for emit in self._told_of(records, messages):
            messages.append(self._message(emit))  # noqa: PERF401 - dead letters keep their place between the others
        return Outcome(messages, self._position())

    def idle(self, idle: timedelta) -> Outcome:
        """No record came for `idle`: dialogues that this closes are told."""
        results = self._processor.advance_idle(idle)
        return Outcome([self._message(result) for result in results if isinstance(result, Emit)], self._position())

    def _undecodable(self, messages: list[Message], record: Record, bad: Undecodable) -> None:
        self._reject(messages, record, bad.cause, bad.reason)

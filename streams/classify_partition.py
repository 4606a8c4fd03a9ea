"""`classify` for one partition: bytes in, questions about failure points out; answers in, attributions out. No network,
no clock."""

from collections.abc import Sequence
from datetime import timedelta
from typing import NamedTuple

from infra.settings import Settings
from processors.failure_point import FailureJudge, FailureJudgement, FailurePointProcessor, Question
from streams.decoding import Undecodable
from streams.delivery import Committed, Message, Outcome
from streams.event_partition import EventPartition, dialogue_limits
from streams.proof import proven_with_trace
from streams.record import Record

ROLE = "classify"

DEAD_LETTER_OF_DETECT = "dead letter of detect"
"""Why a record that is no event is left out here: `detect` makes it a dead letter, by the same rule."""


class Asked(NamedTuple):
    """What a batch leads to: records to send, turns to be judged and, once all of it is acknowledged, the position to
    commit."""

    messages: list[Message]
    questions: list[Question]
    position: Committed


class ClassifyPartition(EventPartition[Question]):
    """The state of `classify` for one partition, started from what was last committed.

    Clocks of devices are taken as they are: what `detect` learns of them reaches its topic at times of its own, and
    answers must not depend on when a worker started.
    """

    def __init__(self, settings: Settings, partition: int, committed: Committed) -> None:
        super().__init__(
            ROLE,
            settings,
            partition,
            committed,
            lambda checkpoint: FailurePointProcessor(dialogue_limits(settings), checkpoint),
            proven_with_trace,
        )

    def process(self, records: Sequence[Record]) -> Asked:
        """What a batch leads to. Raises `TooManyDeadLetters` when no record can be processed any more."""
        messages: list[Message] = []
        questions = list(self._told_of(records, messages))
        return Asked(messages, questions, self._position())

    def idle(self, idle: timedelta) -> Asked:
        """No record came for `idle`: turns of dialogues that this closes are asked about again."""
        results = self._processor.advance_idle(idle)
        return Asked([], [result for result in results if isinstance(result, Question)], self._position())

    def answered(
        self, questions: Sequence[Question], judgements: Sequence[FailureJudgement], version: str
    ) -> list[Message]:
        """The attributions that follow from what a judge of this version says, in the order of the questions."""
        return [
            self._message(question.answered(judgement, version))
            for question, judgement in zip(questions, judgements, strict=True)
        ]

    def _undecodable(self, messages: list[Message], record: Record, bad: Undecodable) -> None:
        self.dropped[DEAD_LETTER_OF_DETECT] += 1


class JudgedPartition:
    """The same with a judge that answers at once, for whoever need not stay alive meanwhile."""

    def __init__(self, settings: Settings, partition: int, committed: Committed, judge: FailureJudge) -> None:
        self._state = ClassifyPartition(settings, partition, committed)
        self._judge = judge
        self.dropped = self._state.dropped

    def process(self, records: Sequence[Record]) -> Outcome:
        """What a batch leads to."""
        return self._answered(self._state.process(records))

    def idle(self, idle: timedelta) -> Outcome:
        """No record came for `idle`."""
        return self._answered(self._state.idle(idle))

    def _answered(self, asked: Asked) -> Outcome:
        judgements = self._judge.judge([question.case for question in asked.questions])
        attributions = self._state.answered(asked.questions, judgements, self._judge.version)
        return Outcome([*asked.messages, *attributions], asked.position)

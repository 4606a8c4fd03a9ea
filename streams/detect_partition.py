"""`detect` for one partition: bytes in; feedback, dialogues, what people taught and dead letters out. No network, no
clock."""

from collections.abc import Iterable, Sequence
from datetime import timedelta

from infra.settings import Settings
from processors.clock_skew import ClockSkews
from processors.dialogue import DialogueProcessor
from processors.lessons import Lessons
from processors.moments import AskedBefore
from processors.result import Emit
from schemas.choices import Choices
from schemas.clock_skew import ClockSkew
from schemas.teachable_moment import TeachableMoment
from streams.decoding import Undecodable
from streams.delivery import Committed, Message, Outcome
from streams.event_partition import EventPartition, dialogue_limits
from streams.hearing import hearing_of
from streams.proof import proven
from streams.record import Record
from streams.taught_preferences import TaughtPreferences
from streams.teaching import lessons_of

ROLE = "detect"


class DetectPartition(EventPartition[Emit]):
    """The state of `detect` for one partition, started from what was last committed, what is known of devices, and
    what people were asked."""

    def __init__(
        self,
        settings: Settings,
        partition: int,
        committed: Committed,
        skews: Iterable[ClockSkew] = (),
        moments: Iterable[TeachableMoment] = (),
        lessons: Lessons | None = None,
        taught: TaughtPreferences | None = None,
    ) -> None:
        """`lessons`: what hears people teach, if not what the settings ask for. `taught`: what they taught and chose
        before."""
        known = ClockSkews()
        known.load(skews)
        self._lessons = lessons = lessons or lessons_of(settings)
        asked = AskedBefore(moments, settings.teaching_asks_every)
        self._taught = taught = taught or TaughtPreferences()
        super().__init__(
            ROLE,
            settings,
            partition,
            committed,
            lambda checkpoint: DialogueProcessor(
                dialogue_limits(settings),
                checkpoint,
                hearing_of(settings),
                known,
                lessons,
                asked,
                taught.known,
                taught.choices,
            ),
            proven,
        )

    @property
    def statements_read(self) -> int:
        """Turns that took more than a look at their words to know whether they teach anything."""
        return self._lessons.read if self._lessons is not None else 0

    def process(self, records: Sequence[Record]) -> Outcome:
        """What a batch leads to. Raises `TooManyDeadLetters` when only invalid records come in."""
        self._taught.take()
        messages = [self._message(Emit(user, Choices.topic_suffix, None)) for user in self._taught.forgotten()]
        for emit in self._told_of(records, messages):
            messages.append(self._message(emit))  # noqa: PERF401 - dead letters keep their place between the others
        return Outcome(messages, self._position())

    def idle(self, idle: timedelta) -> Outcome:
        """No record came for `idle`: dialogues that this closes are told."""
        results = self._processor.advance_idle(idle)
        return Outcome([self._message(result) for result in results if isinstance(result, Emit)], self._position())

    def _undecodable(self, messages: list[Message], record: Record, bad: Undecodable) -> None:
        self._reject(messages, record, bad.cause, bad.reason)

"""The role `classify`: turn events in, failure attributions out.

Reading, assembling and judging overlap: what is asked about a turn does not depend on earlier answers, so the batches
of all partitions wait for the judge side by side, and each is committed when its attributions are acknowledged.
"""

from faust.types import TP

from infra import telemetry
from infra.settings import Settings
from processors.failure_point import FailureJudge
from streams.application import RoleApp, build_app
from streams.classify_partition import ROLE, Asked, ClassifyPartition
from streams.delivery import Committed, Message
from streams.failure_points import failure_judge
from streams.judging import Judging
from streams.partitioned_role import PartitionedRole, fed_by_turn_events

IN_FLIGHT = 8
POLL_RECORDS = 500
"""Small batches: the first answers of one do not wait for the last of its records."""


class Classify(PartitionedRole[ClassifyPartition, Asked]):
    """Feeds each owned partition's state with its batches, has its questions answered and delivers the answers."""

    def __init__(self, app: RoleApp, settings: Settings, judge: FailureJudge) -> None:
        super().__init__(ROLE, app, settings, in_flight=IN_FLIGHT)
        self._settings = settings
        self._judging = Judging(judge, settings)

    async def stop(self) -> None:
        for task in list(self._deliveries):  # what waits for the judge is asked again by whoever comes next
            task.cancel()
        self._judging.close()
        await super().stop()

    async def _state_of(self, tp: TP, committed: Committed) -> ClassifyPartition:
        return ClassifyPartition(self._settings, tp.partition, committed)

    def _is_idle(self, outcome: Asked) -> bool:
        return not outcome.questions and not outcome.messages

    async def _messages_of(self, state: ClassifyPartition, outcome: Asked) -> list[Message]:
        judgements = await self._judging.ask(outcome.questions)
        return [*outcome.messages, *state.answered(outcome.questions, judgements, self._judging.version)]

    def _report(self) -> None:
        super()._report()
        telemetry.JUDGE_QUEUE.set(self._judging.queued)


def classify_app(settings: Settings) -> RoleApp:
    """The Faust app of `classify`. Raises `ModelsNotInstalled`, which says what to install: nothing can be guessed."""
    judge = failure_judge(settings.classify_device)
    app = build_app(ROLE, settings, poll_records=POLL_RECORDS)
    return fed_by_turn_events(app, Classify(app, settings, judge), ROLE, settings)

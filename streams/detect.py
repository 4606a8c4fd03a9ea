"""The role `detect`: turn events in; feedback, dialogues, what people taught and dead letters out."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from faust.types import TP

from infra.settings import Settings
from streams.application import RoleApp, build_app
from streams.clock_skews import wait_for_told_skews
from streams.delivery import Committed, Message, Outcome
from streams.detect_partition import ROLE, DetectPartition
from streams.hearing import hearing_of
from streams.partitioned_role import PartitionedRole, fed_by_turn_events
from streams.taught_preferences import PreferenceFollower
from streams.teaching import lessons_of, wait_for_told_moments

IN_FLIGHT = 16


class Detect(PartitionedRole[DetectPartition, Outcome]):
    """Feeds each owned partition's state with its batches and delivers what they lead to."""

    def __init__(self, app: RoleApp, settings: Settings) -> None:
        # Models take their time: in a thread of their own, so that no batch of theirs costs a heartbeat.
        asks_models = hearing_of(settings).has_models or lessons_of(settings) is not None
        thread = ThreadPoolExecutor(1, "hearing") if asks_models else None
        super().__init__(ROLE, app, settings, in_flight=IN_FLIGHT, thread=thread)
        self._settings = settings
        self._follower = PreferenceFollower(settings) if lessons_of(settings) is not None else None

    async def _state_of(self, tp: TP, committed: Committed) -> DetectPartition:
        skews = await wait_for_told_skews(self._settings, tp.partition)
        if self._follower is None:
            return DetectPartition(self._settings, tp.partition, committed, skews)
        moments = await wait_for_told_moments(self._settings, tp.partition)
        taught = await self._follower.take_over(tp.partition)
        return DetectPartition(self._settings, tp.partition, committed, skews, moments, taught=taught)

    async def start(self) -> None:
        await super().start()
        if self._follower is not None:
            self._follower.start()

    async def stop(self) -> None:
        if self._follower is not None:
            await asyncio.to_thread(self._follower.stop)
        await super().stop()

    def _is_idle(self, outcome: Outcome) -> bool:
        return not outcome.messages

    async def _messages_of(self, state: DetectPartition, outcome: Outcome) -> list[Message]:
        return outcome.messages


def detect_app(settings: Settings) -> RoleApp:
    """The Faust app of `detect`."""
    app = build_app(ROLE, settings)
    return fed_by_turn_events(app, Detect(app, settings), ROLE, settings)

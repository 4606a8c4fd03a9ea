"""`learn` after standing still: it writes nothing for partitions that the group has given to somebody else."""

import asyncio
from collections.abc import Sequence

import pytest
from faust.types import TP

from infra.settings import Settings
from streams import learn_takeover
from streams.delivery import Committed, Delivery, Message, Positions
from streams.learn import Learn
from streams.learn_partition import SourceCounting
from streams.lease import FROZEN_S, Lease
from tests.unit.test_learn_partition import as_log, transition
from tests.unit.test_lease import Clock

SETTINGS = Settings()
MOVES = TP("earshot.transitions.v1", 0)
GENERATION = 7


class Group:
    """What a worker sees of its group: the app, its consumer and, where it asks, the coordinator."""

    def __init__(self) -> None:
        self.consumer_generation_id = GENERATION
        self.delivery = Delivery()
        self.member = True

    @property
    def batch_consumer(self) -> "Group":
        return self

    def assignment(self) -> set[TP]:
        return {MOVES}

    async def committed(self, _: TP) -> Committed:
        return Committed(-1)

    async def commit_positions(self, positions: Positions) -> bool:
        assert positions == {MOVES: Committed(0)}
        if not self.member:
            self.consumer_generation_id += 1  # refused: it joins again
        return self.member


class Frozen:
    """A worker that has counted a batch and stood still before it told what changed."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.group, self.clock, self.sent = Group(), Clock(), list[Message]()
        monkeypatch.setattr(learn_takeover, "source_counting", lambda _s, number: SourceCounting(SETTINGS, number))
        self.learn = Learn(self.group, SETTINGS)  # type: ignore[arg-type]
        self.learn._lease = Lease(self.clock)
        monkeypatch.setattr(self.learn._outbox, "deliver", self._deliver)

    async def _deliver(self, messages: Sequence[Message]) -> None:
        self.sent += messages

    async def count_and_stand_still(self) -> None:
        await self.learn.on_batch(MOVES, GENERATION, as_log([transition(0), transition(1)]))
        self.clock.now += 4 * FROZEN_S


def test_what_a_successor_may_have_told_is_not_overwritten_and_nothing_is_committed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def wake_up() -> Frozen:
        worker = Frozen(monkeypatch)
        await worker.count_and_stand_still()
        worker.group.member = False
        await worker.learn.tell()
        return worker

    worker = asyncio.run(wake_up())
    assert worker.sent == []
    assert worker.group.delivery.committable(GENERATION) == {}


def test_who_is_still_a_member_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    async def wake_up() -> Frozen:
        worker = Frozen(monkeypatch)
        await worker.count_and_stand_still()
        await worker.learn.tell()
        return worker

    worker = asyncio.run(wake_up())
    assert len(worker.sent) == 2
    assert worker.group.delivery.committable(GENERATION) == {MOVES: Committed(2)}

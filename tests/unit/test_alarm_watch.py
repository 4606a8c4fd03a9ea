"""The watch tells of an alarm once: after a crash, a rebalance, or a store that was away."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from faust.types import TP

from infra.clickhouse.alarms import AlarmReader, GroupCounts
from infra.clickhouse.errors import StoreUnavailable
from infra.settings import Settings
from schemas.alarm import ALARM, Alarm
from schemas.failure_point import FailurePoint
from streams.alarms import AlarmWatch
from streams.delivery import Committed, Message

TURN, TOPIC = TP("earshot.failure-points.v1", 0), TP("earshot.alarms.v1", 0)
BEGIN_S = int(datetime(2026, 1, 5, 13, 33, tzinfo=UTC).timestamp())


class FakeStore(AlarmReader):
    """Minutes of one group whose ASR breaks after half an hour, and the alarms that were stored."""

    def __init__(self) -> None:
        self.minutes = 30
        self.revised = 0
        self.stored: list[Alarm] = []
        self.told: list[Alarm] = []
        self.asked: list[int] = []
        self.away = False

    def versions(self, latest: datetime, history: timedelta) -> dict[int, int]:
        if self.away:
            raise StoreUnavailable("nobody is at home")
        return {BEGIN_S + 60 * at: 1 + (at == self.minutes - 1) * self.revised for at in range(self.minutes)}

    def counts(self, minutes: object) -> list[GroupCounts]:
        wanted = sorted(minutes)  # type: ignore[call-overload]
        self.asked.append(len(wanted))
        found = []
        for minute_s in wanted:
            asr = 40.0 if minute_s >= BEGIN_S + 1800 else 2.0
            sums = dict.fromkeys(FailurePoint, 0.0) | {FailurePoint.ASR: asr, FailurePoint.CORRECT: 100 - asr}
            found.append(GroupCounts(minute_s, "music", "speaker", "en-US", "asr=4.1", 100, sums))
        return found

    def alarms(self) -> list[Alarm]:
        return list(self.stored)

    def untold(self, stored_since: datetime) -> list[Alarm]:
        return [alarm for alarm in self.stored if alarm not in self.told]

    def note_told(self, alarms: object) -> None:
        self.told += alarms  # type: ignore[operator]


class FakeLog:
    """A consumer group that owns what it is told to, and a topic on which alarms wait to be stored."""

    def __init__(self, store: FakeStore) -> None:
        self.owned = {TURN, TOPIC}
        self.sent: list[Alarm] = []
        self.store = store

    def assignment(self) -> set[TP]:
        return self.owned

    async def committed(self, tp: TP) -> Committed:
        return Committed(len(self.store.stored) if self.store.stored else -1)

    async def highwaters(self, *partitions: TP) -> Mapping[TP, int]:
        return {TOPIC: len(self.sent)}

    async def deliver(self, messages: list[Message]) -> None:
        for message in messages:
            assert (message.topic, message.partition) == TOPIC
            alarm = ALARM.validate_json(message.value or b"")
            assert message.key == alarm.event_id.encode()
            self.sent.append(alarm)

    def sink_catches_up(self) -> None:
        self.store.stored = list(self.sent)


@pytest.fixture
def held() -> FakeStore:
    return FakeStore()


@pytest.fixture
def group(held: FakeStore) -> FakeLog:
    return FakeLog(held)


def watch(store: FakeStore, group: FakeLog, **settings: object) -> AlarmWatch:
    return AlarmWatch(Settings(**settings), store, lambda: group, group.deliver, ThreadPoolExecutor(1))  # type: ignore[arg-type]


async def broken(held: FakeStore, group: FakeLog) -> AlarmWatch:
    """A watch that has raised its alarm; the sink has not stored it yet."""
    one = watch(held, group)
    assert await one.look() == []
    held.minutes = 32
    (raised,) = await one.look()
    assert raised.summary.startswith("ASR broke")
    return one


async def test_a_break_is_told_once(held: FakeStore, group: FakeLog) -> None:
    one = await broken(held, group)
    for minutes in range(33, 50):
        held.minutes = minutes
        assert await one.look() == []
    assert len(group.sent) == 1


async def test_only_minutes_that_changed_are_read_again(held: FakeStore, group: FakeLog) -> None:
    one = await broken(held, group)
    held.minutes, held.revised = 33, 1
    await one.look()
    await one.look()
    held.revised = 2
    await one.look()
    assert held.asked == [30, 2, 1, 1]


async def test_after_a_crash_before_the_alarm_is_stored_nothing_is_raised_twice(
    held: FakeStore, group: FakeLog
) -> None:
    await broken(held, group)
    held.minutes = 34
    after = watch(held, group)
    assert await after.look() == []  # the alarm is on the topic, but not in the store: it does not know yet
    group.sink_catches_up()
    assert await after.look() == []
    assert len(group.sent) == 1


async def test_a_crash_before_the_alarm_is_sent_raises_it_after_the_start(held: FakeStore, group: FakeLog) -> None:
    one = watch(held, group)
    await one.look()
    held.minutes = 32

    async def crash(messages: list[Message]) -> None:
        raise ConnectionError

    failing = AlarmWatch(Settings(), held, lambda: group, crash, ThreadPoolExecutor(1))
    with pytest.raises(ConnectionError):
        await failing.look()
    assert len(await watch(held, group).look()) == 1


async def test_only_the_owner_of_the_first_partition_watches(held: FakeStore, group: FakeLog) -> None:
    group.owned = {TP("earshot.failure-points.v1", 1)}
    held.minutes = 32
    assert await watch(held, group).look() == []
    assert held.asked == []


async def test_a_worker_that_gets_its_turn_back_learns_what_others_told(held: FakeStore, group: FakeLog) -> None:
    one, other = watch(held, group), watch(held, group)
    await one.look()
    owned, group.owned = group.owned, set()
    assert await one.look() == []
    group.owned = owned
    held.minutes = 32
    assert len(await other.look()) == 1
    group.sink_catches_up()
    assert await one.look() == []


async def test_a_store_that_is_away_loses_nothing(held: FakeStore, group: FakeLog) -> None:
    one = watch(held, group)
    await one.look()
    held.away, held.minutes = True, 32
    with pytest.raises(StoreUnavailable):
        await one.look()
    held.away = False
    assert len(await one.look()) == 1


async def test_after_a_start_the_webhook_gets_what_it_has_not_taken(held: FakeStore, group: FakeLog) -> None:
    await broken(held, group)
    group.sink_catches_up()
    after = watch(held, group, alarm_webhook="http://pager.test/alarms")
    await after.look()
    assert after.webhook is not None
    assert after.webhook.waiting == 1
    held.told = list(held.stored)
    again = watch(held, group, alarm_webhook="http://pager.test/alarms")
    await again.look()
    assert again.webhook is not None
    assert again.webhook.waiting == 0

"""The watch over components: every few seconds it asks the store what broke, and tells of it once.

One worker watches: the `sink` that owns partition 0 of the failure points. What it tells goes to partition 0 of the
alarms, comes back to a sink and is stored. A watch that begins (a start, a rebalance) waits until every alarm that is
on that topic is stored and reads them all, so nothing that was told before a crash is told again.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import Executor
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

from aiokafka.errors import KafkaError
from faust.exceptions import ConsumerNotStarted
from faust.types import TP

from infra import telemetry
from infra.clickhouse.alarms import AlarmReader, GroupCounts
from infra.clickhouse.errors import StoreUnavailable
from infra.settings import Settings
from infra.webhook import Webhook
from processors.incident import judge
from processors.incident_counts import WATCHED, Cell, Counts, MinuteRow
from schemas.alarm import Alarm
from schemas.failure_point import FailureAttribution
from streams.delivery import Committed, Message

log = logging.getLogger(__name__)

HISTORY: Final = timedelta(hours=4)
"""How far back counts are read; the past counts half every hour."""

NOTICE_AGE: Final = timedelta(days=1)
"""Alarms that were stored longer ago are not posted after a start."""

PARTITION: Final = 0


class Log(Protocol):
    """What the watch asks of the consumer group."""

    def assignment(self) -> set[TP]:
        """The partitions that this worker owns."""
        ...

    async def committed(self, tp: TP) -> Committed:
        """Up to where the group has stored a partition, whoever owns it."""
        ...

    async def highwaters(self, *partitions: TP) -> Mapping[TP, int]:
        """The offsets that the next records of these partitions will get."""
        ...


Deliver = Callable[[list[Message]], Awaitable[None]]


class MinuteMemory:
    """The counts of the last hours; only minutes that have changed are read again."""

    def __init__(self, reader: AlarmReader) -> None:
        self._reader = reader
        self._versions: dict[int, int] = {}
        self._rows: dict[int, list[MinuteRow]] = {}

    def counts(self, now: datetime) -> Counts | None:
        """What the store holds now; None when nothing has changed since the last time. Raises StoreError."""
        versions = self._reader.versions(now, HISTORY)
        changed = {minute for minute, version in versions.items() if self._versions.get(minute) != version}
        if not changed:
            return None
        fresh: dict[int, list[MinuteRow]] = {minute: [] for minute in changed}
        for group in self._reader.counts(changed):
            fresh[group.minute_s].append(_row(group))
        self._rows = {minute: fresh.get(minute) or self._rows.get(minute, []) for minute in versions}
        self._versions = versions
        return Counts.of(row for rows in self._rows.values() for row in rows).without_stray_minutes()


class AlarmWatch:
    """Looks for broken components while it is this worker's turn to."""

    def __init__(
        self, settings: Settings, reader: AlarmReader, log_of: Callable[[], Log], deliver: Deliver, thread: Executor
    ) -> None:
        """`log_of` gives the consumer once there is one; `deliver` returns when the brokers have the messages; what
        blocks runs in `thread`."""
        self._settings = settings
        self._reader = reader
        self._log_of = log_of
        self._deliver = deliver
        self._thread = thread
        self._memory = MinuteMemory(reader)
        self._known: dict[str, Alarm] | None = None
        self._turn = TP(f"{settings.topic_prefix}.{FailureAttribution.topic_suffix}", PARTITION)
        self._topic = TP(f"{settings.topic_prefix}.{Alarm.topic_suffix}", PARTITION)
        self.webhook: Webhook | None = None
        if settings.alarm_webhook is not None:
            self.webhook = Webhook(str(settings.alarm_webhook), settings.alarm_webhook_token, self._taken)

    async def run(self) -> None:
        """Watch until cancelled. A store that does not answer is asked again at the next turn."""
        posting = asyncio.create_task(self.webhook.run()) if self.webhook is not None else None
        try:
            while True:
                await asyncio.sleep(self._settings.alarm_check_every.total_seconds())
                try:
                    await self.look()
                except (StoreUnavailable, KafkaError) as exc:
                    telemetry.ALARM_CHECKS_FAILED.inc()
                    log.warning("it is not known what broke, for the store or a broker does not answer: %s", exc)
        finally:
            if posting is not None:
                posting.cancel()
                await asyncio.gather(posting, return_exceptions=True)

    async def look(self) -> list[Alarm]:
        """Ask once, and tell what is new; returns what was told. Raises StoreUnavailable."""
        if not self._mine():
            self._known = None
            return []
        if self._known is None and not await self._begin():
            return []
        assert self._known is not None
        started = time.perf_counter()
        changes = await asyncio.get_running_loop().run_in_executor(self._thread, self._changes, self._known)
        telemetry.ALARM_CHECK_SECONDS.observe(time.perf_counter() - started)
        if not changes or not self._mine():
            return []
        await self._deliver([self._message(alarm) for alarm in changes])
        for alarm in changes:
            self._known[alarm.event_id] = alarm
            state = "raised" if alarm.revision == 0 else "changed" if alarm.open else "over"
            telemetry.ALARMS.labels(alarm.failure_point, state).inc()
            log.warning("alarm: %s", alarm.summary)
            if self.webhook is not None:
                self.webhook.tell(alarm)
        return changes

    def _mine(self) -> bool:
        try:
            return self._turn in self._log_of().assignment()
        except ConsumerNotStarted:
            return False

    async def _begin(self) -> bool:
        """Learn which alarms there are, once all that are on the topic are stored."""
        consumer = self._log_of()
        end = (await consumer.highwaters(self._topic)).get(self._topic, 0)
        if end and (await consumer.committed(self._topic)).offset < end:
            return False
        loop = asyncio.get_running_loop()
        known = await loop.run_in_executor(self._thread, self._reader.alarms)
        self._known = {alarm.event_id: alarm for alarm in known}
        if self.webhook is not None:
            since = datetime.now(UTC) - NOTICE_AGE
            for alarm in await loop.run_in_executor(self._thread, self._reader.untold, since):
                self.webhook.tell(alarm)
        return True

    def _changes(self, known: dict[str, Alarm]) -> list[Alarm]:
        counts = self._memory.counts(datetime.now(UTC))
        if counts is None or not counts.minutes:
            return []
        first = counts.time_of(0)
        covered = [alarm for alarm in known.values() if alarm.ended_at is None or alarm.ended_at >= first]
        return judge(counts, covered, self._settings.alarm_false_every)

    def _message(self, alarm: Alarm) -> Message:
        return Message(self._topic.topic, PARTITION, alarm.event_id.encode(), alarm.to_bytes())

    async def _taken(self, alarm: Alarm) -> None:
        try:
            await asyncio.get_running_loop().run_in_executor(self._thread, self._reader.note_told, [alarm])
        except StoreUnavailable as exc:
            log.warning("an alarm may be posted again after a start, for the store does not answer: %s", exc)


def _row(group: GroupCounts) -> MinuteRow:
    return MinuteRow(
        group.minute_s,
        Cell(group.domain, group.device_type, group.locale, group.component_version),
        float(group.turns),
        tuple(group.probabilities[point] for point in WATCHED),
    )

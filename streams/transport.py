"""Faust in batches: all records fetched from one partition travel to the agent as one message.

Faust as shipped pays a pair of tasks and a wait for every record. Here the unit is the batch; what Faust cannot know of
such a message - what may be committed - is told to it by the delivery core, see `streams.delivery`.
Written for faust-streaming 0.15.3 and aiokafka 0.14.0, which are locked together.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Mapping, Sequence
from typing import Any

from aiokafka.errors import (
    CommitFailedError,
    ConsumerStoppedError,
    CorruptRecordException,
    IllegalStateError,
    KafkaConnectionError,
    KafkaError,
    UnsupportedCodecError,
)
from aiokafka.structs import ConsumerRecord, OffsetAndMetadata, TopicPartition
from faust.serializers.schemas import Schema
from faust.transport.drivers.aiokafka import AIOKafkaConsumerThread, Consumer, Transport
from faust.types import TP, ConsumerMessage

from streams.delivery import Committed, Positions

log = logging.getLogger(__name__)

REMINDER_S = 60.0


class UnreadableRecords(Exception):
    """A partition holds records that no consumer can read: corrupt, or in a compression that is not installed."""


class BatchConsumerThread(AIOKafkaConsumerThread):  # type: ignore[misc]
    """Fetches partition by partition, so that one unreadable partition costs the others nothing."""

    logger = logging.getLogger("faust.consumer")

    def __post_init__(self) -> None:
        super().__post_init__()
        self.unreadable: dict[TP, str] = {}
        self._one_by_one: set[TP] = set()
        self._reminded = 0.0

    async def _fetch_records(
        self, consumer: Any, active_partitions: set[TP], timeout: float | None = None, max_records: int | None = None
    ) -> dict[TP, list[ConsumerRecord]]:
        if not self.consumer.flow_active:
            return {}
        fetcher = consumer._fetcher
        if consumer._closed or fetcher._closed:
            raise ConsumerStoppedError
        self._remind()
        with fetcher._subscriptions.fetch_context():
            drained = await self._drain(fetcher, active_partitions, max_records)
            if not drained and timeout:
                waiter = fetcher._create_fetch_waiter()
                await asyncio.wait([waiter], timeout=timeout)
                if waiter.done():
                    waiter.result()
                else:
                    waiter.cancel()
                drained = await self._drain(fetcher, active_partitions, max_records)
        return drained

    async def _drain(self, fetcher: Any, active: set[TP], max_records: int | None) -> dict[TP, list[ConsumerRecord]]:
        drained: dict[TP, list[ConsumerRecord]] = {}
        for tp in [tp for tp in fetcher._records if tp in active and tp not in self.unreadable]:
            limit = 1 if tp in self._one_by_one else max_records
            try:
                drained.update(await fetcher.fetched_records({tp}, timeout=0, max_records=limit))
            except (CorruptRecordException, UnsupportedCodecError) as exc:
                self._on_unreadable(tp, exc)
            except (KafkaError, ConsumerStoppedError):
                raise
            except Exception as exc:  # noqa: BLE001 - whatever a decompressor raises, this partition's bytes are at fault
                self._on_unreadable(tp, exc)
        return drained

    def _on_unreadable(self, tp: TP, exc: Exception) -> None:
        """Go back to what was not delivered and read one by one; stop the partition where that does not help."""
        consumer = self._ensure_consumer()
        position = self.consumer._read_offset[tp] or 0
        consumer.seek(tp, position)
        if tp not in self._one_by_one:
            self._one_by_one.add(tp)
            return
        self.unreadable[tp] = f"{type(exc).__name__}: {exc} ({tp.topic} partition {tp.partition} at offset {position})"
        self._reminded = 0.0
        self._remind()

    def _remind(self) -> None:
        if self.unreadable and time.monotonic() - self._reminded > REMINDER_S:
            self._reminded = time.monotonic()
            for reason in self.unreadable.values():
                log.error(
                    "ALARM: a partition is stopped because its records cannot be read: %s. Other partitions go on. "
                    "Install the missing codec, or move the group past the record, and restart.",
                    reason,
                )

    async def on_partitions_assigned(self, assigned: set[TP], generation_id: int = 0) -> None:
        self.unreadable.clear()
        self._one_by_one.clear()
        await super().on_partitions_assigned(assigned, generation_id)

    async def seek_back(self, tp: TP, offset: int) -> None:
        """Read `tp` from `offset` on, unless somebody else owns it by now."""
        with contextlib.suppress(IllegalStateError):
            await self.call_thread(self._seek_back, tp, offset)

    async def _seek_back(self, tp: TP, offset: int) -> None:
        self._ensure_consumer().seek(TopicPartition(tp.topic, tp.partition), offset)

    async def committed(self, tp: TP) -> Committed:
        """What the group has committed for a partition; offset -1 when nothing."""
        return await self.call_thread(self._committed, tp)  # type: ignore[no-any-return]

    async def _committed(self, tp: TP) -> Committed:
        key = TopicPartition(tp.topic, tp.partition)
        found = await self._ensure_consumer()._coordinator.fetch_committed_offsets([key])
        held = found.get(key)
        return Committed(held.offset, held.metadata) if held is not None else Committed(-1, "")

    async def commit_positions(self, positions: Positions) -> bool:
        """Commit offsets with their metadata; False when the group has moved on."""
        return await self.call_thread(self._commit_positions, positions)  # type: ignore[no-any-return]

    async def _commit_positions(self, positions: Positions) -> bool:
        assigned = self.assignment()
        offsets = {
            TopicPartition(tp.topic, tp.partition): OffsetAndMetadata(held.offset, held.metadata)
            for tp, held in positions.items()
            if tp in assigned
        }
        if not offsets:
            return False
        try:
            await self._ensure_consumer().commit(offsets)
        except (CommitFailedError, IllegalStateError) as exc:
            log.info("offsets were not committed, the group has been rebalanced: %s", exc)
            return False
        except KafkaError as exc:
            if not (exc.retriable or isinstance(exc, KafkaConnectionError)):
                raise
            log.warning("offsets were not committed, will try again: %s", exc)
            return False
        now = time.monotonic()
        self.tp_last_committed_at.update(dict.fromkeys(positions, now))
        return True


class BatchConsumer(Consumer):  # type: ignore[misc]
    """Hands all records fetched from one partition to the conductor as one message and commits what it is told."""

    logger = logging.getLogger("faust.consumer")

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        # By partition: the generation in which its first batch was seen to follow what was committed; until then the
        # position from which that batch was asked for again.
        self._joined: dict[TP, tuple[int, int | None]] = {}
        self._has_room = asyncio.Event()

    def _new_consumer_thread(self) -> BatchConsumerThread:
        return BatchConsumerThread(self, loop=self.loop, beacon=self.beacon)

    @property
    def unreadable(self) -> Mapping[TP, str]:
        """Partitions that are stopped, and why."""
        return self._thread.unreadable  # type: ignore[no-any-return]

    async def committed(self, tp: TP) -> Committed:
        return await self._thread.committed(tp)  # type: ignore[no-any-return]

    async def commit_positions(self, positions: Positions) -> bool:
        """Commit offsets with their metadata; False when the group has moved on, or the broker could not be asked."""
        return await self._thread.commit_positions(positions)  # type: ignore[no-any-return]

    async def commit(self, topics: Any = None, start_new_transaction: bool = True) -> bool:
        """Commit what the delivery core holds to be done; Faust's own acknowledgements play no part."""
        delivery = getattr(self.app, "delivery", None)
        if delivery is None or await self.maybe_wait_for_commit_to_finish():
            return False
        self._commit_fut: asyncio.Future[None] | None = asyncio.Future(loop=self.loop)
        try:
            positions = delivery.committable(self.app.consumer_generation_id)
            if not positions or not await self._thread.commit_positions(positions):
                return False
            delivery.committed(positions)
            return True
        finally:
            done, self._commit_fut = self._commit_fut, None
            if done is not None and not done.done():
                done.set_result(None)

    def on_buffer_drop(self, tp: TP) -> None:
        super().on_buffer_drop(tp)
        self._has_room.set()

    async def _wait_next_records(self, timeout: float) -> tuple[Mapping[TP, Sequence[ConsumerRecord]], set[TP] | None]:
        """Faust sleeps a second where no partition has room for another batch, however soon one has."""
        if self.flow_active and not self._get_active_partitions():
            self._has_room.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._has_room.wait(), timeout)
            if not self._get_active_partitions():
                return {}, set()
        return await super()._wait_next_records(timeout)  # type: ignore[no-any-return]

    async def on_stop(self) -> None:
        await self.app.role.drain()
        await super().on_stop()

    async def _drain_messages(self, fetcher: Any) -> None:
        try:
            while not (self._stopped.is_set() or fetcher._stopped.is_set()):
                records, active = await self._wait_next_records(1.0)
                if records and self.flow_active:
                    await self._forward(records, active)
                elif records:
                    self._joined.clear()
                await asyncio.sleep(0)
        except (ConsumerStoppedError, asyncio.CancelledError):
            if not self.transport.app.should_stop:
                raise

    async def _forward(self, records: Mapping[TP, Sequence[ConsumerRecord]], active: set[TP] | None) -> None:
        generation = self.app.consumer_generation_id
        for tp, fetched in records.items():
            if not self.flow_active or generation != self.app.consumer_generation_id:
                self._joined.clear()
                return  # a rebalance: the position is sought again from the committed offset
            if active is not None and tp not in active:
                self._joined.pop(tp, None)
                continue
            position = self._read_offset[tp] or 0  # the next offset to read, as a seek to the committed offset sets it
            if not await self._joins(tp, generation, position, fetched[0].offset):
                continue
            batch = fetched
            if fetched[0].offset < position:
                batch = [record for record in fetched if record.offset >= position]
            if not batch:
                continue
            last = batch[-1]
            message = ConsumerMessage(
                tp.topic,
                tp.partition,
                last.offset,
                last.timestamp / 1000,
                last.timestamp_type,
                (),
                last.key,
                batch,
                last.checksum,
                0,
                0,
                tp,
                generation_id=generation,  # without it the stream drops the message without a word
            )
            await self.wait_first(self.callback(message), self.suspend_flow.wait())
            if generation == self.app.consumer_generation_id:
                self._read_offset[tp] = last.offset + 1

    async def _joins(self, tp: TP, generation: int, position: int, first: int) -> bool:
        """Whether nothing is missing between `position` and what was fetched first; if so, that is asked for once more.

        What is fetched while the group rebalances is thrown away, and aiokafka seeks back only to committed offsets
        above 0. A gap that is still there the second time is real: retention deleted the records.
        """
        if self._joined.get(tp) == (generation, None):
            return True
        if first <= position or self._joined.get(tp) == (generation, position):
            self._joined[tp] = (generation, None)
            return True
        self._joined[tp] = (generation, position)
        await self._thread.seek_back(tp, position)
        return False


class BatchTransport(Transport):  # type: ignore[misc]
    """Faust's aiokafka transport with the batching consumer."""

    Consumer = BatchConsumer


class BatchSchema(Schema):  # type: ignore[misc]
    """Faust's codecs expect bytes; a batch is handed on as it is and decoded by the role."""

    def loads_key(self, app: Any, message: Any, *, loads: Any = None, serializer: Any = None) -> Any:
        return message.key

    def loads_value(self, app: Any, message: Any, *, loads: Any = None, serializer: Any = None) -> Any:
        return message.value

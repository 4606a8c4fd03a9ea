"""Events into tables, exactly once in effect: what landed is not written again, and writing twice changes nothing."""

import threading
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from infra.clickhouse import rollups
from infra.clickhouse.erasure import ASKING_TOPICS, Eraser, Erasures
from infra.clickhouse.forgotten import ForgottenPeople
from infra.clickhouse.prepared import Prepared
from infra.clickhouse.record import Record
from infra.clickhouse.retry import Patience, Retry
from infra.clickhouse.rows import Columns
from infra.clickhouse.store import RowsRefused, Store
from infra.clickhouse.tables import TARGETS, Target, tables_that_tell


@dataclass(frozen=True)
class Refused:
    """A record whose rows the store does not take, and why."""

    record: Record
    reason: str


@dataclass
class Written:
    """What became of a batch. Every record is stored now, was stored before, or is in `refused`.

    `minutes` (starts in epoch seconds, by raw table) are all that the batch touches, also by what landed before:
    they are to be refreshed before offsets are committed, once `erasures` have been carried out.
    """

    rows: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    landed_before: int = 0
    refused: list[Refused] = field(default_factory=list)
    minutes: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    erasures: Erasures = field(default_factory=Erasures)

    def add(self, other: "Written") -> None:
        """What became of another batch as well."""
        for table, count in other.rows.items():
            self.rows[table] += count
        self.landed_before += other.landed_before
        self.refused += other.refused
        for table, minutes in other.minutes.items():
            self.minutes[table] |= minutes
        self.erasures.add(other.erasures)


class Writer:
    """Writes batches of records into the raw tables and brings rollups up to date.

    A store that is unavailable is waited for. Use a writer from one thread at a time; several may write at once.
    """

    def __init__(
        self,
        store: Store,
        *,
        stop: threading.Event | None = None,
        on_retry: Callable[[Retry], None] = lambda retry: None,
        longest_wait_s: float = 10.0,
        settle_s: float = 0.0,
    ) -> None:
        """`stop`: once set, waiting for the store ends with StoreUnavailable. `on_retry` is told before each wait.
        `settle_s` is that of `Eraser`."""
        self._store = store
        self._patience = Patience(stop, on_retry, longest_s=longest_wait_s)
        self._eraser = Eraser(store, stop, settle_s)
        self._landed: dict[tuple[str, int], set[int]] = {}

    def landed(self, topic_suffix: str, partition: int, from_offset: int, since: datetime | None = None) -> set[int]:
        """Offsets from `from_offset` on that are in the store; one that a later record replaced may be missing.

        `topic_suffix` is that of the event class, such as `turn-events.v1`. `since`: no event there happened
        earlier; it spares reading older rows.
        """
        recent = "" if since is None else " AND occurred_at >= %(since)s"
        sql = " UNION ALL ".join(
            f"SELECT src_offset FROM {table}"
            f" WHERE src_partition = %(partition)s AND src_offset >= %(from_offset)s{recent}"
            for table in tables_that_tell(topic_suffix)
        )
        parameters = {"partition": partition, "from_offset": from_offset, "since": since}
        rows = self._patience.call(lambda: self._store.query(sql, parameters))
        return {int(str(row["src_offset"])) for row in rows}

    def resume(self, topic_suffix: str, partition: int, from_offset: int, since: datetime | None = None) -> int:
        """After a start, a rebalance or an error: do not write again what landed. Returns how many records did.

        Replaces what an earlier call found for the partition. Parameters are those of `landed`.
        """
        landed = self.landed(topic_suffix, partition, from_offset, since)
        self._landed.pop((topic_suffix, partition), None)
        if landed:
            self._landed[topic_suffix, partition] = landed
        return len(landed)

    def write(self, batch: Sequence[Record]) -> Written:
        """Store a batch of any mixture of events; returns when all of it is stored or refused.

        Raises StoreRefused, or StoreUnavailable when told to stop. Then a part may be stored; writing the batch
        again, after `resume` or without, leads to the same rows.
        """
        written = Written()
        batches: dict[Target, list[Record]] = {}
        for record in batch:
            target = TARGETS[type(record.event)]
            if target in batches:
                batches[target].append(record)
            else:
                batches[target] = [record]
        for target, records in batches.items():
            if target.topic_suffix in ASKING_TOPICS:
                written.erasures.note(records)
            new = self._without_landed(target, records, written) if self._landed else records
            if new:
                self._put(target, new, written)
        if self._landed:
            self._forget_passed(batch)
        return written

    def put(self, prepared: Prepared) -> Written:
        """Store all of what was prepared. Raises RowsRefused when the store does not take a row of it, else as `write`.

        A part may be stored then; to `write` the same records is the way to find out which of them is bad.
        """
        written = Written()
        for target, tables in prepared.columns.items():
            for table, columns in tables:
                self._insert(table, columns)
                _touch(table, columns, written)
            written.rows[target.last] += prepared.records_of[target]
        written.erasures.add(prepared.erasures)
        return written

    def may_have_landed(self, topic_suffix: str, partition: int) -> bool:
        """Whether `resume` found records of the partition that have not come by yet: those go through `write`."""
        return (topic_suffix, partition) in self._landed

    def refresh(self, minutes: Mapping[str, set[int]]) -> None:
        """Bring the rollups of these minutes up to date. Raises as `write` does."""
        self._patience.call(lambda: rollups.refresh(self._store, minutes))

    def learn(self, forgotten: ForgottenPeople) -> None:
        """Have it read who was added. Raises as `write` does."""
        self._patience.call(forgotten.learn)

    def erase(self, wanted: Erasures) -> None:
        """Delete what is to be forgotten, and what minutes say of it. Raises as `write` does."""
        if wanted:
            self._patience.call(lambda: self._eraser.erase(wanted))

    def _put(self, target: Target, records: Sequence[Record], written: Written) -> None:
        """Store all of `records`, or halve them until the bad ones stand alone."""
        try:
            for table, columns in target.build(records):
                self._insert(table, columns)
                _touch(table, columns, written)
        except (RowsRefused, ValueError, OverflowError) as error:
            if len(records) == 1:
                written.refused.append(Refused(records[0], str(error)))
                return
            middle = len(records) // 2
            self._put(target, records[:middle], written)
            self._put(target, records[middle:], written)
            return
        written.rows[target.last] += len(records)

    def _insert(self, table: str, columns: Columns) -> None:
        if columns["src_offset"]:
            self._patience.call(lambda: self._store.insert(table, columns))

    def _without_landed(self, target: Target, records: list[Record], written: Written) -> list[Record]:
        """The records that did not land before a `resume`. The minutes of the others are touched all the same."""
        new: list[Record] = []
        old: list[Record] = []
        for record in records:
            landed = self._landed.get((target.topic_suffix, record.partition), ())
            (old if record.offset in landed else new).append(record)
        if old:
            written.landed_before += len(old)
            for table, columns in target.build(old):
                _touch(table, columns, written)
        return new

    def _forget_passed(self, batch: Sequence[Record]) -> None:
        for record in batch:
            place = (TARGETS[type(record.event)].topic_suffix, record.partition)
            if place in self._landed and record.offset >= max(self._landed[place]):
                del self._landed[place]


def _touch(table: str, columns: Columns, written: Written) -> None:
    if table in rollups.RAW_TABLES:
        written.minutes[table] |= rollups.minutes_of(columns["occurred_at"])

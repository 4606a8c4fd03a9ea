"""Solves the chain and tells the rewrites: one worker does, for states of all partitions, since chains span them."""

import logging
import time
from typing import Final

from msgspec import MsgspecError
from pydantic import ValidationError

from infra.kafka.topics import REWRITES, SOURCE_MOVES
from infra.settings import Settings
from processors.rewrite_choice import RewriteRules
from processors.source_moves import SourceState
from schemas.rewrite import REWRITE, RewriteLayer, rewrite_key
from streams.delivery import Message
from streams.learn_partition import partition_of
from streams.rewrite_table import RewriteTable
from streams.topic_reader import TopicReader, TopicRecord

log = logging.getLogger(__name__)

_READS_A_STEP: Final = 50
_GLOBAL: Final = f"{RewriteLayer.GLOBAL.value}/".encode()


class Solver:
    """Follows the kept moves and the rewrite table, from their beginnings. Blocks; belongs to one thread at a time.

    Needs no position of its own: both topics are compacted, so a start reads the last word on every state and rewrite.
    """

    def __init__(self, settings: Settings, rules: RewriteRules | None = None) -> None:
        self._settings = settings
        self._moves = SOURCE_MOVES.full_name(settings)
        self._rewrites = REWRITES.full_name(settings)
        self._reader: TopicReader | None = None
        self.table = RewriteTable(rules or RewriteRules(users=settings.rewrite_users))
        self._caught_up = False

    def step(self) -> list[Message]:
        """Read what is new, solve what it changes; the records to send. Raises `TopicMissing`, `BrokerUnavailable` and
        what the client raises; a new solver begins anew then."""
        if self._reader is None:
            self._reader = TopicReader(self._settings, [self._moves, self._rewrites])
        if not self._caught_up:
            for record in self._reader.rest():
                self._take(record)
            self._caught_up = True
            log.info("solver: %d states, %d rewrites are known", len(self.table), len(self.table.rewrites))
        for _ in range(_READS_A_STEP):
            records = self._reader.read(timeout_ms=20)
            if not records:
                break
            for record in records:
                self._take(record)
        started, before = time.perf_counter(), self.table.components_solved
        changes = self.table.refresh()
        if changes:
            log.info(
                "solver: %d rewrites changed, %d components solved in %.0f ms",
                len(changes), self.table.components_solved - before, (time.perf_counter() - started) * 1000,
            )  # fmt: skip
        messages = []
        for change in changes:
            key = rewrite_key(RewriteLayer.GLOBAL, change.source).encode()
            value = change.rewrite.to_bytes() if change.rewrite is not None else None
            partition = partition_of(key, self._settings.kafka_partitions)
            messages.append(Message(self._rewrites, partition, key, value))
        return messages

    def close(self) -> None:
        """Leave the broker."""
        if self._reader is not None:
            self._reader.close()
            self._reader = None

    def _take(self, record: TopicRecord) -> None:
        try:
            if record.topic == self._moves:
                if record.value is not None and (state := SourceState.of_bytes(record.value)) is not None:
                    self.table.take(state)
            elif record.key is not None and record.key.startswith(_GLOBAL):
                rewrite = None if record.value is None else REWRITE.validate_json(record.value)
                self.table.hear(record.key.removeprefix(_GLOBAL).decode(), rewrite)
        except (MsgspecError, ValidationError, ValueError) as bad:
            log.error("%s partition %d offset %d is left out: %s", record.topic, record.partition, record.offset, bad)

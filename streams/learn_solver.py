"""Solves the chain and tells the rewrites: one worker does, for states of all partitions, since chains span them."""

import logging
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final

from msgspec import MsgspecError
from pydantic import ValidationError

from infra import telemetry
from infra.kafka.topics import REWRITE_REFRESHES, REWRITE_TRIALS, REWRITES, SOURCE_MOVES
from infra.settings import Settings
from processors.refresh_guard import RefreshGuard
from processors.rewrite_choice import RewriteRules
from processors.rewrite_trials import Arms
from processors.source_moves import SourceState
from schemas.rewrite import REWRITE, Rewrite, RewriteLayer, rewrite_key
from schemas.rewrite_trial import REWRITE_TRIAL
from streams.delivery import Message
from streams.learn_partition import partition_of
from streams.refresh_gate import RefreshGate
from streams.rewrite_table import Change, RewriteTable
from streams.topic_reader import TopicReader, TopicRecord

log = logging.getLogger(__name__)

_READS_A_STEP: Final = 50
_HARMFUL: Final = b'"blocked":true'
_GLOBAL: Final = f"{RewriteLayer.GLOBAL.value}/".encode()


class Solver:
    """Follows kept moves, the rewrite table, trials and what is said of refreshes, from their beginnings. Blocks;
    belongs to one thread at a time.

    Needs no position of its own: the topics are compacted, so a start reads the last word on everything.
    """

    def __init__(
        self, settings: Settings, rules: RewriteRules | None = None, guard: RefreshGuard | None = None
    ) -> None:
        self._settings = settings
        self._moves = SOURCE_MOVES.full_name(settings)
        self._rewrites = REWRITES.full_name(settings)
        self._trials = REWRITE_TRIALS.full_name(settings)
        self._refreshes = REWRITE_REFRESHES.full_name(settings)
        self._reader: TopicReader | None = None
        self._gate = RefreshGate(settings, guard)
        self.table = RewriteTable(
            rules or RewriteRules(users=settings.rewrite_users),
            gate=lambda changes: self._gate.passes(self.table, changes),
        )
        self._harmful: dict[str, Arms] = {}
        self._cleared_ms: dict[str, int] = {}
        self._to_look_at: set[str] = set()
        self._caught_up = False

    def step(self) -> list[Message]:
        """Read what is new, solve what it changes; the records to send. Raises `TopicMissing`, `BrokerUnavailable` and
        what the client raises; a new solver begins anew then."""
        if self._reader is None:
            topics = [self._moves, self._rewrites, self._trials, self._refreshes]
            self._reader = TopicReader(self._settings, topics)
        if not self._caught_up:
            for record in self._reader.rest():
                self.take(record)
            self._caught_up = True
            log.info("solver: %d states, %d rewrites are known", len(self.table), len(self.table.rewrites))
        for _ in range(_READS_A_STEP):
            records = self._reader.read(timeout_ms=20)
            if not records:
                break
            for record in records:
                self.take(record)
        return self.solve()

    def solve(self) -> list[Message]:
        """Solve what changed and block what does harm; the records to send."""
        started, before = time.perf_counter(), self.table.components_solved
        changes = self.table.refresh()
        if changes:
            log.info(
                "solver: %d rewrites changed, %d components solved in %.0f ms",
                len(changes), self.table.components_solved - before, (time.perf_counter() - started) * 1000,
            )  # fmt: skip
        return [*map(self._message, self._without_harm(changes)), *self._gate.messages()]

    def close(self) -> None:
        """Leave the broker."""
        if self._reader is not None:
            self._reader.close()
            self._reader = None

    def take(self, record: TopicRecord) -> None:
        """One record of a topic that is followed. What cannot be read is told and changes nothing."""
        try:
            if record.topic == self._moves:
                if record.value is not None and (state := SourceState.of_bytes(record.value)) is not None:
                    self.table.take(state)
            elif record.topic == self._trials:
                self._take_trial((record.key or b"").decode(), record.value)
            elif record.topic == self._refreshes:
                if record.value is not None:
                    self._gate.hear(record.value, self.table.again)
            elif record.key is not None and record.key.startswith(_GLOBAL):
                self._take_rewrite(record.key.removeprefix(_GLOBAL).decode(), record.value)
        except (MsgspecError, ValidationError, ValueError) as bad:
            log.error("%s partition %d offset %d is left out: %s", record.topic, record.partition, record.offset, bad)

    def _take_rewrite(self, source: str, value: bytes | None) -> None:
        rewrite = None if value is None else REWRITE.validate_json(value)
        self.table.hear(source, rewrite)
        if rewrite is not None:
            if rewrite.cleared_at is not None:
                self._cleared_ms[rewrite.event_id] = int(rewrite.cleared_at.timestamp() * 1000)
            self._to_look_at.add(source)

    def _take_trial(self, rewrite_id: str, value: bytes | None) -> None:
        harmful = value is not None and _HARMFUL in value  # most do no harm, and reading one takes long
        trial = REWRITE_TRIAL.validate_json(value) if value is not None and harmful else None
        if trial is None or trial.layer is not RewriteLayer.GLOBAL:
            self._harmful.pop(rewrite_id, None)
            return
        self._harmful[rewrite_id] = Arms.of(trial)
        if trial.source is not None:
            self._to_look_at.add(trial.source)
        else:
            self._to_look_at.update(source for source, one in self.table.rewrites.items() if one.event_id == rewrite_id)

    def _without_harm(self, changes: Iterable[Change]) -> list[Change]:
        """The changes, with what does harm blocked, and what was known before and does as well."""
        told = {change.source: change for change in changes}
        looked_at, self._to_look_at = self._to_look_at | told.keys(), set()
        for source in sorted(looked_at):
            rewrite = self.table.rewrites.get(source)
            if rewrite is None or rewrite.blocked:
                continue
            kept = self._as_it_stands(rewrite)
            if kept is not rewrite:
                if kept.blocked:
                    telemetry.REWRITES_BLOCKED.inc()
                    log.warning("rewrite %s is blocked: %s", kept.event_id, kept.blocked_because)
                self.table.hear(source, kept)
                told[source] = Change(source, kept)
        return list(told.values())

    def _as_it_stands(self, rewrite: Rewrite) -> Rewrite:
        """The record with what is known of this rewrite beyond what was solved."""
        cleared_ms = self._cleared_ms.get(rewrite.event_id)
        if cleared_ms is not None and rewrite.cleared_at is None:
            rewrite = rewrite.model_copy(update={"cleared_at": datetime.fromtimestamp(cleared_ms / 1000, UTC)})
        arms = self._harmful.get(rewrite.event_id)
        because = arms.harm(cleared_ms or 0, rewrite.source_success) if arms is not None else None
        if because is None:
            return rewrite
        return rewrite.model_copy(update={"blocked": True, "blocked_because": because})

    def _message(self, change: Change) -> Message:
        key = rewrite_key(RewriteLayer.GLOBAL, change.source).encode()
        value = change.rewrite.to_bytes() if change.rewrite is not None else None
        return Message(self._rewrites, partition_of(key, self._settings.kafka_partitions), key, value)

"""Records that retention deleted before they were read: a consumer jumps over them without a word."""

import logging
from collections.abc import Sequence

from faust.types import TP

from infra import telemetry
from streams.record import Record

log = logging.getLogger(__name__)


class LostRecords:
    """Watches the offsets of one partition, of which records are deleted by age alone."""

    def __init__(self, role: str, tp: TP, committed_offset: int) -> None:
        """`committed_offset`: where reading goes on; -1 when it begins anew."""
        self._role = role
        self._tp = tp
        self._next = committed_offset

    def look_at(self, batch: Sequence[Record]) -> int:
        """How many records are missing between the last batch and this one; an alarm says which."""
        lost = batch[0].offset - self._next if self._next >= 0 else 0
        if lost > 0:
            telemetry.LOST_RECORDS.labels(self._role, self._tp.topic, self._tp.partition).inc(lost)
            log.error(
                "ALARM: %d records of %s partition %d were deleted by retention before they were read (%d to %d)",
                lost, self._tp.topic, self._tp.partition, self._next, batch[0].offset - 1,
            )  # fmt: skip
        self._next = max(self._next, batch[-1].offset + 1)
        return max(lost, 0)

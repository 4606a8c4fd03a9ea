"""How far what the page shows is behind what happens, in words."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from time import time

from infra.page.figures import Freshness
from infra.page.pulse import PartitionLag
from infra.page.text import count, duration, moment
from infra.page.window import Extent

BEHIND_S = 5.0
"""From this age on, rows are called late."""


@dataclass(frozen=True, slots=True)
class Health:
    """What is known of the way from the log to the store; `lag` is None when nobody tells."""

    freshness: Freshness = field(default_factory=Freshness)
    lag: Sequence[PartitionLag] | None = None
    behind_s: float | None = None
    reason: str = ""

    @property
    def late_s(self) -> float:
        """Seconds that the store is behind the log: as the pulse says, else as the newest rows say."""
        if self.behind_s is not None:
            return self.behind_s
        return self.freshness.p50_s or 0.0

    @property
    def behind(self) -> bool:
        """Whether a person should be told."""
        return self.late_s >= BEHIND_S

    @property
    def label(self) -> str:
        """`live`, or how far behind."""
        return f"behind by {duration(self.late_s)}" if self.behind else "live"

    @property
    def staleness_label(self) -> str:
        """Age of rows when they were stored; inserts are timed to the second."""
        fresh = self.freshness
        if fresh.p50_s is None or fresh.p99_s is None:
            return "no turn was stored in the last minute"
        return (
            f"p50 {_seconds(fresh.p50_s)} · p99 {_seconds(fresh.p99_s)}, {count(fresh.rows)} turns in the last minute"
        )

    @property
    def lag_label(self) -> str:
        """Records that roles have still to read."""
        if self.lag is None:
            return f"not known: {self.reason}" if self.reason else "not known"
        roles = sorted({row.role for row in self.lag})
        sums = [(role, sum(row.lag for row in self.lag if row.role == role)) for role in roles]
        return " · ".join(f"{role} {count(total)} records" for role, total in sums) or "no partition is read"


def newest_label(extent: Extent | None) -> str:
    """When the newest minute with a turn was, and how long ago."""
    if extent is None:
        return "none yet"
    age = max(0.0, time() - extent.newest)
    ago = "within the last minute" if age < 60 else f"{duration(age)} ago"
    return f"{moment(extent.newest)} UTC, {ago}"


def _seconds(seconds: float) -> str:
    return "under 1 s" if seconds < 1 else f"{seconds:,.0f} s"

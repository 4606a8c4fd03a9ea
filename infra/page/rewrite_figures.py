"""What the page shows of rewrites. Times are epoch seconds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from infra.page.wilson import Share

LAYERS = (("personal", "Personal"), ("precomputed", "Precomputed"), ("global", "Found by search"))
"""Layers of decisions, and how they are called."""


@dataclass(slots=True)
class Arms:
    """Counts of decisions by what was done; `by_layer`: those that served a rewrite, by its layer."""

    served: int = 0
    holdout: int = 0
    none: int = 0
    by_layer: dict[str, int] = field(default_factory=dict)

    def count(self, arm: str, layer: str, n: int) -> None:
        """Add `n` decisions."""
        setattr(self, arm, getattr(self, arm) + n)
        if arm == "served" and layer:
            self.by_layer[layer] = self.by_layer.get(layer, 0) + n

    @property
    def decisions(self) -> int:
        """All of them."""
        return self.served + self.holdout + self.none

    @property
    def coverage(self) -> Share:
        """The share that was rewritten."""
        return Share(self.served, self.decisions)


@dataclass(frozen=True, slots=True)
class Decisions:
    """What was decided in a window."""

    total: Arms
    mean_latency_ms: float
    buckets: Mapping[int, Arms]
    layers: Mapping[str, Arms]
    reasons: Sequence[tuple[str, int]]
    domains: Sequence[tuple[str, Arms]]


@dataclass(frozen=True, slots=True)
class Posterior:
    """A Beta posterior of success with its 95 % interval."""

    good: float
    bad: float
    low: float
    high: float

    @property
    def mean(self) -> float:
        """Expected success."""
        return self.good / (self.good + self.bad)


@dataclass(frozen=True, slots=True)
class Trial:
    """How a rewrite does, served and held back; `worse`: probability that people fare worse with it."""

    served: Posterior
    held_out: Posterior
    worse: float
    uses: int


@dataclass(frozen=True, slots=True)
class Chain:
    """A way that people went, as state keys, and how many they were."""

    states: Sequence[str]
    people: int


@dataclass(frozen=True, slots=True)
class RewriteRow:
    """A rewrite; of one person's all words are empty."""

    rewrite_id: str
    layer: str
    source: str
    source_text: str
    target: str
    target_text: str
    users: int
    support: float
    reason: str
    chains: Sequence[Chain]
    blocked_because: str | None
    first_seen: int
    last_seen: int
    source_success: Posterior
    target_success: Posterior
    solver: str
    trial: Trial | None

    @property
    def said(self) -> str:
        """The source in words where enough people used the same, else its state."""
        return self.source_text or self.source


@dataclass(frozen=True, slots=True)
class TableSizes:
    """How many rewrites there are; wins and losses among those of everybody that are on trial."""

    everybody: int = 0
    personal: int = 0
    blocked: int = 0
    wins: int = 0
    losses: int = 0
    on_trial: int = 0


@dataclass(frozen=True, slots=True)
class RewriteLists:
    """Rewrites of everybody. `by_use`: the top ones are those used most; else the best supported, as none was used."""

    top: Sequence[RewriteRow]
    by_use: bool
    newest: Sequence[RewriteRow]
    blocked: Sequence[RewriteRow]
    wins: Sequence[RewriteRow]
    losses: Sequence[RewriteRow]
    sizes: TableSizes

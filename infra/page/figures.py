"""What the queries find, as the page shows it. Times are epoch seconds unless the name says otherwise."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from infra.page.view import Facet
from infra.page.wilson import Share
from infra.page.window import Extent
from schemas.alarm import Alarm


@dataclass(frozen=True, slots=True)
class Counts:
    """Counts over some stretch of time and some facets."""

    turns: int = 0
    barge_ins: int = 0
    repeats: int = 0
    rephrases: int = 0
    terminations: int = 0
    defects: int = 0
    correct: int = 0
    false_wakes: int = 0
    asr: int = 0
    nlu: int = 0
    entity: int = 0
    result: int = 0
    abstained: int = 0

    @property
    def judged(self) -> int:
        """Turns of which somebody tried to say where they failed."""
        failed = self.false_wakes + self.asr + self.nlu + self.entity + self.result
        return self.correct + failed + self.abstained

    def failure_share(self, name: str) -> Share:
        """One of `FAILURE_NAMES`, or `abstained`, among the judged turns."""
        return Share(getattr(self, name), self.judged)

    @property
    def defect_share(self) -> Share:
        """Defects among turns; capped, as a late turn may be counted a moment after its verdict."""
        return Share(min(self.defects, self.turns), self.turns)


FAILURE_NAMES = ("false_wakes", "asr", "nlu", "entity", "result")
"""Counts of turns by the component that broke first."""

COUNT_NAMES = (
    "turns",
    "barge_ins",
    "repeats",
    "rephrases",
    "terminations",
    "defects",
    "judged",
    *FAILURE_NAMES,
    "abstained",
)


@dataclass(frozen=True, slots=True)
class Mark:
    """What the rollups held at a glance: when two marks are equal, nothing has changed in between."""

    versions: tuple[int, ...] = ()
    extent: Extent | None = None


@dataclass(frozen=True, slots=True)
class Breakdown:
    """Counts by the values of one facet, most turns first; `more`: so many values there are when some are left out."""

    facet: Facet
    rows: Sequence["FacetRow"]
    more: int = 0

    @property
    def scale(self) -> float:
        """The share at the right end of the rows' bars."""
        return max([row.counts.defect_share.value for row in self.rows] + [0.05]) * 1.1


@dataclass(frozen=True, slots=True)
class FacetRow:
    """One value of a facet; empty when turns do not have it."""

    value: str
    counts: Counts


@dataclass(frozen=True, slots=True)
class RequestRow:
    """One request within one domain and the share of its turns that were defects."""

    request: str
    domain: str
    share: Share


@dataclass(frozen=True, slots=True)
class CauseRow:
    """Dead letters of one cause."""

    cause: str
    count: int
    newest: int


@dataclass(frozen=True, slots=True)
class Tables:
    """What stands below the charts."""

    breakdowns: Sequence[Breakdown]
    requests: Sequence[RequestRow]
    requests_filterable: bool
    dead_letters: Sequence[CauseRow]
    alarms: Sequence[Alarm] = ()
    """Open ones first, then the latest that are over."""

    @property
    def open_alarms(self) -> Sequence[Alarm]:
        """Those that still go on."""
        return [alarm for alarm in self.alarms if alarm.open]


@dataclass(frozen=True, slots=True)
class Freshness:
    """How old rows are when they are stored: from the broker's timestamp to the insert, seconds.

    `rows` were stored within the last minute; the quantiles are None when there are none.
    """

    rows: int = 0
    p50_s: float | None = None
    p99_s: float | None = None


@dataclass(frozen=True, slots=True)
class DialogueRow:
    """One dialogue in a list."""

    dialogue_id: str
    started_at: int
    turns: int
    defects: int
    domain: str
    first_request: str
    signals: Mapping[str, int]
    matches: int
    """Turns or signals in it that the list was narrowed to."""


@dataclass(frozen=True, slots=True)
class SlotValue:
    """A slot that was understood."""

    type: str
    value: str


@dataclass(frozen=True, slots=True)
class SignalRow:
    """One feedback event about a turn."""

    event_id: str
    type: str
    kind: str
    by_turn_id: str
    detector: str
    score: float
    reason: str
    evidence: Sequence[tuple[str, float]]
    retracted: bool


@dataclass(frozen=True, slots=True)
class VerdictRow:
    """The verdict on a turn."""

    defect: bool
    score: float
    tier: str
    evidence: Sequence[str]


@dataclass(frozen=True, slots=True)
class TurnRow:
    """One turn, as it was heard, understood and answered. Times are epoch milliseconds, 0 when not known."""

    turn_id: str
    occurred_ms: int
    user_id: str
    device_id: str
    device_type: str
    locale: str
    channel: str
    domain: str
    intent: str
    slots: Sequence[SlotValue]
    request: str
    wake_word: str
    asr_confidence: float | None
    asr_n_best: Sequence[str]
    nlu_confidence: float | None
    response_text: str
    response_status: str
    action: str
    entity: str
    speech_start_ms: int
    speech_end_ms: int
    response_start_ms: int
    response_end_ms: int
    synthetic_timing: bool
    versions: Sequence[tuple[str, str]]
    signals: Sequence[SignalRow] = field(default=())
    verdict: VerdictRow | None = None


@dataclass(frozen=True, slots=True)
class DialogueStory:
    """A whole dialogue, turn by turn; the labels are None until the first verdict is stored."""

    dialogue_id: str
    turns: Sequence[TurnRow]
    closed: bool = False
    closed_by: str = ""
    goal_reached: str = ""
    satisfaction: float | None = None


@dataclass(frozen=True, slots=True)
class LetterRow:
    """One dead letter."""

    event_id: str
    occurred_at: int
    cause: str
    reason: str
    role: str
    topic: str
    partition: int
    offset: int
    size_bytes: int
    replay_count: int
    preview: str


@dataclass(frozen=True, slots=True)
class Series:
    """Counts per bucket; buckets without anything are left out."""

    step_s: int
    rows: Mapping[int, Counts]


@dataclass(frozen=True, slots=True)
class Totals:
    """Counts of a window, and of the equally long stretch before it (None: there is none)."""

    now: Counts
    before: Counts | None

"""Figures per minute, computed from raw rows: a touched minute is computed anew, whole, and replaces what was there.

A minute's row carries a version: the sum, over all ids in the minute, of (highest version of the raw row + 1). Rows are
only ever added or replaced by higher versions, so whoever saw more computes a higher version, and equal versions mean
equal content. However many workers compute a minute at once, in whatever order they finish, the row that stays is one
that saw everything. This needs one thing of raw rows: the minute of an id does not change between its versions.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from infra.clickhouse.failure_rows import PROBABILITY_COLUMNS, SUM_COLUMNS
from infra.clickhouse.store import Store

MINUTE_S = 60
_MINUTES_A_STATEMENT = 500
_FACETS = ("domain", "intent", "device_type", "locale", "channel", "component_version")


@dataclass(frozen=True)
class Rollup:
    """How the minutes of one table are computed from one raw table.

    `measures` are SQL aggregates by column name; the first counts rows, a group in which it is 0 is left out.
    """

    table: str
    view: str
    raw: str
    version: str
    keys: tuple[str, ...]
    measures: Mapping[str, str]

    @property
    def size(self) -> str:
        """The measure that counts rows."""
        return next(iter(self.measures))

    def refresh_sql(self, minutes: Iterable[int]) -> str:
        """INSERT ... SELECT of whole minutes, given by their start in epoch seconds."""
        keys = ", ".join(self.keys)
        measures = ", ".join(f"{sql} AS {name}" for name, sql in self.measures.items())
        columns = (*self.keys, *self.measures)
        targets = ", ".join(f"`groups.{name}`" for name in columns)
        arrays = ", ".join(f"groupArrayIf({name}, {self.size} > 0)" for name in columns)
        wanted = ", ".join(f"toDateTime({minute})" for minute in minutes)
        return (
            f"INSERT INTO {self.table} (minute, version, {targets}) "
            f"SELECT minute, sum(known), {arrays} FROM ("
            f"SELECT toStartOfMinute(occurred_at) AS minute, {keys}, sum({self.version} + 1) AS known, {measures} "
            f"FROM {self.raw} FINAL WHERE toStartOfMinute(occurred_at) IN ({wanted}) GROUP BY minute, {keys}"
            f") GROUP BY minute"
        )


TURNS = Rollup(
    "turn_minutes",
    "turns_per_minute",
    "turns",
    "src_offset",
    _FACETS,
    {
        "turns": "count()",
        "users": "uniqExact(user_id)",
        "unanswered": "countIf(response_status IN ('not-understood', 'unsupported', 'failed'))",
        "rewritten": "countIf(rewrite_id != '')",
    },
)
FEEDBACK = Rollup(
    "feedback_minutes",
    "feedback_per_minute",
    "feedback",
    "revision",
    ("type", "kind", *_FACETS),
    {
        "signals": "countIf(retracted = 0)",
        "turns": "uniqExactIf(turn_id, retracted = 0)",
        "users": "uniqExactIf(user_id, retracted = 0)",
        "score_sum": "sumIf(toFloat64(score), retracted = 0)",
    },
)
DEFECTS = Rollup(
    "defect_minutes",
    "defects_per_minute",
    "verdicts",
    "revision",
    _FACETS,
    {
        "turns": "count()",
        "defects": "countIf(defect = 1)",
        "explicit": "countIf(tier = 'explicit')",
        "users": "uniqExact(user_id)",
        "score_sum": "sum(toFloat64(score))",
    },
)
REQUESTS = Rollup(
    "request_minutes",
    "requests_per_minute",
    "verdicts",
    "revision",
    ("domain", "request"),
    {
        "turns": "count()",
        "defects": "countIf(defect = 1)",
        "users": "uniqExact(user_id)",
        "score_sum": "sum(toFloat64(score))",
    },
)
FAILURE_POINTS = Rollup(
    "failure_point_minutes",
    "failure_points_per_minute",
    "failure_points",
    "revision",
    ("failure_point", *_FACETS),
    {
        "turns": "count()",
        "users": "uniqExact(user_id)",
        "weighed": f"countIf({' + '.join(PROBABILITY_COLUMNS.values())} > 0)",
        **{SUM_COLUMNS[point]: f"sum(toFloat64({column}))" for point, column in PROBABILITY_COLUMNS.items()},
    },
)
DECISIONS = Rollup(
    "rewrite_decision_minutes",
    "rewrite_decisions_per_minute",
    "rewrite_decisions",
    "src_offset",
    ("domain", "layer", "arm", "reason"),
    {
        "decisions": "count()",
        "users": "uniqExact(user_id)",
        "rewrites": "uniqExactIf(rewrite_id, rewrite_id != '')",
        "latency_ms_sum": "sum(toFloat64(latency_ms))",
    },
)
PREFERENCES = Rollup(
    "preference_minutes",
    "preferences_per_minute",
    "preference_changes",
    "src_offset",
    ("attribute", "status", "source", "explicitness"),
    {"changes": "count()", "users": "uniqExact(user_id)"},
)
OUTCOMES = Rollup(
    "preference_outcome_minutes",
    "preference_outcomes_per_minute",
    "preference_outcomes",
    "revision",
    ("attribute",),
    {
        "outcomes": "countIf(retracted = 0)",
        "obeyed": "countIf(retracted = 0 AND obeyed = 1)",
        "users": "uniqExactIf(user_id, retracted = 0)",
    },
)
MOMENTS = Rollup(
    "teachable_moment_minutes",
    "teachable_moments_per_minute",
    "teachable_moments",
    "src_offset",
    ("kind", "detector"),
    {"moments": "count()", "users": "uniqExact(user_id)"},
)
ROLLUPS = (TURNS, FEEDBACK, DEFECTS, REQUESTS, FAILURE_POINTS, DECISIONS, PREFERENCES, OUTCOMES, MOMENTS)

RAW_TABLES = frozenset(rollup.raw for rollup in ROLLUPS)
"""The raw tables whose minutes are rolled up."""


def refresh(store: Store, minutes: Mapping[str, Iterable[int]]) -> None:
    """Compute the given minutes anew. `minutes`: their starts in epoch seconds, by raw table; other tables are ignored.

    Safe to repeat and to run from many workers at once. Raises what the store raises.
    """
    for rollup in ROLLUPS:
        for some in _chunks(sorted(set(minutes.get(rollup.raw, ())))):
            store.execute(rollup.refresh_sql(some))


def minutes_of(epoch_seconds: Iterable[int]) -> set[int]:
    """The minutes (their starts in epoch seconds) that hold these moments."""
    return {second - second % MINUTE_S for second in epoch_seconds}


@dataclass(frozen=True)
class Tally:
    """A rollup beside the raw rows that it is computed from."""

    rollup: str
    raw: int
    rolled_up: int

    @property
    def exact(self) -> bool:
        """Whether both say the same."""
        return self.raw == self.rolled_up


def tally(store: Store) -> list[Tally]:
    """Count distinct ids in raw rows and the sums of the rollups. Reads everything: for checks, not for pages."""
    return [
        Tally(rollup.view, _number(store, raw), _number(store, f"SELECT sum({rollup.size}) AS n FROM {rollup.view}"))
        for rollup, raw in (
            (TURNS, "SELECT uniqExact(event_id) AS n FROM turns"),
            (FEEDBACK, "SELECT uniqExact(event_id) AS n FROM feedback FINAL WHERE retracted = 0"),
            (DEFECTS, "SELECT uniqExact(turn_id) AS n FROM verdicts"),
            (REQUESTS, "SELECT uniqExact(turn_id) AS n FROM verdicts"),
            (FAILURE_POINTS, "SELECT uniqExact(event_id) AS n FROM failure_points"),
            (DECISIONS, "SELECT uniqExact(event_id) AS n FROM rewrite_decisions"),
            (
                PREFERENCES,
                "SELECT uniqExact((key, revision, toStartOfMinute(occurred_at))) AS n FROM preference_changes",
            ),
            (OUTCOMES, "SELECT uniqExact(event_id) AS n FROM preference_outcomes FINAL WHERE retracted = 0"),
            (MOMENTS, "SELECT uniqExact(event_id) AS n FROM teachable_moments"),
        )
    ]


def _number(store: Store, sql: str) -> int:
    (row,) = store.query(sql)
    return int(str(row["n"]))


def _chunks(minutes: list[int]) -> Iterator[list[int]]:
    for start in range(0, len(minutes), _MINUTES_A_STATEMENT):
        yield minutes[start : start + _MINUTES_A_STATEMENT]

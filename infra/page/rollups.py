"""Figures over time and by facet, from the per-minute rollups: one row a minute that holds all groups of that minute.

The tables are read under FINAL with the time in the same WHERE, so that no server version has to push a condition
through a view.
"""

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from typing import cast

from infra.clickhouse.alarms import AlarmReader
from infra.clickhouse.rollups import ROLLUPS
from infra.clickhouse.store import Store
from infra.page.figures import (
    Breakdown,
    CauseRow,
    Counts,
    FacetRow,
    Freshness,
    Mark,
    RequestRow,
    Series,
    Tables,
    Totals,
)
from infra.page.narrowing import COLUMNS, facets_match, minutes_of
from infra.page.view import Facet
from infra.page.wilson import Z_95, Share
from infra.page.window import MINUTE_S, Extent, Window
from schemas.failure_point import FailurePoint

Row = dict[str, object]

FACET_ROWS = 12
REQUEST_ROWS = 20
ALARM_ROWS = 10
_AHEAD_S = 3600
_FRESH_S = 60
_FRESH_EVENTS_S = 5 * MINUTE_S
_SPLITS = {
    "type": {
        "barge-in": "barge_ins",
        "repeat": "repeats",
        "rephrase": "rephrases",
        "termination": "terminations",
    },
    "failure_point": {
        "": "abstained",
        FailurePoint.CORRECT: "correct",
        FailurePoint.FALSE_WAKE: "false_wakes",
        FailurePoint.ASR: "asr",
        FailurePoint.NLU: "nlu",
        FailurePoint.ENTITY: "entity",
        FailurePoint.RESULT: "result",
    },
}
"""Which count a row adds to, by the array that splits its source."""


@dataclass(frozen=True, slots=True)
class _Source:
    """A rollup and what is counted in it. `split` is a further array that says which count it is."""

    table: str
    counted: str
    split: str = ""


_TURNS = _Source("turn_minutes", "turns")
_SIGNAL_COUNTS = _Source("feedback_minutes", "signals", "type")
_DEFECTS = _Source("defect_minutes", "defects")
_FAILURES = _Source("failure_point_minutes", "turns", "failure_point")
_SOURCES = (_TURNS, _SIGNAL_COUNTS, _DEFECTS, _FAILURES)

_UNTIMED = {"dead_letters": "0", "alarms": "sum(revision)", "rewrites": "0", "rewrite_trials": "0"}
"""Tables without minutes that pages show, and what else tells that one has changed."""

Put = Callable[[Row, str, int], None]
"""Takes a row, the name of a count and its value."""


class Rollups:
    """Reads figures of a store. Methods block; all of them raise StoreError."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._alarms = AlarmReader(store)

    def mark(self) -> Mark:
        """What the rollups hold at a glance, in one cheap query."""
        tables = [rollup.table for rollup in ROLLUPS]
        parts = [
            f"SELECT {n} AS part, toUInt64(count()) AS held, toUInt64(sum(version)) AS versions,"
            " toInt64(toUnixTimestamp(min(minute))) AS oldest,"
            " toInt64(toUnixTimestamp(max(if(minute <= toDateTime(%(latest)s), minute, toDateTime(0))))) AS newest"
            f" FROM {table}"
            for n, table in enumerate(tables)
        ]
        parts += [
            f"SELECT {n} AS part, toUInt64(count()) AS held, toUInt64({versions}) AS versions,"
            f" toInt64(0) AS oldest, toInt64(toUnixTimestamp(max(inserted_at))) AS newest FROM {table}"
            for n, (table, versions) in enumerate(_UNTIMED.items(), start=len(tables))
        ]
        found = self._store.query(" UNION ALL ".join(parts), {"latest": int(time.time()) + _AHEAD_S})
        rows = sorted(found, key=lambda row: _int(row["part"]))
        versions = tuple(_int(row[name]) for row in rows for name in ("held", "versions", "newest"))
        turns = rows[0]
        has_turns = _int(turns["held"]) and _int(turns["newest"])
        return Mark(versions, Extent(_int(turns["oldest"]), _int(turns["newest"])) if has_turns else None)

    def totals_and_series(self, window: Window, facets: Mapping[Facet, str]) -> tuple[Totals, Series]:
        """Counts per bucket of the window, their sum, and the sum of the window before."""
        buckets: dict[int, dict[str, int]] = defaultdict(lambda: defaultdict(int))
        before: dict[str, int] = defaultdict(int)

        def put(row: Row, name: str, value: int) -> None:
            if _int(row["current"]):
                buckets[_int(row["bucket"])][name] += value
            else:
                before[name] += value

        since = window.previous if window.has_previous else window
        reach = Window(since.start, window.end, window.step_s)
        keys = (
            "minute >= toDateTime(%(current)s) AS current,"
            " intDiv(toInt64(toUnixTimestamp(minute)), %(step)s) * %(step)s AS bucket"
        )
        more = {"current": window.start, "step": window.step_s}
        for source in _SOURCES:
            self._collect(source, keys, "current, bucket", reach, facets, more, put)
        rows = {at: Counts(**counts) for at, counts in sorted(buckets.items())}
        return Totals(_sum(rows.values()), Counts(**before) if window.has_previous else None), Series(
            window.step_s, rows
        )

    def tables(self, window: Window, facets: Mapping[Facet, str]) -> Tables:
        """Breakdowns by every facet, the most defective requests, dead letters by cause."""
        domain = {Facet.DOMAIN: facets[Facet.DOMAIN]} if Facet.DOMAIN in facets else {}
        return Tables(
            breakdowns=self._breakdowns(window, facets),
            requests=self._requests(window, domain),
            requests_filterable=set(facets) <= {Facet.DOMAIN},
            dead_letters=self._causes(),
            alarms=self._alarms.latest(ALARM_ROWS),
        )

    def freshness(self, extent: Extent | None) -> Freshness:
        """How old the turns of the last minute were when they were stored; looks at the newest events only."""
        if extent is None:
            return Freshness()
        since = "toDateTime(%(since)s)"
        rows = self._store.query(
            "SELECT toUInt64(count()) AS held, quantile(0.5)(age) AS p50, quantile(0.99)(age) AS p99 FROM ("
            " SELECT greatest(toFloat64(toUnixTimestamp(inserted_at)) - toFloat64(toUnixTimestamp(appended_at))"
            " - appended_ms / 1000, 0) AS age FROM turns"
            f" WHERE occurred_at >= {since} AND toStartOfMinute(occurred_at) >= {since}"
            " AND inserted_at >= toDateTime(%(stored)s) AND toUnixTimestamp(appended_at) > 0)",
            {"since": extent.newest - _FRESH_EVENTS_S, "stored": int(time.time()) - _FRESH_S},
        )
        held = _int(rows[0]["held"]) if rows else 0
        if not held:
            return Freshness()
        return Freshness(held, _float(rows[0]["p50"]), _float(rows[0]["p99"]))

    def _breakdowns(self, window: Window, facets: Mapping[Facet, str]) -> list[Breakdown]:
        found: dict[Facet, dict[str, dict[str, int]]] = {facet: {} for facet in Facet}

        def put(row: Row, name: str, value: int) -> None:
            held = found[Facet(str(row["facet"]))].setdefault(str(row["value"]), defaultdict(int))
            held[name] += value

        for source in _SOURCES:
            self._by_facet(source, window, facets, put)
        breakdowns = []
        for facet, values in found.items():
            rows = [FacetRow(value, Counts(**counts)) for value, counts in values.items()]
            rows.sort(key=lambda row: (-row.counts.turns, -row.counts.defects, row.value))
            breakdowns.append(Breakdown(facet, rows[:FACET_ROWS], len(rows) if len(rows) > FACET_ROWS else 0))
        return breakdowns

    def _by_facet(self, source: _Source, window: Window, facets: Mapping[Facet, str], put: Put) -> None:
        names = ", ".join(f"'{facet.value}'" for facet in Facet)
        columns = ", ".join(COLUMNS[facet] for facet in Facet)
        split, grouped = (f"{source.split} AS split, ", "split, ") if source.split else ("", "")
        within, parameters = minutes_of(window)
        matching, more = facets_match(facets)
        rows = self._store.query(
            f"SELECT {grouped}facet, value, toUInt64(sum(n)) AS total FROM ("
            f"SELECT {split}{columns}, sum(counted) AS n"
            f" FROM {source.table} FINAL ARRAY JOIN {_opened(source, Facet)} WHERE {within}{matching}"
            f" GROUP BY {grouped}{columns}"
            f") ARRAY JOIN [{names}] AS facet, [{columns}] AS value GROUP BY {grouped}facet, value",
            parameters | more,
        )
        _hand_out(source, rows, put)

    def _collect(
        self,
        source: _Source,
        keys: str,
        grouped: str,
        window: Window,
        facets: Mapping[Facet, str],
        more: Mapping[str, object],
        put: Put,
    ) -> None:
        split = f", {source.split} AS split" if source.split else ""
        within, parameters = minutes_of(window)
        matching, values = facets_match(facets)
        rows = self._store.query(
            f"SELECT {keys}{split}, toUInt64(sum(counted)) AS total"
            f" FROM {source.table} FINAL ARRAY JOIN {_opened(source, facets)} WHERE {within}{matching}"
            f" GROUP BY {grouped}{', split' if source.split else ''}",
            {**parameters, **values, **more},
        )
        _hand_out(source, rows, put)

    def _requests(self, window: Window, facets: Mapping[Facet, str]) -> list[RequestRow]:
        within, parameters = minutes_of(window)
        matching, values = facets_match(facets)
        rows = self._store.query(
            "SELECT domain, request, toUInt64(sum(turns)) AS n, toUInt64(sum(defects)) AS hits, hits / n AS p,"
            " (p + %(zz)s / (2 * n) - %(z)s * sqrt(p * (1 - p) / n + %(zz)s / (4 * n * n))) / (1 + %(zz)s / n) AS low"
            " FROM request_minutes FINAL ARRAY JOIN `groups.domain` AS domain, `groups.request` AS request,"
            " `groups.turns` AS turns, `groups.defects` AS defects"
            f" WHERE {within}{matching} GROUP BY domain, request HAVING hits > 0"
            " ORDER BY low DESC, n DESC, request LIMIT %(limit)s",
            {**parameters, **values, "z": Z_95, "zz": Z_95**2, "limit": REQUEST_ROWS},
        )
        return [
            RequestRow(str(row["request"]), str(row["domain"]), Share(_int(row["hits"]), _int(row["n"])))
            for row in rows
        ]

    def _causes(self) -> list[CauseRow]:
        rows = self._store.query(
            "SELECT cause, toUInt64(uniqExact(event_id)) AS n, toInt64(toUnixTimestamp(max(occurred_at))) AS newest"
            " FROM dead_letters GROUP BY cause ORDER BY n DESC, cause"
        )
        return [CauseRow(str(row["cause"]), _int(row["n"]), _int(row["newest"])) for row in rows]


def _opened(source: _Source, facets: Iterable[Facet]) -> str:
    columns = [COLUMNS[facet] for facet in facets] + ([source.split] if source.split else [])
    return ", ".join([*(f"`groups.{name}` AS {name}" for name in columns), f"`groups.{source.counted}` AS counted"])


def _hand_out(source: _Source, rows: Iterable[Row], put: Put) -> None:
    for row in rows:
        name = _SPLITS[source.split].get(str(row["split"])) if source.split else source.counted
        if name:
            put(row, name, _int(row["total"]))


def _sum(rows: Iterable[Counts]) -> Counts:
    held = list(rows)
    return Counts(**{field.name: sum(getattr(row, field.name) for row in held) for field in fields(Counts)})


def _int(value: object) -> int:
    return int(cast(int, value))


def _float(value: object) -> float:
    return float(cast(float, value))

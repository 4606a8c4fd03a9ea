"""What the watch over components reads of the store: counts per minute, the alarms there are, who was told of them."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple, cast

import orjson

from infra.clickhouse.failure_rows import SUM_COLUMNS
from infra.clickhouse.store import Store
from schemas.alarm import Alarm, AlarmScope
from schemas.failure_point import FailurePoint

Row = dict[str, object]

_COLUMNS = (
    "event_id, failure_point, scope, summary, raised_at, ended_at, expected, observed, turns, evidence, test, revision,"
    " occurred_at"
)


class GroupCounts(NamedTuple):
    """A group of turns in one minute (its start in epoch seconds). `probabilities` are sums over `turns`."""

    minute_s: int
    domain: str
    device_type: str
    locale: str
    component_version: str
    turns: int
    probabilities: dict[FailurePoint, float]


class AlarmReader:
    """Reads a store. Methods block; all of them raise StoreError."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def versions(self, latest: datetime, history: timedelta) -> dict[int, int]:
        """The minutes with attributions (epoch seconds) and their versions: the newest one that is not after `latest`,
        and those of `history` before it."""
        newest = self._store.query(
            "SELECT toInt64(toUnixTimestamp(max(minute))) AS newest FROM failure_point_minutes"
            " WHERE minute <= %(latest)s",
            {"latest": latest},
        )
        since = max(0, _int(newest[0]["newest"]) - int(history.total_seconds())) if newest else 0
        rows = self._store.query(
            "SELECT toInt64(toUnixTimestamp(minute)) AS at, version FROM failure_point_minutes FINAL"
            " WHERE minute >= toDateTime(%(since)s) AND minute <= %(latest)s",
            {"since": since, "latest": latest},
        )
        return {_int(row["at"]): _int(row["version"]) for row in rows}

    def counts(self, minutes: Iterable[int]) -> list[GroupCounts]:
        """The groups of these minutes (epoch seconds). Turns without probabilities are not among them."""
        wanted = sorted(minutes)
        if not wanted:
            return []
        sums = ", ".join(f"sum({column}) AS all_{column}" for column in SUM_COLUMNS.values())
        opened = ", ".join(
            f"`groups.{name}` AS {name}"
            for name in (
                "domain", "device_type", "locale", "component_version", "weighed", *SUM_COLUMNS.values()
            )
        )  # fmt: skip
        within = ", ".join(f"toDateTime({minute})" for minute in wanted)
        rows = self._store.query(
            "SELECT toInt64(toUnixTimestamp(minute)) AS at, domain, device_type, locale, component_version,"
            f" toUInt64(sum(weighed)) AS all_turns, {sums} FROM failure_point_minutes FINAL ARRAY JOIN {opened}"
            f" WHERE minute IN ({within}) GROUP BY at, domain, device_type, locale, component_version"
            " HAVING all_turns > 0"
        )
        return [
            GroupCounts(
                _int(row["at"]),
                str(row["domain"]),
                str(row["device_type"]),
                str(row["locale"]),
                str(row["component_version"]),
                _int(row["all_turns"]),
                {point: _float(row[f"all_{column}"]) for point, column in SUM_COLUMNS.items()},
            )
            for row in rows
        ]

    def alarms(self) -> list[Alarm]:
        """All alarms, each in its last revision."""
        return [_alarm(row) for row in self._store.query(f"SELECT {_COLUMNS} FROM alarms FINAL")]

    def latest(self, most: int, *, only_open: bool = False) -> list[Alarm]:
        """At most so many alarms: those that are open first, then those that began last."""
        rows = self._store.query(
            f"SELECT {_COLUMNS} FROM alarms FINAL {'WHERE ended_at = toDateTime(0)' if only_open else ''}"
            " ORDER BY ended_at = toDateTime(0) DESC, occurred_at DESC, event_id LIMIT %(most)s",
            {"most": most},
        )
        return [_alarm(row) for row in rows]

    def untold(self, stored_since: datetime) -> list[Alarm]:
        """Alarms stored at `stored_since` or later whose last revision the webhook has not taken, oldest first."""
        rows = self._store.query(
            f"SELECT {_COLUMNS} FROM alarms FINAL WHERE inserted_at >= %(since)s"
            " AND (event_id, revision) NOT IN (SELECT event_id, revision FROM alarm_notices)"
            " ORDER BY inserted_at, event_id",
            {"since": stored_since},
        )
        return [_alarm(row) for row in rows]

    def note_told(self, alarms: Sequence[Alarm]) -> None:
        """Remember that the webhook has taken these revisions."""
        self._store.insert(
            "alarm_notices",
            {"event_id": [alarm.event_id for alarm in alarms], "revision": [alarm.revision for alarm in alarms]},
        )


def _alarm(row: Row) -> Alarm:
    ended_at = cast(datetime, row["ended_at"])
    return Alarm(
        event_id=str(row["event_id"]),
        occurred_at=cast(datetime, row["occurred_at"]),
        failure_point=FailurePoint(str(row["failure_point"])),
        scope=AlarmScope.model_validate(orjson.loads(str(row["scope"]))),
        raised_at=cast(datetime, row["raised_at"]),
        ended_at=ended_at if ended_at.timestamp() > 0 else None,
        expected=_float(row["expected"]),
        observed=_float(row["observed"]),
        turns=_int(row["turns"]),
        evidence=_float(row["evidence"]),
        test=str(row["test"]),
        summary=str(row["summary"]),
        revision=_int(row["revision"]),
    )


def _int(value: object) -> int:
    return int(cast(int, value))


def _float(value: object) -> float:
    return float(cast(float, value))

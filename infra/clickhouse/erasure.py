"""Deleting rows for good: those of a person, or of a preference that was taken back, and what minutes say of them.

A minute's figures are replaced by a higher version alone, and a minute that lost rows has a lower one. So what was
computed is deleted too, and computed anew from what is left. Which minutes that concerns is written down first: a
worker that is killed in between does it when it begins again, as the record that asked for it is read again. Another
worker may have read a minute before its rows were deleted and write it down after: so minutes are looked at once more
when all who began before have ended.
"""

import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeVar

from infra.clickhouse import rollups
from infra.clickhouse.record import Record
from infra.clickhouse.rollups import Rollup
from infra.clickhouse.store import Store, StoreUnavailable
from infra.clickhouse.tombstone import PreferenceTombstone, digest
from schemas.contract import hashed
from schemas.forgotten_person import ForgottenPerson
from schemas.preference import Preference

T = TypeVar("T")

_BY_USER: Final = "user_id"
PERSONAL_TABLES: Mapping[str, str] = {
    **dict.fromkeys(
        (
            "turns",
            "playbacks",
            "explicit_feedback",
            "feedback",
            "verdicts",
            "dialogues",
            "failure_points",
            "rewrites",
            "rewrite_trials",
            "rewrite_decisions",
            "preference_changes",
            "preferences",
            "preference_outcomes",
            "teachable_moments",
        ),
        _BY_USER,
    ),
    "dead_letters": "key_preview",
}
"""Every table with rows about single people, and the column that says about whom."""

ASKING_TOPICS: Final = frozenset({ForgottenPerson.topic_suffix, Preference.topic_suffix})
"""Where records may ask for rows to be deleted."""

_AT_ONCE: Final = 200
_PATIENCE_S: Final = 600.0
_NO_PARTITION: Final = 65_535
_POLL_S: Final = (0.01, 0.02, 0.05, 0.1, 0.2)
_OLDER: Final = (
    "(toUnixTimestamp(appended_at) * 1000 + appended_ms <= {until}"
    " OR toUnixTimestamp(occurred_at) * 1000 + occurred_ms <= {until})"
)


@dataclass
class Erasures:
    """What is to be deleted: of people (ids) all rows up to a moment (epoch milliseconds); of preferences (digests of
    their keys) all revisions before an offset, and up to a moment what came of them."""

    people: dict[str, int] = field(default_factory=dict)
    preferences: dict[str, int] = field(default_factory=dict)
    outcomes: dict[str, int] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.people or self.preferences or self.outcomes)

    def note(self, records: Iterable[Record]) -> None:
        """What these records ask for."""
        for record in records:
            match record.event:
                case ForgottenPerson():
                    self.forget({record.event.user_id: record.appended_ms})
                case PreferenceTombstone():
                    key = digest(record.event.key)
                    self.add(Erasures(preferences={key: record.offset}, outcomes={key: record.appended_ms}))

    def forget(self, people: Mapping[str, int]) -> None:
        """These people as well."""
        for user, until in people.items():
            self.people[user] = max(until, self.people.get(user, 0))

    def add(self, other: "Erasures") -> None:
        """What somebody else asks for as well."""
        self.forget(other.people)
        for key, offset in other.preferences.items():
            self.preferences[key] = max(offset, self.preferences.get(key, 0))
        for key, until in other.outcomes.items():
            self.outcomes[key] = max(until, self.outcomes.get(key, 0))


class Eraser:
    """Deletes rows and rebuilds the minutes they counted in; returns when that is done. Raises StoreError."""

    def __init__(self, store: Store, stop: threading.Event | None = None, settle_s: float = 0.0) -> None:
        """`stop`: once set, waiting for the store to delete ends with StoreUnavailable. `settle_s`: after how long
        minutes are looked at once more, where other workers refresh them too; 0 where none does."""
        self._store = store
        self._stop = stop or threading.Event()
        self._settle_s = settle_s

    def erase(self, wanted: Erasures) -> None:
        """Delete what is asked for. Safe to repeat."""
        for some in _chunks(sorted(wanted.people.items())):
            for table, column in PERSONAL_TABLES.items():
                conditions = [
                    (f"{_about(column, n)} AND {_OLDER.format(until=until)}", _names_of(user, n))
                    for n, (user, until) in enumerate(some)
                ]
                self._delete(table, conditions)
        for some in _chunks(sorted(wanted.preferences.items())):
            of_keys = [
                (f"key = %(id{n})s AND src_offset < {offset}", {f"id{n}": key}) for n, (key, offset) in enumerate(some)
            ]
            self._delete("preference_changes", of_keys)
            self._delete("preferences", of_keys)
        for some in _chunks(sorted(wanted.outcomes.items())):
            what_came = [
                (f"key = %(id{n})s AND {_OLDER.format(until=until)}", {f"id{n}": key})
                for n, (key, until) in enumerate(some)
            ]
            self._delete("preference_outcomes", what_came)
        self._rebuild()

    def _delete(self, table: str, conditions: Sequence[tuple[str, Mapping[str, object]]]) -> None:
        """Delete the rows of a table that fulfil one of the conditions (SQL and its parameters)."""
        where = " OR ".join(f"({sql})" for sql, _ in conditions)
        parameters = {name: value for _, values in conditions for name, value in values.items()}
        minutes = self._store.query(
            "SELECT DISTINCT toInt64(toUnixTimestamp(toStartOfMinute(occurred_at))) AS minute"
            f" FROM {table} WHERE {where}",
            parameters,
        )
        if not minutes:
            return
        if table in rollups.RAW_TABLES:
            self._note_minutes(table, [int(str(row["minute"])) for row in minutes], pending=True)
        self._mutate(table, where, parameters)

    def _rebuild(self) -> None:
        rows = self._store.query(
            "SELECT raw, toInt64(toUnixTimestamp(minute)) AS at FROM erased_minutes FINAL WHERE pending = 1"
        )
        pending: dict[str, set[int]] = {}
        for row in rows:
            pending.setdefault(str(row["raw"]), set()).add(int(str(row["at"])))
        for raw, minutes in pending.items():
            of_raw = [rollup for rollup in rollups.ROLLUPS if rollup.raw == raw]
            for some in _chunks(sorted(minutes)):
                stale = list(some)
                while stale:
                    self._compute_anew(raw, of_raw, stale)
                    stale = self._written_since(of_raw, stale)
                self._note_minutes(raw, some, pending=False)

    def _compute_anew(self, raw: str, of_raw: Sequence[Rollup], minutes: Sequence[int]) -> None:
        for rollup in of_raw:
            self._mutate(rollup.table, f"minute IN ({_in_sql(minutes)})", {})
        rollups.refresh(self._store, {raw: minutes})

    def _written_since(self, of_raw: Sequence[Rollup], minutes: Sequence[int]) -> list[int]:
        """The minutes that somebody else has put back as they were: their version is too high for their rows."""
        if not self._settle_s:
            return []
        began = time.monotonic()
        if self._stop.wait(self._settle_s):
            raise StoreUnavailable("told to stop while minutes were computed anew")
        self._until(lambda: not self._others_begun(of_raw, began), "others computing the same minutes")
        wrong: set[int] = set()
        for rollup in of_raw:
            rows = self._store.query(
                "SELECT toInt64(toUnixTimestamp(minute)) AS at, max(held) AS held, max(known) AS known FROM ("
                f"SELECT minute, max(version) AS held, toUInt64(0) AS known FROM {rollup.table}"
                f" WHERE minute IN ({_in_sql(minutes)}) GROUP BY minute UNION ALL"
                f" SELECT toStartOfMinute(occurred_at) AS minute, toUInt64(0) AS held,"
                f" sum({rollup.version} + 1) AS known FROM {rollup.raw} FINAL"
                f" WHERE toStartOfMinute(occurred_at) IN ({_in_sql(minutes)}) GROUP BY minute"
                ") GROUP BY at HAVING held > known"
            )
            wrong |= {int(str(row["at"])) for row in rows}
        return sorted(wrong)

    def _others_begun(self, of_raw: Sequence[Rollup], began: float) -> int:
        """How many are still computing minutes from what they may have read before the rows were deleted."""
        writing = " OR ".join(f"startsWith(query, 'INSERT INTO {rollup.table} ')" for rollup in of_raw)
        (row,) = self._store.query(
            "SELECT toUInt64(count()) AS n FROM system.processes"
            f" WHERE elapsed >= {time.monotonic() - began} AND ({writing})"
        )
        return int(str(row["n"]))

    def _note_minutes(self, raw: str, minutes: Sequence[int], *, pending: bool) -> None:
        self._store.insert(
            "erased_minutes",
            {
                "raw": [raw] * len(minutes),
                "minute": list(minutes),
                "pending": [int(pending)] * len(minutes),
                "version": [time.time_ns()] * len(minutes),
            },
        )

    def _mutate(self, table: str, where: str, parameters: Mapping[str, object]) -> None:
        """ALTER TABLE ... DELETE, and wait until every part of the table is without those rows."""
        self._store.execute(f"ALTER TABLE {table} DELETE WHERE {where}", {**parameters})
        self._until(lambda: not self._waiting(table), f"deleting rows of {table}")

    def _waiting(self, table: str) -> int:
        (row,) = self._store.query(
            "SELECT toUInt64(count()) AS n FROM system.mutations"
            " WHERE database = currentDatabase() AND table = %(table)s AND is_done = 0",
            {"table": table},
        )
        return int(str(row["n"]))

    def _until(self, done: Callable[[], bool], what: str) -> None:
        deadline, polls = time.monotonic() + _PATIENCE_S, 0
        while not done():
            if time.monotonic() > deadline:
                raise StoreUnavailable(f"{what} takes longer than {_PATIENCE_S:.0f} s; system.mutations says why")
            if self._stop.wait(_POLL_S[min(polls, len(_POLL_S) - 1)]):
                raise StoreUnavailable(f"told to stop while {what}")
            polls += 1


def _about(column: str, number: int) -> str:
    """SQL for rows about a person, whether by their pseudonym or, as trials of their rewrites have it, by its hash."""
    return f"{column} IN (%(id{number})s, %(hash{number})s)"


def _names_of(user_id: str, number: int) -> dict[str, object]:
    return {f"id{number}": user_id, f"hash{number}": hashed(user_id)}


def _in_sql(minutes: Iterable[int]) -> str:
    return ", ".join(f"toDateTime({minute})" for minute in minutes)


def rows_of(store: Store, user_id: str) -> dict[str, int]:
    """How many rows every table holds about a person, replaced ones that still lie on disk included."""
    counted = " UNION ALL ".join(
        f"SELECT '{table}' AS name, toUInt64(count()) AS n FROM {table} WHERE {_about(column, 0)}"
        for table, column in PERSONAL_TABLES.items()
    )
    found = {str(row["name"]): int(str(row["n"])) for row in store.query(counted, _names_of(user_id, 0))}
    return {table: found.get(table, 0) for table in PERSONAL_TABLES}


def forget_now(store: Store, user_id: str) -> None:
    """Forget a person in a store that no sink is writing at the moment. Raises StoreError."""
    now_ms = time.time_ns() // 1_000_000
    store.insert(
        "forgotten_people",
        {
            "person": [digest(hashed(user_id))],
            "occurred_at": [now_ms // 1000],
            "occurred_ms": [now_ms % 1000],
            "src_partition": [_NO_PARTITION],
            "src_offset": [0],
            "appended_at": [now_ms // 1000],
            "appended_ms": [now_ms % 1000],
        },
    )
    Eraser(store).erase(Erasures(people={user_id: now_ms}))


def _chunks(items: Sequence[T]) -> Iterable[Sequence[T]]:
    for start in range(0, len(items), _AT_ONCE):
        yield items[start : start + _AT_ONCE]

"""What the page asks about teaching: what was taught by day, by attribute and by source, and whether it was obeyed,
from rollups; and, for who may read them, the words of one person."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, cast

from infra.clickhouse.store import Store

Row = dict[str, object]

DAYS: Final = 30
MOST_ATTRIBUTES: Final = 15
MOST_TAUGHT: Final = 500
_DAY_S: Final = 24 * 3600


@dataclass(slots=True)
class Changes:
    """Counts of what became of preferences. `confirmed` are those of `taught` to which the person said yes."""

    taught: int = 0
    confirmed: int = 0
    waiting: int = 0
    declined: int = 0
    replaced: int = 0
    expired: int = 0

    def count(self, status: str, explicitness: str, n: int) -> None:
        """Add `n` changes."""
        name = _COUNTED.get(status)
        if name is not None:
            setattr(self, name, getattr(self, name) + n)
        if status == "active" and explicitness == "confirmed":
            self.confirmed += n

    @property
    def all(self) -> int:
        """Every change."""
        return self.taught + self.waiting + self.declined + self.replaced + self.expired


_COUNTED: Final = {
    "active": "taught",
    "pending": "waiting",
    "revoked": "declined",
    "superseded": "replaced",
    "expired": "expired",
}


@dataclass(slots=True)
class Outcomes:
    """Answers to requests that went by what was taught."""

    obeyed: int = 0
    ignored: int = 0

    @property
    def all(self) -> int:
        """Every such answer."""
        return self.obeyed + self.ignored

    @property
    def share(self) -> float:
        """How many of them did as was taught; 0 where there is none."""
        return self.obeyed / self.all if self.all else 0.0

    def count(self, obeyed: int, ignored: int) -> None:
        """Add to them."""
        self.obeyed += obeyed
        self.ignored += ignored


@dataclass(frozen=True, slots=True)
class Obedience:
    """Obeyed or ignored, in all, day by day, and by what it was about."""

    total: Outcomes = field(default_factory=Outcomes)
    days: Sequence[tuple[int, Outcomes]] = ()
    attributes: Sequence[tuple[str, Outcomes]] = ()


@dataclass(frozen=True, slots=True)
class Taught:
    """Thirty days up to the newest one with a change (its start in epoch seconds; None: nobody taught anything)."""

    newest_day: int | None = None
    total: Changes = field(default_factory=Changes)
    days: Sequence[tuple[int, Changes]] = ()
    attributes: Sequence[tuple[str, Changes]] = ()
    sources: Sequence[tuple[str, Changes]] = ()
    moments: Sequence[tuple[str, int]] = ()
    obedience: Obedience = field(default_factory=Obedience)


@dataclass(frozen=True, slots=True)
class TaughtWords:
    """One preference of one person, in their words."""

    attribute: str
    value: str
    canonical_value: str
    polarity: str
    stands_for: str
    scope: str
    person: str
    condition: str
    time: str
    status: str
    source: str
    occurred_at: int


class Teaching:
    """Reads a store. Methods block; all of them raise StoreError."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def taught(self) -> Taught:
        """What was taught, confirmed and declined, whether it was obeyed, and when people could have been asked."""
        (held,) = self._store.query(
            "SELECT toInt64(toUnixTimestamp(toStartOfDay(max(newest)))) AS day, toUInt64(sum(n)) AS n FROM ("
            " SELECT max(minute) AS newest, count() AS n FROM preference_minutes"
            " UNION ALL SELECT max(minute) AS newest, count() AS n FROM preference_outcome_minutes"
            " UNION ALL SELECT max(minute) AS newest, count() AS n FROM teachable_moment_minutes)"
        )
        if not _int(held["n"]):
            return Taught()
        newest = _int(held["day"])
        within = {"start": newest - (DAYS - 1) * _DAY_S, "end": newest + _DAY_S}
        rows = self._store.query(
            "SELECT toInt64(toUnixTimestamp(toStartOfDay(minute))) AS day, attribute, status, source, explicitness,"
            " toUInt64(sum(counted)) AS n FROM preference_minutes FINAL ARRAY JOIN `groups.attribute` AS attribute,"
            " `groups.status` AS status, `groups.source` AS source, `groups.explicitness` AS explicitness,"
            " `groups.changes` AS counted WHERE minute >= toDateTime(%(start)s) AND minute < toDateTime(%(end)s)"
            " GROUP BY day, attribute, status, source, explicitness",
            within,
        )
        moments = self._store.query(
            "SELECT kind, toUInt64(sum(counted)) AS n FROM teachable_moment_minutes FINAL"
            " ARRAY JOIN `groups.kind` AS kind, `groups.moments` AS counted"
            " WHERE minute >= toDateTime(%(start)s) AND minute < toDateTime(%(end)s)"
            " GROUP BY kind ORDER BY n DESC, kind",
            within,
        )
        outcomes = self._store.query(
            "SELECT toInt64(toUnixTimestamp(toStartOfDay(minute))) AS day, attribute, toUInt64(sum(counted)) AS n,"
            " toUInt64(sum(did)) AS obeyed FROM preference_outcome_minutes FINAL"
            " ARRAY JOIN `groups.attribute` AS attribute, `groups.outcomes` AS counted, `groups.obeyed` AS did"
            " WHERE minute >= toDateTime(%(start)s) AND minute < toDateTime(%(end)s) GROUP BY day, attribute",
            within,
        )
        kinds = [(str(row["kind"]), _int(row["n"])) for row in moments]
        return _taught(newest, rows, kinds, _obedience(newest, outcomes))

    def words(self, user_id: str) -> list[TaughtWords]:
        """What one person taught, the newest first. For who has the role alone."""
        rows = self._store.query(
            "SELECT attribute, value, canonical_value, polarity, stands_for, scope, person, condition, time, status,"
            " source, toInt64(toUnixTimestamp(occurred_at)) AS at FROM preferences FINAL"
            f" WHERE removed = 0 AND user_id = %(user)s ORDER BY at DESC, key LIMIT {MOST_TAUGHT}",
            {"user": user_id},
        )
        return [
            TaughtWords(
                attribute=str(row["attribute"]),
                value=str(row["value"]),
                canonical_value=str(row["canonical_value"]),
                polarity=str(row["polarity"]),
                stands_for=str(row["stands_for"]),
                scope=str(row["scope"]),
                person=str(row["person"]),
                condition=str(row["condition"]),
                time=str(row["time"]),
                status=str(row["status"]),
                source=str(row["source"]),
                occurred_at=_int(row["at"]),
            )
            for row in rows
        ]


def _obedience(newest: int, rows: Sequence[Row]) -> Obedience:
    total = Outcomes()
    days = {day: Outcomes() for day in _days(newest)}
    attributes: dict[str, Outcomes] = defaultdict(Outcomes)
    for row in rows:
        obeyed = _int(row["obeyed"])
        for outcomes in (total, days[_int(row["day"])], attributes[str(row["attribute"])]):
            outcomes.count(obeyed, _int(row["n"]) - obeyed)
    most = sorted(attributes.items(), key=lambda pair: (-pair[1].all, pair[0]))
    return Obedience(total, list(days.items()), most[:MOST_ATTRIBUTES])


def _taught(newest: int, rows: Sequence[Row], moments: Sequence[tuple[str, int]], obedience: Obedience) -> Taught:
    total = Changes()
    days = {day: Changes() for day in _days(newest)}
    attributes: dict[str, Changes] = defaultdict(Changes)
    sources: dict[str, Changes] = defaultdict(Changes)
    for row in rows:
        said = str(row["status"]), str(row["explicitness"]), _int(row["n"])
        for changes in (
            total, days[_int(row["day"])], attributes[str(row["attribute"])], sources[str(row["source"])]
        ):  # fmt: skip
            changes.count(*said)
    return Taught(
        newest,
        total,
        list(days.items()),
        sorted(attributes.items(), key=lambda pair: (-pair[1].taught, -pair[1].all, pair[0]))[:MOST_ATTRIBUTES],
        sorted(sources.items(), key=lambda pair: (-pair[1].all, pair[0])),
        moments,
        obedience,
    )


def _days(newest: int) -> list[int]:
    return [newest - n * _DAY_S for n in reversed(range(DAYS))]


def _int(value: object) -> int:
    return int(cast(int, value))

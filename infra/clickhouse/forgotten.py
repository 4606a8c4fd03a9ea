"""Who is forgotten: what is older than their wish is neither kept nor stored again."""

from collections.abc import Iterable, Mapping
from functools import lru_cache

from infra.clickhouse.record import Record
from infra.clickhouse.store import Store
from infra.clickhouse.tombstone import Tombstone, digest
from schemas.alarm import Alarm
from schemas.contract import hashed
from schemas.dead_letter import DeadLetter
from schemas.forgotten_person import ForgottenPerson
from schemas.rewrite_trial import RewriteTrial
from schemas.wire import TimedTurn


@lru_cache(maxsize=65_536)
def _digests(pseudonym: str) -> tuple[str, str]:
    """How a person may stand in `forgotten_people`: by what their id hashes to, and as rows of version 1.2 have it."""
    return digest(hashed(pseudonym)), digest(pseudonym)


class ForgottenPeople:
    """What `forgotten_people` said when it was asked last. `learn` may run in one thread while others ask the rest."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._until: Mapping[str, int] = {}
        self.rows = 0
        """how many rows there were: grows whenever somebody is added"""

    def learn(self) -> None:
        """Read who was added since. Raises StoreError."""
        (held,) = self._store.query("SELECT toUInt64(count()) AS n FROM forgotten_people")
        rows = int(str(held["n"]))
        if rows == self.rows:
            return
        found = self._store.query(
            "SELECT person, toInt64(max(toUnixTimestamp(appended_at) * 1000 + appended_ms)) AS until"
            " FROM forgotten_people GROUP BY person"
        )
        self._until = {str(row["person"]): int(str(row["until"])) for row in found}
        self.rows = rows

    def among(self, user_ids: Iterable[str]) -> dict[str, int]:
        """Those who are forgotten, and up to which moment (epoch milliseconds)."""
        if not self._until:
            return {}
        moments = {user: self._until_of(*_digests(user)) for user in user_ids}
        return {user: until for user, until in moments.items() if until is not None}

    def kept(self, records: list[Record]) -> list[Record]:
        """The records that are not about somebody who is forgotten, or are of a later time than that."""
        return [record for record in records if not self._covers(record)] if self._until else records

    def _covers(self, record: Record) -> bool:
        person = person_of(record)
        if person is None:
            return False
        hashed_already = isinstance(record.event, RewriteTrial)
        until = self._until_of(digest(person)) if hashed_already else self._until_of(*_digests(person))
        return until is not None and (record.appended_ms <= until or _occurred_ms(record) <= until)

    def _until_of(self, *digests: str) -> int | None:
        return max((self._until[one] for one in digests if one in self._until), default=None)


def person_of(record: Record) -> str | None:
    """Whom a record is about, by pseudonym or, as trials have it, by its hash.

    None for what is about nobody, or is itself the word that somebody is forgotten.
    """
    event = record.event
    match event:
        case Alarm() | Tombstone() | ForgottenPerson():
            return None
        case DeadLetter():
            return record.key.decode("utf-8", "replace") if record.key is not None else None
        case TimedTurn():
            return event.turn.user_id
        case _:
            return event.user_id


def _occurred_ms(record: Record) -> float:
    event = record.event
    if isinstance(event, TimedTurn):
        return event.at * 1000
    return record.appended_ms if isinstance(event, Tombstone) else event.occurred_at.timestamp() * 1000

"""What the events that are stored in tests have in common, and its columns in the raw tables."""

from datetime import UTC, datetime

from infra.clickhouse.record import Record
from infra.clickhouse.store import Store
from schemas.feedback import Facets

NASTY = 'it\'s "quoted" \\ %s %(x)s\nnew\tline\0nul 日本語 😀'
AT = datetime(2026, 1, 5, 10, 0, 3, 125_000, tzinfo=UTC)
AT_MS = 1_767_607_203_125
SOURCE = {
    "src_partition": 3,
    "src_offset": 2**40,
    "appended_at": datetime(2026, 1, 5, 10, 0, 4, tzinfo=UTC),
    "appended_ms": 7,
}
OCCURRED = {"occurred_at": AT.replace(microsecond=0), "occurred_ms": 125}
DEVICE_IDS = {"turn_id": "t", "dialogue_id": "d", "user_id": "u", "device_id": "v"}
FACETS = Facets(domain=NASTY, intent="play", device_type="car", locale="de-DE", versions={"nlu": "7", "asr": "2"})
FACET_COLUMNS = {
    "domain": NASTY,
    "intent": "play",
    "device_type": "car",
    "locale": "de-DE",
    "channel": "voice",
    "versions.component": ["asr", "nlu"],
    "versions.version": ["2", "7"],
    "component_version": "asr=2 nlu=7",
}


def record(event, key: bytes | None = None, value: bytes | None = None) -> Record:
    """An event as it was read from its topic at `SOURCE`."""
    return Record(event, 3, 2**40, 1_767_607_204_007, key, value)


def stored(store: Store, table: str) -> dict[str, object]:
    """The only row of a table. `inserted_at` is the store's own."""
    (row,) = store.query(f"SELECT * FROM {table} FINAL")
    assert isinstance(row.pop("inserted_at"), datetime)
    return row

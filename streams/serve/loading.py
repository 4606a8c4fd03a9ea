"""What is served, brought into memory: from the newest snapshot that can be used, or empty; and put on disk again."""

import logging
import time
from datetime import timedelta
from pathlib import Path
from typing import Final

from infra.kafka.topics import RETENTION
from infra.settings import Settings
from models.rewrite.encoder import RequestEncoder
from models.rewrite.index import RewriteIndex
from models.rewrite.learned_encoder import LearnedRequests
from models.rewrite.snapshot import KEPT, Manifest, SnapshotBroken, read_snapshot, snapshots, write_snapshot
from schemas.preference import PREFERENCE
from streams.serve.feed import Tables, catch_up
from streams.serve.preference_book import PreferenceBook
from streams.topic_reader import TopicReader

log = logging.getLogger(__name__)

OLDEST: Final = RETENTION - timedelta(days=1)
"""A snapshot that is older may not be told of everything that was taken back since."""

_PREFERENCES = "preferences.jsonl"
_FORGOTTEN = "forgotten-preferences"


def snapshot_folder(settings: Settings) -> Path:
    """Where this deployment's snapshots lie."""
    return settings.home / "serve" / settings.topic_prefix


def request_encoder() -> RequestEncoder:
    """The encoder that ships. Raises `ModelsNotInstalled`, `ModelFolderError`."""
    return LearnedRequests.load()


def load_tables(settings: Settings, encoder: RequestEncoder) -> Tables:
    """Tables as the newest usable snapshot has them; those that are not are told of and left. Raises
    `ModelsNotInstalled`."""
    for snapshot in snapshots(snapshot_folder(settings)):
        tables = Tables(settings, RewriteIndex(encoder), PreferenceBook())
        try:
            manifest = _fill(tables, snapshot)
        except SnapshotBroken as fault:
            log.warning("snapshot %s is not used: %s", snapshot.name, fault)
            continue
        log.info("snapshot %d: %d rewrites, %d preferences", manifest.number, manifest.entries, len(tables.book))
        return tables
    return Tables(settings, RewriteIndex(encoder), PreferenceBook())


def fits_the_topics(settings: Settings, tables: Tables) -> bool:
    """Whether the topics reach as far as the tables say they have read; if not, they were made anew. Raises
    `TopicMissing`, `BrokerUnavailable`."""
    if not tables.offsets:
        return True
    with TopicReader(settings, tables.topics, from_beginning=False) as reader:
        ends = reader.ends
    return all(ends.get(place, 0) >= offset for place, offset in tables.starts().items())


def make_snapshot(settings: Settings, kept: int = KEPT) -> Manifest:
    """Bring the newest snapshot up to date with the topics and write it as the next one; all but the last `kept` are
    dropped. Raises `TopicMissing`, `BrokerUnavailable`, `ModelsNotInstalled`, `OSError`."""
    encoder = request_encoder()
    tables = load_tables(settings, encoder)
    if not fits_the_topics(settings, tables):
        tables = Tables(settings, RewriteIndex(encoder), PreferenceBook())
    catch_up(settings, tables)
    tables.index.lay_out()
    return write_tables(settings, tables, kept)


def write_tables(settings: Settings, tables: Tables, kept: int = KEPT) -> Manifest:
    """Put tables that nobody changes meanwhile on disk. Raises `OSError`."""
    return write_snapshot(
        tables.index,
        snapshot_folder(settings),
        tables.offsets,
        int(time.time() * 1000),
        {_PREFERENCES: tables.book.records(), _FORGOTTEN: tables.book.forgotten()},
        kept,
    )


def _fill(tables: Tables, snapshot: Path) -> Manifest:
    manifest = read_snapshot(tables.index, snapshot)
    age = timedelta(milliseconds=time.time() * 1000 - manifest.made_at_ms)
    if age > OLDEST:
        raise SnapshotBroken(f"it is {age.days} days old and may not be told of everything that was taken back since")
    try:
        with (snapshot / _PREFERENCES).open("rb") as lines:
            for line in lines:
                tables.book.put(PREFERENCE.validate_json(line), line.rstrip(b"\n"))
        with (snapshot / _FORGOTTEN).open("rb") as lines:
            for line in lines:
                tables.book.take_forgotten(line)
    except (OSError, ValueError) as fault:
        raise SnapshotBroken(f"the preferences in {snapshot} cannot be read: {fault}") from fault
    tables.offsets.update(manifest.offsets)
    return manifest

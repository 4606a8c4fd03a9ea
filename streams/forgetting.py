"""Forgetting one person everywhere: what topics hold by key, what the store holds in rows, and the proof of it."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, Protocol

import httpx

from infra.clickhouse.erasure import forget_now, rows_of
from infra.clickhouse.migrate import migrate
from infra.clickhouse.store import Store, StoreInUse, open_store
from infra.kafka.topics import CHOICES, PREFERENCES, REWRITE_TRIALS, REWRITES, Topic
from infra.settings import Settings
from schemas.contract import hashed
from schemas.rewrite import RewriteLayer
from schemas.rewrite_trial import REWRITE_TRIAL
from streams.errors import StreamError
from streams.serve.table_writer import TableWriter
from streams.topic_reader import TopicReader

ASKED_BY: Final = "command/1"
_POLL_S: Final = 0.5
_PAGE_TIMEOUT_S: Final = 10.0

Counts = dict[str, int]
"""How much is held of a person, by table of the store or by topic."""


class StoreOutOfReach(StreamError):
    """The embedded store belongs to a worker whose page does not answer."""


@dataclass(frozen=True, slots=True)
class Forgetting:
    """What was held before, and what is still there."""

    before: Counts
    after: Counts

    @property
    def left(self) -> int:
        """How much should not be there any more."""
        return sum(self.after.values())


class Holder(Protocol):
    """Whoever has the store."""

    def rows(self, user_id: str) -> Counts:
        """How many rows there are about a person, by table."""
        ...

    def forget(self, user_id: str) -> None:
        """Delete them, or have them deleted."""
        ...


def forget_person(settings: Settings, user_id: str, within_s: float) -> Forgetting:
    """Tombstones for every key of a person, the word to everybody that they are forgotten, and their rows deleted: by
    this process, or by the worker that holds the store, for which `within_s` seconds are waited. Safe to repeat.

    Raises `BrokerUnavailable`, `TopicMissing`, `StoreError`, `StoreOutOfReach`.
    """
    with _holder(settings) as holder:
        before = holder.rows(user_id) | _take_back(settings, user_id)
        holder.forget(user_id)
        deadline, pause = time.monotonic() + within_s, threading.Event()
        rows = holder.rows(user_id)
        while sum(rows.values()) and time.monotonic() < deadline:
            pause.wait(_POLL_S)
            rows = holder.rows(user_id)
        keys = _keys(settings, user_id)
        return Forgetting(before, rows | {_named(topic): len(held) for topic, held in keys.items()})


def _take_back(settings: Settings, user_id: str) -> Counts:
    """Take back what the topics hold; how much that was."""
    keys = _keys(settings, user_id)
    writer = TableWriter(settings)
    try:
        writer.remove_preferences(user_id, [key.rpartition("/")[2] for key in keys[PREFERENCES]])
        writer.remove_rewrites(keys[REWRITES], user_id)
        writer.remove_trials(keys[REWRITE_TRIALS])
        if keys[CHOICES]:
            writer.remove_choices(user_id)
        writer.tell_forgotten(user_id, ASKED_BY)
    finally:
        writer.close()
    return {_named(topic): len(held) for topic, held in keys.items()}


def _keys(settings: Settings, user_id: str) -> dict[Topic, list[str]]:
    """The keys of a person on the topics that keep the last word of each key."""
    names = {topic.full_name(settings): topic for topic in (PREFERENCES, REWRITES, REWRITE_TRIALS, CHOICES)}
    held: dict[Topic, dict[str, None]] = {topic: {} for topic in names.values()}
    with TopicReader(settings, list(names)) as reader:
        for record in reader.rest():
            topic, key = names[record.topic], (record.key or b"").decode("utf-8", "replace")
            if record.value is None:
                held[topic].pop(key, None)
            elif _is_theirs(topic, key, record.value, user_id):
                held[topic][key] = None
    return {topic: list(keys) for topic, keys in held.items()}


def _is_theirs(topic: Topic, key: str, value: bytes, user_id: str) -> bool:
    if topic is REWRITE_TRIALS:
        return _is_of(value, user_id)
    if topic is CHOICES:
        return key == user_id
    return key.startswith(f"{user_id}/" if topic is PREFERENCES else f"{RewriteLayer.PERSONAL.value}/{user_id}/")


def _is_of(trial: bytes, user_id: str) -> bool:
    try:
        return REWRITE_TRIAL.validate_json(trial).user_id in (user_id, hashed(user_id))
    except ValueError:
        return False


def _named(topic: Topic) -> str:
    return f"topic {topic.name}"


class _StoreHere:
    """The store is opened by this process."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def rows(self, user_id: str) -> Counts:
        return rows_of(self._store, user_id)

    def forget(self, user_id: str) -> None:
        forget_now(self._store, user_id)


class _StoreOfWorker:
    """The store belongs to a worker, which forgets when it reads the word from the topic; its page counts rows."""

    def __init__(self, settings: Settings) -> None:
        token = settings.page_token.get_secret_value() if settings.page_token else ""
        self._address = f"http://{settings.page_host}:{settings.page_port}"
        self._headers = {"authorization": f"Bearer {token}"} if token else {}

    def rows(self, user_id: str) -> Counts:
        try:
            answer = httpx.get(
                f"{self._address}/v1/rows", params={"user": user_id}, headers=self._headers, timeout=_PAGE_TIMEOUT_S
            )
            answer.raise_for_status()
        except httpx.HTTPError as error:
            raise StoreOutOfReach(
                f"a worker holds the store, and its page at {self._address} does not count rows"
                f" ({type(error).__name__}: {error}); set EARSHOT_PAGE_HOST, EARSHOT_PAGE_PORT and EARSHOT_PAGE_TOKEN"
                " as the worker has them, or stop it and try again"
            ) from error
        counts: Counts = answer.json()
        return counts

    def forget(self, user_id: str) -> None:
        """The worker has been told on the topic."""


@contextmanager
def _holder(settings: Settings) -> Iterator[Holder]:
    try:
        store = open_store(settings)
    except StoreInUse:
        yield _StoreOfWorker(settings)
        return
    try:
        migrate(store, settings)
        yield _StoreHere(store)
    finally:
        store.close()

"""What `learn` reads when it takes over a partition: what is known there by now. Blocks; for threads."""

import logging
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple, TypeVar

from pydantic import TypeAdapter, ValidationError

from infra.kafka.topics import (
    DIALOGUES,
    FORGOTTEN_PEOPLE,
    REWRITE_DECISIONS,
    REWRITE_TRIALS,
    REWRITES,
    SOURCE_MOVES,
    Topic,
)
from infra.settings import Settings
from processors.forgotten import ForgottenUntil
from processors.rewrite_trials import Table
from processors.source_moves import SourceState
from schemas.contract import Event
from schemas.dialogue import DIALOGUE, Dialogue
from schemas.forgotten_person import FORGOTTEN_PERSON
from schemas.rewrite import REWRITE, RewriteLayer
from schemas.rewrite_decision import REWRITE_DECISION, RewriteDecision
from schemas.rewrite_trial import REWRITE_TRIAL
from streams.compacted import last_words
from streams.learn_partition import SourceCounting
from streams.learn_people import PeopleLearning
from streams.learn_trials import TrialCounting
from streams.topic_reader import TopicReader, TopicRecord

log = logging.getLogger(__name__)

E = TypeVar("E", bound=Event)
OfSomebody = TypeVar("OfSomebody", Dialogue, RewriteDecision)

DECISIONS_BACK: Final = 20_000
"""Decisions before the ones that are to be read: their turns may be judged after them."""

DIALOGUES_BACK: Final = 20_000
"""Revisions of dialogues before the ones that are to be read: what went well in them may be a habit."""

_PERSONAL: Final = f"{RewriteLayer.PERSONAL.value}/".encode()
_NOTHING_DECIDED: Final = b'"arm":"none"'
_STILL_OPEN: Final = b'"closed":false'


class People(NamedTuple):
    """The people of a partition, and the offset of `rewrites` up to which their records are known."""

    learning: PeopleLearning
    rewrites_known_to: int


def people(settings: Settings, partition: int, decisions_from: int, dialogues_from: int) -> People:
    """`decisions_from`, `dialogues_from`: the offsets from which those will be read. Raises `TopicMissing`,
    `BrokerUnavailable`, and what the client raises."""
    topic = REWRITES.full_name(settings)
    held: dict[bytes, bytes] = {}
    with TopicReader(settings, [topic], partition=partition) as reader:
        known_to = reader.ends[topic, partition]
        for record in reader.rest():
            key = record.key or b""
            held.pop(key, None)
            if record.value is not None and key.startswith(_PERSONAL):
                held[key] = record.value
            known_to = max(known_to, record.offset + 1)
    forgotten = forgotten_until(settings, partition)
    decisions = _before(settings, REWRITE_DECISIONS, partition, decisions_from, DECISIONS_BACK, _NOTHING_DECIDED)
    dialogues = _before(settings, DIALOGUES, partition, dialogues_from, DIALOGUES_BACK, _STILL_OPEN)
    learning = PeopleLearning(
        settings,
        partition,
        _read(REWRITE, held.values(), topic),
        _not_forgotten(REWRITE_DECISION, decisions, forgotten),
        _not_forgotten(DIALOGUE, dialogues, forgotten),
        forgotten,
    )
    return People(learning, known_to)


def forgotten_until(settings: Settings, partition: int) -> ForgottenUntil:
    """The wishes of the people of a partition. Raises `TopicMissing`, `BrokerUnavailable` and what the client
    raises."""
    forgotten = ForgottenUntil()
    with TopicReader(settings, [FORGOTTEN_PEOPLE.full_name(settings)], partition=partition) as reader:
        for record in reader.rest():
            for wish in _events_of(FORGOTTEN_PERSON, record):
                forgotten.add(wish.user_id, record.timestamp_ms)
    return forgotten


def source_counting(settings: Settings, partition: int) -> SourceCounting:
    """The states of a partition of moves."""
    known = last_words(settings, SOURCE_MOVES, partition)
    states = [state for value in known.values() if (state := SourceState.of_bytes(value)) is not None]
    return SourceCounting(settings, partition, states)


def trial_counting(settings: Settings, partition: int, table: Table) -> TrialCounting:
    """The trials of a partition of outcomes; `table`: what is known of the rewrite of an id."""
    known = last_words(settings, REWRITE_TRIALS, partition)
    trials = _read(REWRITE_TRIAL, known.values(), REWRITE_TRIALS.full_name(settings))
    return TrialCounting(settings, partition, trials, table)


def _before(
    settings: Settings, topic: Topic, partition: int, end: int, most: int, but_not: bytes
) -> Iterator[TopicRecord]:
    """The last `most` records before an offset, but those with a mark in them."""
    if end <= 0:
        return
    name = topic.full_name(settings)
    with TopicReader(settings, [name], partition=partition, starts={(name, partition): max(0, end - most)}) as reader:
        for record in reader.rest():
            if record.offset < end and record.value is not None and but_not not in record.value:
                yield record


def _not_forgotten(
    adapter: TypeAdapter[OfSomebody], records: Iterable[TopicRecord], forgotten: ForgottenUntil
) -> Iterator[OfSomebody]:
    """The events that nobody wishes to have dropped."""
    for record in records:
        for event in _events_of(adapter, record):
            if not forgotten.covers(event.user_id, record.timestamp_ms, event.occurred_at.timestamp() * 1000):
                yield event


def _events_of(adapter: TypeAdapter[E], record: TopicRecord) -> list[E]:
    return _read(adapter, [record.value] if record.value is not None else [], record.topic)


def _read(adapter: TypeAdapter[E], values: Iterable[bytes], topic: str) -> list[E]:
    """The events; one that cannot be read is told and left out, as everybody who follows the topic does."""
    events = []
    for value in values:
        try:
            events.append(adapter.validate_json(value))
        except ValidationError as bad:
            log.error("a record of %s is left out: %s", topic, bad)
    return events

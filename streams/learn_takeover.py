"""What `learn` reads when it takes over a partition: what is known there by now. Blocks; for threads."""

import logging
from collections.abc import Iterable
from typing import Final, NamedTuple, TypeVar

from pydantic import TypeAdapter, ValidationError

from infra.kafka.topics import REWRITE_DECISIONS, REWRITE_TRIALS, REWRITES, SOURCE_MOVES
from infra.settings import Settings
from processors.source_moves import SourceState
from schemas.contract import Event
from schemas.rewrite import REWRITE, RewriteLayer
from schemas.rewrite_decision import REWRITE_DECISION, RewriteDecision
from schemas.rewrite_trial import REWRITE_TRIAL
from streams.compacted import last_words
from streams.learn_partition import SourceCounting
from streams.learn_people import PeopleLearning
from streams.learn_trials import TrialCounting
from streams.topic_reader import TopicReader

log = logging.getLogger(__name__)

E = TypeVar("E", bound=Event)

DECISIONS_BACK: Final = 20_000
"""Decisions before the ones that are to be read: their turns may be judged after them."""

_PERSONAL: Final = f"{RewriteLayer.PERSONAL.value}/".encode()
_NOTHING_DECIDED: Final = b'"arm":"none"'


class People(NamedTuple):
    """The people of a partition, and the offset of `rewrites` up to which their records are known."""

    learning: PeopleLearning
    rewrites_known_to: int


def people(settings: Settings, partition: int, decisions_from: int) -> People:
    """`decisions_from`: the offset from which decisions will be read. Raises `TopicMissing`, `BrokerUnavailable`,
    and what the client raises."""
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
    rewrites = _read(REWRITE, held.values(), topic)
    learning = PeopleLearning(settings, partition, rewrites, _decisions(settings, partition, decisions_from))
    return People(learning, known_to)


def source_counting(settings: Settings, partition: int) -> SourceCounting:
    """The states of a partition of moves."""
    known = last_words(settings, SOURCE_MOVES, partition)
    states = [state for value in known.values() if (state := SourceState.of_bytes(value)) is not None]
    return SourceCounting(settings, partition, states)


def trial_counting(settings: Settings, partition: int) -> TrialCounting:
    """The trials of a partition of outcomes."""
    known = last_words(settings, REWRITE_TRIALS, partition)
    return TrialCounting(settings, partition, _read(REWRITE_TRIAL, known.values(), REWRITE_TRIALS.full_name(settings)))


def _decisions(settings: Settings, partition: int, before: int) -> list[RewriteDecision]:
    topic = REWRITE_DECISIONS.full_name(settings)
    starts = {(topic, partition): max(0, before - DECISIONS_BACK)}
    if before <= 0:
        return []
    with TopicReader(settings, [topic], partition=partition, starts=starts) as reader:
        told = [
            record.value
            for record in reader.rest()
            if record.offset < before and record.value is not None and _NOTHING_DECIDED not in record.value
        ]
    return _read(REWRITE_DECISION, told, topic)


def _read(adapter: TypeAdapter[E], values: Iterable[bytes], topic: str) -> list[E]:
    """The events; one that cannot be read is told and left out, as everybody who follows the topic does."""
    events = []
    for value in values:
        try:
            events.append(adapter.validate_json(value))
        except ValidationError as bad:
            log.error("a record of %s is left out: %s", topic, bad)
    return events

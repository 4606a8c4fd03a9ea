"""What `classify` has told on a broker, and what it must tell."""

from collections import defaultdict

from infra.kafka.topics import DEAD_LETTERS, FAILURE_POINTS, TURN_EVENTS
from infra.settings import Settings
from processors.failure_point import FailureJudge
from streams.delivery import Message
from streams.topic_reader import TopicReader
from tests.streams_in_memory import ClassifyOnLog, LogRecord, StoreModel, alike

ROUNDING = 2e-4
"""Probabilities have four decimals; the last may differ with what else was in a batch."""


def attributed(settings: Settings) -> StoreModel:
    """What has been told so far."""
    model = StoreModel()
    with TopicReader(settings, [topic.full_name(settings) for topic in (FAILURE_POINTS, DEAD_LETTERS)]) as reader:
        for one in reader.rest():
            model.take(Message(one.topic, one.partition, one.key, one.value, one.headers), rounding=ROUNDING)
    return model


def wanted_attributions(settings: Settings, judge: FailureJudge) -> StoreModel:
    """What a worker that nothing happens to says of the records on the broker."""
    logs: defaultdict[int, list[LogRecord]] = defaultdict(list)
    with TopicReader(settings, [TURN_EVENTS.full_name(settings)]) as reader:
        for one in reader.rest():
            logs[one.partition].append(LogRecord(one.offset, one.timestamp_ms, one.key, one.value, one.headers))
    model = StoreModel()
    for partition, log in logs.items():
        worker = ClassifyOnLog(settings, sorted(log, key=lambda one: one.offset), model, partition)
        worker.judge = judge
        worker.crash()  # begins anew, with this judge
        worker.finish()
    return model


def unattributed(settings: Settings, wanted: StoreModel) -> list[str]:
    """What has not been told yet, or otherwise than wanted."""
    told = attributed(settings)
    problems = [f"{len(told.dead_letters)} dead letters"] if told.dead_letters else []
    for event_id in {*wanted.attributions, *told.attributions}:
        says, must = told.attributions.get(event_id), wanted.attributions.get(event_id)
        if says is None or must is None or not alike(says, must, ROUNDING):
            problems.append(f"{event_id}: {str(says)[:500]} instead of {str(must)[:500]}")
    return problems

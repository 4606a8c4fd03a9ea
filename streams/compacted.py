"""What stands on a compacted topic, read when a partition is taken over."""

import asyncio
import logging
from collections.abc import Callable
from typing import TypeVar

from kafka.errors import KafkaError as ClientError
from tenacity import AsyncRetrying, RetryCallState, wait_exponential_jitter

from infra.kafka.errors import BrokerUnavailable
from infra.kafka.topics import Topic
from infra.settings import Settings
from streams.sending import TopicMissing
from streams.topic_reader import TopicReader

log = logging.getLogger(__name__)

T = TypeVar("T")

_LOOKS = 5
"""How often a topic is looked for: a broker that has just come up may not know its topics yet."""


def last_words(settings: Settings, topic: Topic, partition: int) -> dict[bytes, bytes]:
    """The last value of each key of a partition. Raises `TopicMissing`, `BrokerUnavailable` and what the client
    raises."""
    known: dict[bytes, bytes] = {}
    with TopicReader(settings, [topic.full_name(settings)], partition=partition) as reader:
        for one in reader.rest():
            key = one.key or b""
            if one.value is None:
                known.pop(key, None)
            else:
                known[key] = one.value
    return known


async def wait_for(read: Callable[[], T], what: str) -> T:
    """What `read` returns, in a thread, for as long as a broker is away. Raises `TopicMissing` when it is there and
    the topic is not."""

    def tell(state: RetryCallState) -> None:
        log.warning("%s could not be read, will try again: %s", what, _fault(state))

    waiting = AsyncRetrying(
        retry=_may_pass, wait=wait_exponential_jitter(multiplier=0.2, max=5.0), before_sleep=tell, reraise=True
    )
    return await waiting(asyncio.to_thread, read)


def _may_pass(state: RetryCallState) -> bool:
    fault = _fault(state)
    if isinstance(fault, TopicMissing):
        return state.attempt_number < _LOOKS
    return isinstance(fault, BrokerUnavailable | ClientError | OSError)


def _fault(state: RetryCallState) -> BaseException | None:
    return state.outcome.exception() if state.outcome is not None else None

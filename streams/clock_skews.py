"""What was told of devices' clocks, read from its compacted topic when a partition is taken over."""

import asyncio
import logging

from kafka.errors import KafkaError as ClientError
from tenacity import AsyncRetrying, RetryCallState, wait_exponential_jitter

from infra.kafka.errors import BrokerUnavailable
from infra.kafka.topics import CLOCK_SKEW
from infra.settings import Settings
from schemas.clock_skew import CLOCK_SKEW as CLOCK_SKEW_EVENT
from schemas.clock_skew import ClockSkew
from streams.sending import TopicMissing
from streams.topic_reader import TopicReader

log = logging.getLogger(__name__)

_LOOKS = 5
"""How often a topic is looked for: a broker that has just come up may not know its topics yet."""


def told_skews(settings: Settings, partition: int) -> list[ClockSkew]:
    """The last word on each device of a partition. Raises `TopicMissing`, `BrokerUnavailable` and what the client
    raises."""
    known: dict[bytes | None, ClockSkew] = {}
    with TopicReader(settings, [CLOCK_SKEW.full_name(settings)], partition=partition) as reader:
        for one in reader.rest():
            if one.value is None:
                known.pop(one.key, None)
            else:
                known[one.key] = CLOCK_SKEW_EVENT.validate_json(one.value)
    return list(known.values())


async def wait_for_told_skews(settings: Settings, partition: int) -> list[ClockSkew]:
    """The same, for as long as a broker is away. Raises `TopicMissing` when it is there and the topic is not."""
    waiting = AsyncRetrying(
        retry=_may_pass, wait=wait_exponential_jitter(multiplier=0.2, max=5.0), before_sleep=_tell, reraise=True
    )
    return await waiting(asyncio.to_thread, told_skews, settings, partition)


def _may_pass(state: RetryCallState) -> bool:
    fault = state.outcome.exception() if state.outcome is not None else None
    if isinstance(fault, TopicMissing):
        return state.attempt_number < _LOOKS
    return isinstance(fault, BrokerUnavailable | ClientError | OSError)


def _tell(state: RetryCallState) -> None:
    fault = state.outcome.exception() if state.outcome is not None else None
    log.warning("what is known of devices' clocks could not be read, will try again: %s", fault)

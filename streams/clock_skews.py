"""What was told of devices' clocks, read from its compacted topic when a partition is taken over."""

from infra.kafka.topics import CLOCK_SKEW
from infra.settings import Settings
from schemas.clock_skew import CLOCK_SKEW as CLOCK_SKEW_EVENT
from schemas.clock_skew import ClockSkew
from streams.compacted import last_words, wait_for


def told_skews(settings: Settings, partition: int) -> list[ClockSkew]:
    """The last word on each device of a partition. Raises `TopicMissing`, `BrokerUnavailable` and what the client
    raises."""
    return [CLOCK_SKEW_EVENT.validate_json(value) for value in last_words(settings, CLOCK_SKEW, partition).values()]


async def wait_for_told_skews(settings: Settings, partition: int) -> list[ClockSkew]:
    """The same, for as long as a broker is away. Raises `TopicMissing` when it is there and the topic is not."""
    return await wait_for(lambda: told_skews(settings, partition), "what is known of devices' clocks")

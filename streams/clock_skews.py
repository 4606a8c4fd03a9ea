"""What was told of devices' clocks, read from its compacted topic when a partition is taken over."""

from infra.kafka.topics import CLOCK_SKEW
from infra.settings import Settings
from schemas.clock_skew import CLOCK_SKEW as CLOCK_SKEW_EVENT
from schemas.clock_skew import ClockSkew
from streams.topic_reader import TopicReader


def told_skews(settings: Settings, partition: int) -> list[ClockSkew]:
    """The last word on each device of a partition. Raises `TopicMissing`, `BrokerUnavailable`."""
    known: dict[bytes | None, ClockSkew] = {}
    with TopicReader(settings, [CLOCK_SKEW.full_name(settings)], partition=partition) as reader:
        for one in reader.rest():
            if one.value is None:
                known.pop(one.key, None)
            else:
                known[one.key] = CLOCK_SKEW_EVENT.validate_json(one.value)
    return list(known.values())

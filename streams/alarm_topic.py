"""Alarms as they stand on their topic, for who cannot read the store."""

import logging

from infra.kafka.topics import ALARMS
from infra.settings import Settings
from schemas.alarm import Alarm
from streams.decoding import Limits, Undecodable, decode_alarm
from streams.topic_reader import TopicReader

log = logging.getLogger(__name__)


def read_alarms(settings: Settings, most: int, *, only_open: bool = False) -> list[Alarm]:
    """At most so many alarms of the days that the topic keeps, each in its last revision: those that are open first,
    then those that began last. Raises `TopicMissing`, `BrokerUnavailable`."""
    last: dict[str, Alarm] = {}
    with TopicReader(settings, [ALARMS.full_name(settings)]) as reader:
        for record in reader.rest():
            try:
                alarm = decode_alarm(record.key, record.value, Limits())
            except Undecodable as bad:
                log.warning("offset %d of %s is no alarm: %s", record.offset, record.topic, bad)
                continue
            known = last.get(alarm.event_id)
            if known is None or known.revision <= alarm.revision:
                last[alarm.event_id] = alarm
    shown = [alarm for alarm in last.values() if alarm.open or not only_open]
    shown.sort(key=lambda alarm: (not alarm.open, -alarm.occurred_at.timestamp(), alarm.event_id))
    return shown[:most]

"""Where simulated events go: a recording or Kafka. Truth never goes with them."""

import time
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Final

from infra.kafka.topics import TURN_EVENTS
from infra.settings import Settings
from schemas.turn import DeviceEvent
from streams.recording import Header, Record, RecordingWriter
from streams.sending import RecordSender
from streams.simulator.simulate import Sent
from streams.simulator.simulation import CONFIG_HEADER, Simulation

_COUNTED: Final = 100_000
"""A recording of no more records says in its header how many they are and when the last was sent."""

OnSent = Callable[[int], None]


def as_record(sent: Sent) -> Record:
    """A simulated event as it stands in a recording."""
    return Record(DeviceEvent.topic_suffix, sent.key, sent.value, sent.sent_ms)


def into_recording(simulation: Simulation, events: Iterable[Sent], path: Path, created_from: str) -> int:
    """Write the events to a recording; returns how many. Raises `RecordingError`."""
    coming = iter(events)
    known = list(islice(coming, _COUNTED + 1))
    whole = len(known) <= _COUNTED
    header = Header(
        created_from=created_from,
        topics=(DeviceEvent.topic_suffix,),
        config_hash=simulation.config_hash,
        records=len(known) if whole else None,
        first_ms=known[0].sent_ms if known else None,
        last_ms=known[-1].sent_ms if known and whole else None,
    )
    with RecordingWriter(path, header) as writer:
        for sent in _all(known, coming):
            writer.write(as_record(sent))
    return writer.records


def _all(known: list[Sent], coming: Iterator[Sent]) -> Iterator[Sent]:
    known.reverse()
    while known:  # let go of what is written
        yield known.pop()
    yield from coming


def into_kafka(
    simulation: Simulation,
    events: Iterable[Sent],
    settings: Settings,
    *,
    speed: float | None = None,
    on_sent: OnSent | None = None,
) -> int:
    """Send the events to `turn-events`; returns how many the broker has.

    `speed`: seconds of event time in a second, None for as fast as possible. Every record's header names the
    configuration. Raises the errors of `RecordSender`; nothing is lost without one.
    """
    topic = TURN_EVENTS.full_name(settings)
    headers = ((CONFIG_HEADER, simulation.config_hash.encode()),)
    sender = RecordSender(settings)
    with sender:
        sender.require_topic(topic)
        began_s: float | None = None
        first_ms = 0
        for number, sent in enumerate(events, start=1):
            if speed is not None:
                if began_s is None:
                    began_s, first_ms = time.monotonic(), sent.sent_ms
                ahead_s = began_s + (sent.sent_ms - first_ms) / 1000 / speed - time.monotonic()
                if ahead_s > 0:
                    time.sleep(ahead_s)
            sender.send(topic, sent.key, sent.value, headers=headers)
            if on_sent is not None:
                on_sent(number)
        sender.flush()
    return sender.acknowledged

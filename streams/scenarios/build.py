"""Makes the recording that ships with the project: `python -m streams.scenarios.build`.

Twenty minutes of a small fleet. From minute 12 on, speakers answer with a new recogniser that mishears music. A few
events come twice, a few come late, three cannot be read. The same library gives the same recording, to the byte.
"""

import hashlib
import random
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from schemas.turn import DeviceEvent
from streams.recording import Header, Record, RecordingWriter
from streams.scenarios.library import LIBRARY, Library, Scenario, library
from streams.scenarios.people import Person, people
from streams.scenarios.staging import Sent, Stage

DEMO: Final = Path(__file__).resolve().parent.parent / "recordings" / "demo.jsonl.zst"

SEED: Final = "earshot-demo-1"
BEGINNING: Final = datetime(2026, 3, 2, 18, 0, tzinfo=UTC)
LENGTH_S: Final = 20 * 60.0
INCIDENT_S: Final = 12 * 60.0

_FIRST_WITHIN_S: Final = 150.0
_SILENCE_S: Final = (65.0, 310.0)
_LONGEST_DIALOGUE_S: Final = 75.0
_TWICE: Final = 0.01
_LATE: Final = 0.01
_LATE_BY_S: Final = (5.0, 25.0)


def records() -> Iterator[Record]:
    """The records of the demo, in the order in which the broker got them."""
    written = library()
    sent = [event for person in people(SEED) for event in _evening(person, written)]
    sent = sorted(_as_networks_do(sent), key=lambda one: (one.at_s, one.event.event_id))
    unreadable = iter(_unreadable(sent))
    for number, one in enumerate(sent):
        if number in (len(sent) // 4, len(sent) // 2, 3 * len(sent) // 4):
            yield next(unreadable)
        yield _record(one, one.event.to_bytes())


def build(path: Path) -> int:
    """Write the demo recording to `path`; returns how many records it holds."""
    made = list(records())
    first, last = made[0].timestamp_ms, made[-1].timestamp_ms
    header = Header(
        created_from="hand-written scenarios (python -m streams.scenarios.build)",
        topics=(DeviceEvent.topic_suffix,),
        config_hash=hashlib.sha256(LIBRARY.read_bytes() + SEED.encode()).hexdigest()[:16],
        records=len(made),
        first_ms=first,
        last_ms=last,
    )
    with RecordingWriter(path, header) as writer:
        for record in made:
            writer.write(record)
    return len(made)


def _evening(person: Person, written: Library) -> Iterator[Sent]:
    chance = random.Random(f"{SEED}/evening/{person.user_id}")
    now_s = chance.uniform(0, _FIRST_WITHIN_S)
    while now_s < LENGTH_S - _LONGEST_DIALOGUE_S:
        incident = person.device.type == "speaker" and now_s >= INCIDENT_S
        scenario = _choose(chance, person, written.scenario, incident)
        stage = Stage(scenario, person, written.values, BEGINNING, round(now_s, 3), incident, SEED)
        yield from stage.perform()
        now_s = stage.ends_s + chance.uniform(*_SILENCE_S)


def _choose(chance: random.Random, person: Person, scenarios: tuple[Scenario, ...], incident: bool) -> Scenario:
    fitting = [s for s in scenarios if s.language == person.language and person.device.type in s.devices]
    weights = [s.incident_weight if incident and s.incident_weight is not None else s.weight for s in fitting]
    return chance.choices(fitting, weights)[0]


def _as_networks_do(sent: list[Sent]) -> Iterator[Sent]:
    chance = random.Random(f"{SEED}/network")
    for one in sent:
        luck = chance.random()
        delay_s = chance.uniform(*_LATE_BY_S)
        if luck < _LATE:
            yield Sent(one.at_s + delay_s, one.event)
        else:
            yield one
        if luck > 1 - _TWICE:
            yield Sent(one.at_s + 0.5, one.event)


def _record(one: Sent, value: bytes) -> Record:
    timestamp_ms = round((BEGINNING.timestamp() + one.at_s) * 1000)
    return Record(DeviceEvent.topic_suffix, one.event.user_id.encode(), value, timestamp_ms)


def _unreadable(sent: list[Sent]) -> list[Record]:
    """What real fleets send now and then: half an event, an event of the future, a device that lost its clock."""
    half, future, lost = (sent[len(sent) * part // 4] for part in (1, 2, 3))
    of_future = future.event.to_bytes().replace(b'"schema_version":"1.0"', b'"schema_version":"2.0"')
    without_clock = lost.event.model_copy(
        update={
            "event_id": f"{lost.event.event_id}-lost",
            "occurred_at": lost.event.occurred_at.replace(year=lost.event.occurred_at.year - 10),
        }
    )
    return [
        _record(half, half.event.to_bytes()[:200]),
        _record(future, of_future),
        _record(lost, without_clock.to_bytes()),
    ]


if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else DEMO
    print(f"{target}: {build(target):,} records")

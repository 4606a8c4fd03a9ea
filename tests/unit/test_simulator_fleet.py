"""Users, arrivals and incidents of a simulated fleet."""

from collections import Counter, defaultdict
from itertools import pairwise

import orjson
import pytest

from streams.simulator.fleet import LONGEST_DIALOGUE_S, Fleet, Start, seeded
from streams.simulator.incidents import Component, Incident, IncidentError
from streams.simulator.simulation import Simulation, SimulationError


def starts(simulation: Simulation) -> list[Start]:
    fleet = Fleet(simulation)
    return [start for block in range(fleet.blocks) for start in fleet.starts(block)]


def test_every_dialogue_begins_once_and_in_order() -> None:
    simulation = Simulation(users=20_000, dialogues=5_000, rate=3.0)
    found = starts(simulation)
    assert [start.dialogue for start in found] == list(range(5_000))
    assert all(one.at_ms <= other.at_ms for one, other in pairwise(found))
    assert (found[-1].at_ms - found[0].at_ms) / 1000 == pytest.approx(5_000 / 3.0, rel=0.05)


def test_two_dialogues_of_a_user_never_overlap() -> None:
    times: dict[int, list[int]] = defaultdict(list)
    for start in starts(Simulation(users=3_000, dialogues=8_000, rate=1.0)):
        times[start.user].append(start.at_ms)
    gaps = [later - earlier for at in times.values() for earlier, later in pairwise(at)]
    assert len(gaps) > 1_000
    assert min(gaps) > LONGEST_DIALOGUE_S * 1000


def test_few_users_talk_most_as_zipf_says() -> None:
    counts = Counter(start.user for start in starts(Simulation(users=50_000, dialogues=30_000, rate=5.0)))
    top = sum(count for _, count in counts.most_common(500))
    assert 0.1 < top / 30_000 < 0.5
    assert counts.most_common(1)[0][1] > 10


def test_too_few_users_for_the_rate_are_refused_with_how_many_are_needed() -> None:
    with pytest.raises(SimulationError, match=r"100 users cannot begin 5 dialogues a second.*at least [\d,]+ users"):
        Fleet(Simulation(users=100, dialogues=100, rate=5.0))


def test_the_number_of_users_that_the_refusal_names_is_enough() -> None:
    try:
        Fleet(Simulation(users=100, dialogues=100, rate=5.0))
    except SimulationError as refused:
        least = int(str(refused).split("at least ")[1].split(" users")[0].replace(",", ""))
    Fleet(Simulation(users=least, dialogues=100, rate=5.0))


def test_a_user_keeps_devices_and_places() -> None:
    simulation = Simulation(users=5_000)
    one, other = Fleet(simulation), Fleet(simulation)
    assert [one.user(number) for number in range(200)] == [other.user(number) for number in range(200)]
    types = Counter(device.type for number in range(2_000) for device in one.user(number).devices)
    assert set(types) == {"speaker", "display", "phone", "car"}


def test_an_incident_brings_its_version_from_its_minute_on_where_it_strikes() -> None:
    incident = Incident(Component.ASR, 10.0, "music", "speaker")
    simulation = Simulation(users=5_000, incidents=(incident,))
    fleet = Fleet(simulation)
    user = next(u for u in map(fleet.user, range(500)) if len(u.devices) == 1 and u.devices[0].type == "speaker")
    begins_ms = fleet.begins_ms(0)
    before = fleet.unit(user, seeded("x"), begins_ms + 599_000)
    after = fleet.unit(user, seeded("x"), begins_ms + 600_000)
    assert orjson.loads(before.json)["versions"]["asr"] == "4.1.3"
    assert orjson.loads(after.json)["versions"]["asr"] == incident.version
    assert (before.broken, after.broken) == ((), (incident,))
    car = next(u for u in map(fleet.user, range(500)) if len(u.devices) == 1 and u.devices[0].type == "car")
    assert fleet.unit(car, seeded("x"), begins_ms + 600_000).broken == ()


def test_an_incident_is_read_from_its_parts() -> None:
    read = Incident.parse("component=nlu, domain=video, device=car, minute=7.5, severity=0.9")
    assert read == Incident(Component.NLU, 7.5, "video", "car", 0.9)
    assert Incident.parse("component=asr,minute=0") == Incident(Component.ASR, 0.0)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("component=asr", "minute is missing; write it like component=asr,domain=music"),
        ("component=ears,minute=1", "component is one of asr, nlu, entity, dialogue"),
        ("component=asr,minute=soon", "minute and severity are numbers"),
        ("component=asr,minute=1,where=here", "'where' is not known"),
        ("component=asr,minute=1,severity=2", r"severity in \(0, 1\]"),
    ],
)
def test_a_wrong_incident_is_told_in_words(text: str, told: str) -> None:
    with pytest.raises(IncidentError, match=told):
        Incident.parse(text)

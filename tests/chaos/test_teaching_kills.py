"""A worker of `detect` that is killed while people teach: nothing that they said is lost, and nothing is kept twice."""

import random
import time
from collections import defaultdict
from datetime import UTC, datetime, timedelta

import pytest

from infra.kafka.topics import PREFERENCES, TEACHABLE_MOMENTS
from infra.settings import Settings
from schemas.preference import PREFERENCE, Preference
from schemas.teachable_moment import TEACHABLE_MOMENT
from schemas.turn import Asr, Device, Turn
from streams.fleet import FleetProducer
from streams.topic_reader import TopicReader
from tests.streams_running import Crew, until

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(300)]

KILLS = 2
PEOPLE = 300
CAUGHT_UP_S = 60.0


@pytest.fixture
def other_settings() -> dict[str, object]:
    return {"teaching": "models", "hearing": "rules"}


def lesson(number: int) -> list[Turn]:
    """A person asks for something, and says what they do not like."""
    at = datetime.now(UTC)
    return [
        Turn(
            event_id=f"e-{number}-{place}",
            occurred_at=at + timedelta(milliseconds=place),
            turn_id=f"t-{number}-{place}",
            dialogue_id=f"d-{number}",
            user_id=f"user-{number}",
            device=Device(id=f"device-{number}"),
            asr=Asr(text=text),
        )
        for place, text in enumerate(("play some music", "I don't like horror movies"))
    ]


def told(settings: Settings) -> list[Preference]:
    with TopicReader(settings, [PREFERENCES.full_name(settings)]) as reader:
        return [PREFERENCE.validate_json(one.value) for one in reader.rest() if one.value is not None]


def test_a_worker_killed_in_the_middle_of_teaching_loses_and_doubles_nothing(settings: Settings, workers: Crew) -> None:
    alive = [workers.start("detect")]
    dice = random.Random(3)
    with FleetProducer(settings, ids_are_pseudonyms=True) as fleet:
        for number in range(PEOPLE):
            for turn in lesson(number):
                fleet.send(turn)
            if number in (PEOPLE // 3, 2 * PEOPLE // 3):
                fleet.flush()
                until(lambda: bool(told(settings)), CAUGHT_UP_S, "it teaches", poll_s=0.2)
                workers.kill_one_of(alive, dice)
            time.sleep(0.002)  # people go on talking meanwhile
    until(lambda: len({one.user_id for one in told(settings)}) == PEOPLE, CAUGHT_UP_S, "all was told", poll_s=0.5)
    assert alive[0].terminate() == 0
    by_person: dict[str, set[bytes]] = defaultdict(set)
    for one in told(settings):
        by_person[one.user_id].add(one.to_bytes())
    assert {len(records) for records in by_person.values()} == {1}  # said again, it is the same to the byte
    assert len(workers.workers) == KILLS + 1
    with TopicReader(settings, [TEACHABLE_MOMENTS.full_name(settings)]) as reader:
        moments = [TEACHABLE_MOMENT.validate_json(one.value) for one in reader.rest() if one.value is not None]
    assert len({one.event_id for one in moments}) == len({one.user_id for one in moments})

"""Workers of `classify` that are killed while events flow: every turn is judged, and never in two ways."""

import random
import time

import pytest

from infra.settings import Settings
from schemas.failure_point import IsolationPass
from streams.failure_points import failure_judge
from tests.chaos.conftest import CAUGHT_UP_S, LiveFleet
from tests.failure_points_told import attributed, unattributed, wanted_attributions
from tests.streams_running import Crew, Worker, until_none

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(600)]

KILLS = 6
EVENTS_FLOW_S = 40.0
DIALOGUES = 800


@pytest.fixture
def other_settings() -> dict[str, object]:
    return {"classify_device": "cpu"}


def test_workers_killed_at_random_leave_no_turn_unjudged_and_judge_none_in_two_ways(
    settings: Settings, workers: Crew
) -> None:
    alive: list[Worker] = [workers.start("classify") for _ in range(2)]
    fleet = LiveFleet(settings, DIALOGUES, EVENTS_FLOW_S)
    dice = random.Random(5)
    kills = 0
    while kills < KILLS or not fleet.over:
        time.sleep(dice.uniform(3.0, 7.0))  # events must flow between kills
        workers.kill_one_of(alive, dice)
        kills += 1
    turns = {event.turn_id for event in fleet.finish()}
    wanted = wanted_attributions(settings, failure_judge("cpu"))
    until_none(lambda: unattributed(settings, wanted), CAUGHT_UP_S, "classify has said it all")
    told = attributed(settings).attributions.values()  # raises where one revision says two things
    assert {one.turn_id for one in told} == turns
    assert {one.isolation_pass for one in told} == {IsolationPass.DIALOGUE}
    assert all(worker.works for worker in alive)
    assert [worker.terminate() for worker in alive] == [0] * 2

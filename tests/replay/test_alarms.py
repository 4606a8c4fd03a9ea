"""The watch over components on simulated fleets: a planted break is named, and clean replays are quiet."""

from datetime import timedelta

import pytest

from infra.settings import Settings
from processors.incident import judge
from processors.incident_counts import MINUTE_S
from schemas.alarm import Alarm
from schemas.failure_point import FailurePoint
from streams.evaluate.alarm_streams import AttributionStream, Judge, simulated_turns
from streams.simulator.incidents import Component, Incident
from streams.simulator.simulation import Simulation

CLEAN_REPLAYS = 10
BREAK_MINUTE = 12
BUDGET = Settings.model_fields["alarm_false_every"].default


def stream(seed: int, dialogues: int, rate: float, *incidents: Incident) -> AttributionStream:
    """A fleet's turns, judged with noise, in two passes."""
    users = round(4_000 * max(1.0, rate))
    turns = simulated_turns(Simulation(users=users, dialogues=dialogues, seed=seed, rate=rate, incidents=incidents))
    return AttributionStream(turns, Judge().judge(turns, seed))


def watched(attributions: AttributionStream, every: timedelta) -> list[tuple[float, Alarm]]:
    """What is told when somebody looks every so often, with the minute of the stream in which it is told."""
    known: dict[str, Alarm] = {}
    told = []
    moment_s = attributions.first_s + 60.0
    while moment_s <= attributions.last_s:
        for alarm in judge(attributions.counts_at(moment_s), [*known.values()], BUDGET):
            known[alarm.event_id] = alarm
            told.append(((moment_s - attributions.first_s) / MINUTE_S, alarm))
        moment_s += every.total_seconds()
    return told


def test_a_planted_break_is_named_with_component_place_and_minute_within_two_minutes() -> None:
    incident = Incident(Component.NLU, BREAK_MINUTE, "music", "speaker")
    told = watched(stream(5, 2_000, 2.0, incident), timedelta(seconds=20))
    minute, raised = told[0]
    assert BREAK_MINUTE < minute <= BREAK_MINUTE + 2
    assert raised.failure_point is FailurePoint.NLU
    assert (raised.scope.domain, raised.scope.device_type) == ("music", "speaker")
    since = (raised.occurred_at.timestamp() - int(raised.occurred_at.timestamp()) % MINUTE_S) // MINUTE_S
    assert abs(since - (Simulation().begins.timestamp() // MINUTE_S + BREAK_MINUTE)) <= 1
    assert len({alarm.event_id for _, alarm in told}) == 1


@pytest.mark.parametrize("seed", range(CLEAN_REPLAYS))
def test_a_clean_replay_raises_nothing(seed: int) -> None:
    assert watched(stream(100 + seed, 500, 0.4), timedelta(minutes=1)) == []

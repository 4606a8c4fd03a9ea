"""`classify` with its model on a real broker: it says what the same model says in memory, whatever happens to it."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from infra.kafka.topics import FAILURE_POINTS
from infra.settings import Settings
from processors.failure_point import SHED, FailureJudge
from schemas.failure_point import FAILURE_ATTRIBUTION, IsolationPass
from schemas.turn import DeviceEvent
from streams.failure_points import failure_judge
from streams.fleet import FleetProducer
from tests.failure_points_told import attributed, unattributed, wanted_attributions
from tests.fleet_of_few import a_while_ago, fleet_events
from tests.streams_running import Crew, crew, until_none

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(200)]

PATIENCE_S = 120.0


@pytest.fixture(scope="module")
def judge() -> FailureJudge:
    return failure_judge("cpu")


@pytest.fixture
def settings(kafka_settings: Settings) -> Settings:
    chosen = {name: getattr(kafka_settings, name) for name in kafka_settings.model_fields_set}
    return Settings(**chosen, dialogue_gap=timedelta(seconds=5), classify_device="cpu")


@pytest.fixture
def workers(settings: Settings, tmp_path: Path) -> Iterator[Crew]:
    with crew(settings, tmp_path) as started:
        yield started


def some_events(dialogues: int) -> list[DeviceEvent]:
    return fleet_events(dialogues, a_while_ago(), timedelta(minutes=10))


def send(settings: Settings, events: Sequence[DeviceEvent]) -> None:
    with FleetProducer(settings, ids_are_pseudonyms=True) as fleet:
        for event in events:
            fleet.send(event)


def test_a_worker_says_what_its_model_says_in_memory_twice_of_every_turn(
    settings: Settings, workers: Crew, judge: FailureJudge
) -> None:
    events = some_events(150)
    send(settings, events)
    worker = workers.start("classify")
    wanted = wanted_attributions(settings, judge)
    until_none(lambda: unattributed(settings, wanted), PATIENCE_S, "classify has said it all")
    told = attributed(settings)
    assert len(told.attributions) == len({event.turn_id for event in events})
    passes: defaultdict[str, list[tuple[IsolationPass, int]]] = defaultdict(list)
    for message in told.taken:
        attribution = FAILURE_ATTRIBUTION.validate_json(message.value or b"")
        assert message.topic == FAILURE_POINTS.full_name(settings)
        assert message.key == attribution.user_id.encode()
        passes[attribution.turn_id].append((attribution.isolation_pass, attribution.revision))
    for said in passes.values():
        assert (said[0][0], said[-1][0]) == (IsolationPass.RESPONSE, IsolationPass.DIALOGUE)
        assert [revision for _, revision in said] == sorted(revision for _, revision in said)
    assert worker.terminate() == 0


def test_a_worker_whose_queue_is_always_full_reads_slower_and_says_the_same(
    settings: Settings, workers: Crew, judge: FailureJudge
) -> None:
    send(settings, some_events(100))
    worker = workers.start("classify", classify_queue=4, classify_batch=2, classify_wait_ms=0.0)
    wanted = wanted_attributions(settings, judge)
    until_none(lambda: unattributed(settings, wanted), PATIENCE_S, "classify has said it all")
    assert worker.works


@pytest.mark.parametrize("ends", ["by a crash", "when told to stop"])
def test_an_end_in_mid_work_leads_to_what_an_undisturbed_worker_says(
    settings: Settings, workers: Crew, judge: FailureJudge, ends: str
) -> None:
    events = some_events(800)
    send(settings, events[:-100])
    first = workers.start("classify", classify_batch=1, classify_queue=1)
    first.says("reading on from offset")
    if ends == "by a crash":
        first.kill()
    else:
        assert first.terminate() == 0, first.said[-2000:]
    assert len(attributed(settings).taken) < 2 * len({event.turn_id for event in events[:-100]})
    send(settings, events[-100:])
    workers.start("classify")
    wanted = wanted_attributions(settings, judge)
    until_none(lambda: unattributed(settings, wanted), PATIENCE_S, "classify has said it all")


def test_when_told_to_stay_fresh_what_is_late_is_shed_and_judged_when_its_dialogue_closes(
    settings: Settings, workers: Crew, judge: FailureJudge
) -> None:
    send(settings, some_events(60))
    workers.start("classify", classify_stay_fresh=0.001)
    wanted = wanted_attributions(settings, judge)
    until_none(lambda: unattributed(settings, wanted), PATIENCE_S, "classify has said it all")
    first = [FAILURE_ATTRIBUTION.validate_json(message.value or b"") for message in attributed(settings).taken]
    shed = [one for one in first if one.abstained == SHED]
    assert {one.isolation_pass for one in shed} == {IsolationPass.RESPONSE}
    assert len(shed) > 60
    assert not any(one.probabilities for one in shed)

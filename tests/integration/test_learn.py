"""`learn` on a real broker: what people rephrase becomes a table, whatever is killed on the way."""

import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.settings import Settings
from tests.people_who_rephrase import dialogues_of, kept, own, send, source, table, target, wanted
from tests.streams_running import Crew, crew, until

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(400)]

PAIRS = 12
LEARNED_S = 90.0


@pytest.fixture
def workers(kafka_settings: Settings, tmp_path: Path) -> Iterator[Crew]:
    with crew(kafka_settings, tmp_path) as started:
        yield started


def test_what_people_rephrase_becomes_a_rewrite_and_more_people_change_it(
    kafka_settings: Settings, workers: Crew
) -> None:
    worker = workers.start("learn")
    told = dialogues_of(range(9), PAIRS)
    send(kafka_settings, told)
    until(lambda: kept(kafka_settings) == wanted(told), LEARNED_S, "everything is counted")
    assert table(kafka_settings) == {}, "nine people are not enough"
    told += dialogues_of(range(9, 30), PAIRS)
    send(kafka_settings, told)  # the first ones again
    until(lambda: len(table(kafka_settings)) == PAIRS, LEARNED_S, "every pair has its rewrite", poll_s=0.5)
    until(lambda: kept(kafka_settings) == wanted(told), LEARNED_S, "those who come later are counted")
    assert {one.source: one.target for one in table(kafka_settings).values()} == {
        source(pair): target(pair) for pair in range(PAIRS)
    }
    assert own(kafka_settings) == taught(range(30))
    assert worker.terminate() == 0


def taught(people: range) -> dict[tuple[str, str], str]:
    """What these people have taught of their own requests."""
    return {(f"user {person}", source(pair)): target(pair) for person in people for pair in range(PAIRS)}


def test_workers_killed_at_random_lose_nothing_and_count_nothing_twice(kafka_settings: Settings, workers: Crew) -> None:
    alive = [workers.start("learn"), workers.start("learn")]
    dice = random.Random(7)
    told = []
    for people in range(0, 60, 10):
        some = dialogues_of(range(people, people + 10), PAIRS)
        send(kafka_settings, some)
        told += some
        time.sleep(dice.uniform(0.5, 4.0))  # work must be under way when the kill comes
        workers.kill_one_of(alive, dice)
    until(lambda: kept(kafka_settings) == wanted(told), 3 * LEARNED_S, "everything is counted, once", poll_s=1.0)
    until(lambda: len(table(kafka_settings)) == PAIRS, LEARNED_S, "every pair has its rewrite", poll_s=1.0)
    until(lambda: own(kafka_settings) == taught(range(60)), LEARNED_S, "everybody has their own", poll_s=1.0)
    assert [worker.terminate() for worker in alive] == [0, 0]

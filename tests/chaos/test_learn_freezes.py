"""Workers of `learn` that stand still for longer than their session, and go on: what others told meanwhile stands."""

import os
import signal
import time
from datetime import UTC, datetime, timedelta

import pytest

from infra.settings import Settings
from processors.personal_rewrites import PersonalRewrites
from schemas.dialogue import Dialogue
from tests.people_who_rephrase import kept, own, send, wanted
from tests.retries_live import Retry
from tests.streams_running import Crew, until

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(400)]

FROZEN_S = 16.0
"""Longer than a session of the group, and its rebalance."""

LEARNED_S = 120.0
PEOPLE = 20


def taught(dialogues: list[Dialogue]) -> dict[tuple[str, str], str]:
    """What people's own rewrites must be."""
    layer, table = PersonalRewrites(), {}
    for dialogue in dialogues:
        for told in layer.process(dialogue):
            assert told.rewrite is not None
            table[told.user_id, told.rewrite.source] = told.rewrite.target
    return table


def test_a_worker_that_was_frozen_overwrites_nothing_that_its_successor_told(settings: Settings, workers: Crew) -> None:
    frozen = workers.start("learn")
    now = datetime.now(UTC)
    told = [Retry(f"first {n}", n).closed(now - timedelta(hours=1, seconds=n)) for n in range(PEOPLE)]
    send(settings, told)
    until(lambda: own(settings) == taught(told), LEARNED_S, "the first ones are learned")

    more = [Retry(f"second {n}", n).closed(now - timedelta(minutes=30, seconds=n)) for n in range(PEOPLE)]
    send(settings, more)
    os.kill(frozen.pid, signal.SIGSTOP)  # with the batch in its hands, or just before or after
    told += more
    successor = workers.start("learn")
    time.sleep(FROZEN_S)  # the group must give the frozen one up
    told += [Retry(f"third {n}", n).closed(now - timedelta(minutes=10, seconds=n)) for n in range(PEOPLE)]
    send(settings, told[-PEOPLE:])
    until(lambda: own(settings) == taught(told), LEARNED_S, "the successor learns", poll_s=0.5)
    until(lambda: kept(settings) == wanted(told), LEARNED_S, "and counts", poll_s=0.5)

    os.kill(frozen.pid, signal.SIGCONT)
    told += [Retry(f"fourth {n}", n).closed(now - timedelta(minutes=5, seconds=n)) for n in range(PEOPLE)]
    send(settings, told[-PEOPLE:])
    until(lambda: own(settings) == taught(told), LEARNED_S, "all is known", poll_s=0.5)
    until(lambda: kept(settings) == wanted(told), LEARNED_S, "nothing is lost", poll_s=0.5)
    assert successor.works
    workers.still_work()

"""Workers of `learn` that are killed while rewrites are tried: every turn counts in its trial, and counts once."""

import random
import time

import pytest

from infra.settings import Settings
from processors.rewrite_outcomes import OutcomeJoin
from processors.rewrite_trials import RewriteTrials
from schemas.rewrite_decision import DecisionArm
from schemas.rewrite_trial import RewriteTrial
from tests.people_who_rephrase import send
from tests.rewrites_in_use import Use, send_decisions, trials, uses
from tests.streams_running import Crew, until
from tests.unit.rewrites_to_order import record

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(400)]

ROUNDS = 5
COUNTED_S = 120.0


def wanted(told: list[Use]) -> dict[str, RewriteTrial]:
    """What must be counted."""
    join, counted = OutcomeJoin(), RewriteTrials()
    for one in told:
        join.decided(one.decision)
        for outcome in join.judged(one.dialogue(good=one.number % 3 > 0, closed=True, revision=7)):
            counted.take(outcome)
    return {trial.rewrite_id: trial for trial in counted.tell()}


def test_workers_killed_at_random_count_every_turn_once(settings: Settings, workers: Crew) -> None:
    alive = [workers.start("learn"), workers.start("learn")]
    dice = random.Random(3)
    rewrites = [record(f"play it {number}", f"play that {number}") for number in range(4)]
    told: list[Use] = []
    for number in range(ROUNDS):
        some = [
            one
            for rewrite in rewrites
            for arm, people in ((DecisionArm.SERVED, 12), (DecisionArm.HOLDOUT, 4))
            for one in uses(rewrite, range(100 * number, 100 * number + people), arm)
        ]
        send_decisions(settings, [one.decision for one in some])
        send(settings, [one.dialogue(good=True) for one in some])  # so far nobody has complained
        told += some
        time.sleep(dice.uniform(1.0, 4.0))  # work must be under way when the kill comes
        workers.kill_one_of(alive, dice)
        send(settings, [one.dialogue(good=one.number % 3 > 0, closed=True, revision=7) for one in some])
    until(lambda: essence(trials(settings)) == essence(wanted(told)), COUNTED_S, "every turn counts once", poll_s=1.0)
    assert [worker.terminate() for worker in alive] == [0, 0]


def essence(found: dict[str, RewriteTrial]) -> dict[str, object]:
    """What is counted; a turn whose first verdict stood may carry its revision."""
    return {
        name: (trial.served, trial.held_out, [(one.id, one.arm, one.good) for one in trial.outcomes])
        for name, trial in found.items()
    }

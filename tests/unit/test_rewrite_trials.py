"""Turns that got a rewrite beside turns from which it was held back, and the harm that stops it."""

from datetime import datetime, timedelta
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import beta

from processors.posterior import success
from processors.rewrite_outcomes import OutcomeJoin
from processors.rewrite_trials import (
    BLOCKED_BY_TRIAL,
    FEWEST,
    LAST,
    PRIOR,
    TURNS_OF_A_USER,
    Arms,
    OnTrial,
    RewriteTrials,
    probability_worse,
)
from schemas.contract import hashed
from schemas.dialogue import Dialogue
from schemas.rewrite import RewriteLayer
from schemas.rewrite_decision import DecisionArm, DecisionLayer, DecisionReason, RewriteDecision
from schemas.rewrite_outcome import RewriteOutcome
from schemas.rewrite_trial import REWRITE_TRIAL
from tests.unit.test_transition import START, dialogue, turn

HOLDOUT = 0.05
NATIVE = success(17, 3)


def outcome(number: int, good: bool, arm: str = "served", revision: int = 0, user: str = "") -> RewriteOutcome:
    return RewriteOutcome(
        event_id=f"e{number}",
        occurred_at=START + timedelta(seconds=number),
        rewrite_id="r",
        layer=RewriteLayer.GLOBAL,
        user_id=user or f"u{number}",
        turn_id=f"t{number}",
        arm=DecisionArm(arm),
        propensity=0.95 if arm == "served" else 0.05,
        good=good,
        revision=revision,
    )


def arms(*outcomes: RewriteOutcome) -> Arms:
    made = Arms("r", RewriteLayer.GLOBAL)
    for one in outcomes:
        made.add(one)
    return made


def test_the_probability_of_being_worse_is_that_of_two_independent_posteriors() -> None:
    assert abs(probability_worse(success(5, 5), success(5, 5)) - 0.5) < 1e-6
    few, many = beta(1.5, 3.5), beta(3.5, 1.5)
    exact, _ = quad(lambda rate: few.cdf(rate) * many.pdf(rate), 0.0, 1.0, limit=500)
    assert abs(probability_worse(success(1, 3), success(3, 1)) - exact) < 1e-3
    assert probability_worse(success(20, 0), success(0, 20)) < 1e-6


def test_a_rewrite_that_does_harm_is_told_blocked_with_its_reason() -> None:
    told = arms(*(outcome(n, False) for n in range(20)), *(outcome(n, True, "holdout") for n in range(20, 40))).trial()
    assert told.blocked
    assert (told.blocked_because or "").startswith(BLOCKED_BY_TRIAL)
    assert "0 of 20 went well, 10 of 10 of those held back" in (told.blocked_because or "")
    assert (told.uses, told.worse > 0.95) == (20, True)


def test_before_anything_is_held_back_what_was_known_of_the_source_stands_for_it() -> None:
    failed = arms(*(outcome(n, False) for n in range(40)))
    assert not failed.trial().blocked
    assert failed.trial(OnTrial("source", "target", success(17, 3))).blocked
    assert not failed.trial(OnTrial("source", "target", success(1, 19))).blocked


def test_a_trial_names_its_states_and_goes_on_doing_so_when_the_table_has_another_rewrite() -> None:
    told = arms(outcome(0, True)).trial(OnTrial("source", "target", NATIVE))
    assert (told.source, told.target) == ("source", "target")
    again = Arms.of(told).trial()
    assert (again.source, again.target) == ("source", "target")


def test_one_that_helps_or_of_which_little_is_known_is_not() -> None:
    helps = arms(*(outcome(n, n % 5 > 0) for n in range(60)), *(outcome(n, False, "holdout") for n in range(70, 74)))
    assert not helps.trial().blocked
    few = arms(*(outcome(n, False) for n in range(FEWEST - 1)), *(outcome(n, True, "holdout") for n in range(20, 40)))
    assert not few.trial().blocked


def test_nobody_alone_gets_a_rewrite_blocked() -> None:
    loud = arms(
        *(outcome(n, False, user="loud") for n in range(100)), *(outcome(n, True, "holdout") for n in range(200, 220))
    )
    assert loud.trial().uses == TURNS_OF_A_USER
    assert loud.harm() is None


def test_a_verdict_that_changes_is_counted_once_by_its_last_revision() -> None:
    one = arms(outcome(0, True, revision=2))
    assert not one.add(outcome(0, True, revision=2))
    assert one.add(outcome(0, False, revision=4))
    assert not one.add(outcome(0, True, revision=3))
    assert one.success(DecisionArm.SERVED) == success(0, 1, PRIOR)


def test_the_last_turns_count_so_that_a_rewrite_that_goes_bad_is_noticed() -> None:
    one = arms(*(outcome(n, n < 500) for n in range(500 + LAST)), *(outcome(n, True, "holdout") for n in range(40)))
    assert one.trial().uses == LAST
    assert one.trial().blocked


def test_what_was_before_somebody_let_it_be_served_again_counts_no_longer() -> None:
    one = arms(*(outcome(n, False) for n in range(40)), *(outcome(n, True, "holdout") for n in range(40, 50)))
    assert one.harm(native=NATIVE) is not None
    assert one.harm(native=NATIVE, since_ms=int((START + timedelta(seconds=60)).timestamp() * 1000)) is None


@settings(deadline=None, max_examples=60)
@given(
    st.lists(
        st.builds(outcome, st.integers(0, 30), st.booleans(), st.sampled_from(("served", "holdout"))), max_size=40
    ),
    st.randoms(use_true_random=False),
    st.integers(0, 40),
)
def test_order_repetition_and_a_restart_from_what_was_told_change_nothing(
    outcomes: list[RewriteOutcome], dice: Random, cut: int
) -> None:
    unique = list({one.turn_id: one for one in outcomes}.values())
    steady = RewriteTrials()
    for one in unique:
        steady.take(one)
    wanted = {trial.rewrite_id: trial for trial in steady.tell()}

    shuffled = unique + dice.sample(unique, len(unique) // 2)
    dice.shuffle(shuffled)
    table = {}
    worker = RewriteTrials()
    for one in shuffled[:cut]:
        worker.take(one)
    for trial in worker.tell():
        table[trial.rewrite_id] = REWRITE_TRIAL.validate_json(trial.to_bytes())
    worker = RewriteTrials(table.values())
    for one in shuffled[max(0, cut - 5) :]:
        worker.take(one)
    table |= {trial.rewrite_id: trial for trial in worker.tell()}
    assert table == wanted


def decision(number: int, arm: str = "served", at: datetime = START) -> RewriteDecision:
    return RewriteDecision(
        event_id=f"d{number}",
        occurred_at=at,
        user_id=f"u{number}",
        turn_id=f"t{number}",
        arm=DecisionArm(arm),
        reason=DecisionReason.REWRITTEN if arm == "served" else DecisionReason.HELD_OUT,
        rewrite_id="r",
        layer=DecisionLayer.PRECOMPUTED,
        propensity=1 - HOLDOUT if arm == "served" else HOLDOUT,
        index_version="1",
        latency_ms=1.0,
    )


def judged(number: int, *evidence: str, revision: int = 2, rewritten: bool = True, closed: bool = False) -> Dialogue:
    one = turn("x", *evidence, rewrite_id="r" if rewritten else None).model_copy(
        update={"turn_id": f"t{number}", "occurred_at": START + timedelta(seconds=number)}
    )
    made = dialogue(one, closed=closed, revision=revision)
    return made.model_copy(update={"user_id": f"u{number}", "dialogue_id": f"dialogue {number}"})


def test_a_decision_and_the_verdict_on_its_turn_meet_in_either_order() -> None:
    one, other = OutcomeJoin(), OutcomeJoin()
    assert one.decided(decision(1)) == []
    (found,) = one.judged(judged(1))
    assert other.judged(judged(1)) == []
    assert other.decided(decision(1)) == [found]
    assert (found.good, found.arm) == (True, DecisionArm.SERVED)


def test_what_is_told_of_a_decided_turn_names_neither_the_person_nor_the_turn() -> None:
    join = OutcomeJoin()
    join.decided(decision(1))
    (found,) = join.judged(judged(1))
    assert (found.user_id, found.turn_id) == (hashed("u1"), hashed("u1/t1"))
    assert b'"u1"' not in found.to_bytes()
    assert b'"t1"' not in found.to_bytes()


def test_a_verdict_is_told_again_when_it_changes_and_only_then() -> None:
    join = OutcomeJoin()
    join.decided(decision(1))
    assert join.judged(judged(1))
    assert join.judged(judged(1, revision=3)) == []
    (changed,) = join.judged(judged(1, "repeat", revision=4))
    assert (changed.good, changed.revision) == (False, 4)
    assert join.judged(judged(1, revision=3)) == []


def test_who_answers_without_the_rewrite_that_was_given_is_of_neither_arm() -> None:
    join = OutcomeJoin()
    join.decided(decision(1))
    join.decided(decision(2, "holdout"))
    assert join.judged(judged(1, rewritten=False)) == []
    assert join.judged(judged(2, rewritten=True)) == []


def test_a_person_is_awaited_until_the_dialogue_is_closed() -> None:
    join = OutcomeJoin()
    join.decided(decision(1))
    join.judged(judged(1))
    assert join.awaits("u1")
    join.judged(judged(1, revision=3, closed=True))
    assert not join.awaits("u1")


def test_what_is_waited_for_is_bounded() -> None:
    join = OutcomeJoin(most=10)
    for number in range(1000):
        join.decided(decision(number))
    assert sum(join.awaits(f"u{number}") for number in range(1000)) == 10


def blocked_after_s(seed: int, served: float, held_out: float, uses_a_minute: float = 50.0, most_s: int = 600) -> float:
    """Seconds of stream time until a rewrite is blocked; infinite if it is not. People complain within ten seconds."""
    dice = Random(seed)
    events: list[tuple[float, Dialogue]] = []
    join, trials = OutcomeJoin(), RewriteTrials(table=lambda _: OnTrial("source", "target", NATIVE))
    at, number = 0.0, 0
    while at < most_s:
        at += dice.expovariate(uses_a_minute / 60)
        number += 1
        holdout = dice.random() < HOLDOUT
        join.decided(decision(number, "holdout" if holdout else "served"))
        answered = judged(number, rewritten=not holdout)
        events.append((at + 1.0, answered))
        if dice.random() > (held_out if holdout else served):
            events.append((at + dice.uniform(2.0, 10.0), judged(number, "rephrase", revision=4, rewritten=not holdout)))
    told_until = 0.0
    for moment, said in sorted(events, key=lambda event: event[0]):
        for found in join.judged(said):
            trials.take(found)
        if moment - told_until >= 1.0:
            told_until = moment
            if any(trial.blocked for trial in trials.tell()):
                return moment
    return float("inf")


def test_a_planted_bad_rewrite_is_blocked_within_a_minute_at_fifty_uses_a_minute() -> None:
    took = sorted(blocked_after_s(seed, served=0.0, held_out=0.85, most_s=120) for seed in range(60))
    assert took[30] < 40.0, took
    assert took[-1] < 60.0, took


def test_a_rewrite_that_helps_goes_on_being_served() -> None:
    assert all(blocked_after_s(seed, served=0.85, held_out=0.15, most_s=300) > 300 for seed in range(20))

"""A refresh that would change too many answers at once waits until somebody lets it pass."""

import pytest
from scipy.stats import binom

from infra.kafka.topics import REWRITE_REFRESHES, REWRITE_TRIALS, REWRITES
from infra.settings import Settings
from processors.refresh_guard import DOUBT, PHRASES, WINDOW_MS, Proposed, RefreshGuard, surely
from processors.rewrite_trials import BLOCKED_BY_TRIAL
from schemas.contract import Event
from schemas.phrase import phrase_key
from schemas.rewrite import REWRITE, Rewrite, Success
from schemas.rewrite_refresh import REWRITE_REFRESH, RefreshState, RewriteRefresh
from schemas.rewrite_trial import RewriteTrial
from schemas.transition import Outcome
from streams.delivery import Message
from streams.learn_solver import Solver
from streams.refresh_gate import RefreshGate
from streams.rewrite_table import Change
from streams.topic_reader import TopicRecord
from tests.unit.rewrites_to_order import record as rewrite_record
from tests.unit.test_rewrite_table import IMAGINE, MAJ, state, taught
from tests.unit.test_rewrite_trials import arms, outcome

SETTINGS = Settings()
REQUESTS = 10_000.0


def guard(bound: float = 0.05) -> RefreshGuard:
    return RefreshGuard(bound)


def judged(guard: RefreshGuard, *weights: float, at_ms: int = 0, first: int = 0, requests: float = REQUESTS) -> int:
    """How many of these changes pass."""
    changes = [Proposed(f"music|play|song:{first + n}", weight) for n, weight in enumerate(weights)]
    return len(guard.judge(changes, lambda _: requests, at_ms)[0])


def test_small_changes_pass_and_large_ones_wait_by_domain() -> None:
    one = guard()
    changes = [Proposed("music|play|song:a", 600.0), Proposed("home|switch|lamp:a", 100.0)]
    passed, (held,) = one.judge(changes, lambda _: REQUESTS, 0)
    assert passed == {"home|switch|lamp:a"}
    assert (held.domain, held.share, held.sources) == ("music", 0.06, ("music|play|song:a",))
    assert one.held == {"music"}


def test_many_small_steps_are_one_large_one_and_are_forgotten_after_the_window() -> None:
    one = guard()
    passed = [judged(one, 100.0, first=number, at_ms=number) for number in range(10)]
    assert passed == [1] * 5 + [0] * 5
    other = guard()
    assert all(judged(other, 100.0, first=number, at_ms=number * WINDOW_MS // 4) for number in range(40))


def test_the_same_source_counts_once() -> None:
    one = guard()
    assert all(judged(one, 400.0, at_ms=number) for number in range(10))


def test_what_waits_waits_together_until_it_is_accepted() -> None:
    one = guard()
    assert judged(one, 600.0) == 0
    assert judged(one, 10.0, first=50) == 0, "the domain is held back"
    assert one.accept("music") == {"music|play|song:0", "music|play|song:50"}
    assert judged(one, 600.0, 10.0) == 2
    assert one.held == frozenset()
    assert judged(one, 600.0, first=90) == 0, "once accepted is not for ever"


@pytest.mark.parametrize("requests", [40.0, 200.0, 1_000.0, 1_999.0, 100_000.0])
def test_in_a_domain_of_any_size_a_refresh_of_a_third_of_it_waits(requests: float) -> None:
    assert judged(guard(), *[requests / 30] * 10, requests=requests) == 0


@pytest.mark.parametrize(("weight", "requests"), [(1.0, 3.0), (5.0, 40.0), (10.0, 100.0), (100.0, 2_000.0)])
def test_in_a_small_domain_a_share_passes_that_may_be_chance(weight: float, requests: float) -> None:
    assert judged(guard(), weight, requests=requests) == 1


def test_in_a_domain_of_which_nothing_is_known_everything_passes() -> None:
    assert judged(guard(), 0.0, requests=0.0) == 1


@pytest.mark.parametrize("requests", [5, 30, 300, 3_000])
def test_a_share_at_the_bound_is_hardly_ever_held_back(requests: int) -> None:
    """Requests of which each is of a changed source with just the bound's probability."""
    fewest_held = next(changed for changed in range(requests + 1) if surely(changed, requests) > 0.05)
    assert DOUBT / 20 < binom.sf(fewest_held - 1, requests, 0.05) <= DOUBT


def solver(bound: float = 0.05) -> Solver:
    """One that knows a table's moves."""
    made = Solver(SETTINGS, guard=RefreshGuard(bound))
    for known in taught()._states.values():
        made.table.take(known)
    return made


def record(topic: str, key: str, value: Event | None) -> TopicRecord:
    return TopicRecord(topic, 0, 0, 0, key.encode(), value.to_bytes() if value is not None else None, ())


def rewrites(messages: list[Message]) -> list[Rewrite]:
    topic = REWRITES.full_name(SETTINGS)
    return [REWRITE.validate_json(one.value) for one in messages if one.topic == topic and one.value is not None]


def refreshes(messages: list[Message]) -> list[RewriteRefresh]:
    topic = REWRITE_REFRESHES.full_name(SETTINGS)
    return [
        REWRITE_REFRESH.validate_json(one.value) for one in messages if one.topic == topic and one.value is not None
    ]


def test_the_solver_holds_a_large_refresh_back_tells_of_it_and_lets_it_pass_when_told_to() -> None:
    one = solver()
    told = one.solve()
    (held,) = refreshes(told)
    assert rewrites(told) == []
    assert (held.domain, held.state, held.changes, held.sources) == ("music", RefreshState.HELD, 1, (MAJ,))
    assert one.solve() == [], "it is told once"
    accepted = held.model_copy(update={"state": RefreshState.ACCEPTED})
    one.take(record(REWRITE_REFRESHES.full_name(SETTINGS), "music", accepted))
    told = one.solve()
    assert [rewrite.source for rewrite in rewrites(told)] == [MAJ]
    assert [refresh.state for refresh in refreshes(told)] == [RefreshState.PASSED]


def test_a_solver_that_starts_after_the_yes_lets_it_pass() -> None:
    (held,) = refreshes(solver().solve())
    late = solver()
    late.take(record(REWRITE_REFRESHES.full_name(SETTINGS), "music", held))
    late.take(
        record(REWRITE_REFRESHES.full_name(SETTINGS), "music", held.model_copy(update={"state": RefreshState.ACCEPTED}))
    )
    assert len(rewrites(late.solve())) == 1


def harmful(rewrite: Rewrite) -> RewriteTrial:
    trial = arms(*(outcome(n, False) for n in range(30)), *(outcome(n, True, "holdout") for n in range(30, 50))).trial()
    return trial.model_copy(update={"rewrite_id": rewrite.event_id})


def blocked_by_trial() -> tuple[Solver, Rewrite]:
    one = solver(bound=1.0)
    (rewrite,) = rewrites(one.solve())
    one.take(record(REWRITE_TRIALS.full_name(SETTINGS), rewrite.event_id, harmful(rewrite)))
    (blocked,) = rewrites(one.solve())
    return one, blocked


def test_a_rewrite_whose_trial_does_harm_is_told_blocked_and_stays_so_when_solved_again() -> None:
    one, blocked = blocked_by_trial()
    assert (blocked.source, blocked.target) == (MAJ, IMAGINE)
    assert (blocked.blocked_because or "").startswith(BLOCKED_BY_TRIAL)
    one.table.take(state(MAJ, Outcome.AGAIN, 60, IMAGINE))
    assert rewrites(one.solve()) == []


def test_one_that_is_told_anew_after_a_withdrawal_is_blocked_at_once() -> None:
    one, blocked = blocked_by_trial()
    one.take(record(REWRITES.full_name(SETTINGS), blocked.key, None))
    one.table.again([MAJ])
    (anew,) = rewrites(one.solve())
    assert anew.blocked


def test_one_that_somebody_lets_be_served_again_is_judged_by_what_comes_after() -> None:
    one, blocked = blocked_by_trial()
    cleared = {"blocked": False, "blocked_because": None, "cleared_at": outcome(60, True).occurred_at}
    one.take(record(REWRITES.full_name(SETTINGS), blocked.key, blocked.model_copy(update=cleared)))
    assert rewrites(one.solve()) == []
    trial = arms(
        *(outcome(n, False) for n in range(30)),
        *(outcome(n, True, "holdout") for n in range(30, 50)),
        *(outcome(n, False) for n in range(100, 140)),
        *(outcome(n, True, "holdout") for n in range(140, 160)),
    ).trial()
    trial = trial.model_copy(update={"rewrite_id": blocked.event_id})
    one.take(record(REWRITE_TRIALS.full_name(SETTINGS), blocked.event_id, trial))
    (again,) = rewrites(one.solve())
    assert again.blocked
    assert again.cleared_at == outcome(60, True).occurred_at


def test_a_block_and_a_roll_back_by_hand_stand_whatever_is_solved() -> None:
    for change in (
        {"blocked": True, "blocked_because": "it is wrong"},
        {"target_text": "play something else", "solver": "rolled-back/1"},
    ):
        one = solver(bound=1.0)
        (rewrite,) = rewrites(one.solve())
        by_hand = rewrite.model_copy(update=change)
        one.take(record(REWRITES.full_name(SETTINGS), rewrite.key, by_hand))
        one.table.take(state(MAJ, Outcome.AGAIN, 60, f"{IMAGINE} dragons"))
        one.table.take(state(f"{IMAGINE} dragons", Outcome.SUCCESS, 90))
        assert rewrites(one.solve()) == []
        assert one.table.rewrites[MAJ] == by_hand


def test_a_trial_of_what_is_not_known_changes_nothing() -> None:
    one = solver(bound=1.0)
    (rewrite,) = rewrites(one.solve())
    stranger = rewrite.model_copy(update={"event_id": "somebody else"})
    one.take(record(REWRITE_TRIALS.full_name(SETTINGS), stranger.event_id, harmful(stranger)))
    assert one.solve() == []


@pytest.mark.parametrize(("share", "passes"), [(0.02, True), (0.5, False)])
def test_a_phrase_counts_by_the_requests_that_have_it_among_those_of_all_domains(share: float, passes: bool) -> None:
    table = taught()
    table.refresh()
    requests = sum(one.weight for one in table.counts.values())
    success = Success(good=0.01, bad=share * requests, low=0.0, high=0.5)
    phrase = rewrite_record().model_copy(update={"source": phrase_key(("*", "maj", "*")), "source_success": success})
    gate = RefreshGate(SETTINGS, RefreshGuard(0.05))
    change = Change(phrase.source, phrase)
    assert gate.passes(table, [change]) == [change] * passes
    assert [one.domain for one in refreshes(gate.messages())] == [PHRASES] * (not passes)

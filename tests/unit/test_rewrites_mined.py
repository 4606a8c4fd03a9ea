"""How the precomputed table is judged."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from infra.settings import Settings
from processors.rewrite_choice import RewriteRules
from processors.source_moves import Kept
from processors.standing import APART
from schemas.contract import hashed
from schemas.transition import Outcome
from streams.evaluate.rewrites_mined import (
    FOLDS,
    Applications,
    Applied,
    Lived,
    Said,
    apply,
    cross_applied,
    defect_cut,
    fold_of,
    live,
    mine,
    odds,
    table_figures,
)
from streams.simulator.simulation import Simulation
from tests.unit.test_phrase_lessons import FAILED, WORKED, table_of

MAJ, IMAGINE = "music|play|song:maj", "music|play|song:imagine"
PEOPLE = [user for number in range(400) if fold_of(user := f"user {number}")]
"""Not those of the first fold."""


def lived(held_out: list[Said]) -> Lived:
    """Everybody who may be learned from rephrases the same request."""
    moves = [(user, MAJ, moved(user, MAJ, Outcome.AGAIN, IMAGINE)) for user in PEOPLE[:60]]
    moves += [(user, IMAGINE, moved(user, IMAGINE, Outcome.SUCCESS)) for user in PEOPLE]
    return Lived(held_out, [*moves, *other_requests(PEOPLE)])


def other_requests(users: list[str]) -> list[tuple[str, str, Kept]]:
    """What these people are known by, earlier."""
    earlier = [(f"timers|set|number:{number}", -number * APART // timedelta(milliseconds=1)) for number in range(3)]
    return [
        (user, other, replace(moved(user, other, Outcome.SUCCESS), at_ms=at_ms))
        for user in users
        for other, at_ms in earlier
    ]


def moved(user: str, state: str, outcome: Outcome, target: str | None = None) -> Kept:
    return Kept(f"{user}{state}", 1000, hashed(user), f"device of {user}", f"play {state[-7:]}", outcome, target)


def test_wins_losses_and_what_decides_nothing() -> None:
    said = [
        Said("a", 2000, MAJ, IMAGINE, right=False),
        Said("b", 2000, MAJ, MAJ, right=True),
        Said("c", 2000, MAJ, "elsewhere", right=False),
        Said("d", 2000, IMAGINE, IMAGINE, right=True),
    ]
    applied = apply(mine(lived(said), 2000, 0), said)
    assert applied == [Applied("a", False, True), Applied("b", True, False), Applied("c", False, False)]
    figures = table_figures("x_", Applications(applied, len(said), 2))
    assert (figures["x_win_loss"].value, figures["x_win_loss"].n) == (1.0, 2)
    assert figures["x_win_wrong"].value == 0.5
    assert figures["x_coverage"].value == 0.75
    assert figures["x_defect_share"].value == 1.0
    assert figures["x_defect_cut"].value == 0.0


def test_the_table_knows_nothing_of_people_held_out_nor_of_later_times() -> None:
    others = [user for number in range(400) if not fold_of(user := f"user {number}")]
    moves = [(user, MAJ, moved(user, MAJ, Outcome.AGAIN, IMAGINE)) for user in others]
    known = other_requests(others)
    assert mine(Lived([], lived([]).moves), 2000, 0).rewrites.keys() == {MAJ}
    assert not mine(Lived([], moves + known + lived([]).moves[60:]), 2000, 0).rewrites
    assert mine(Lived([], moves + known + lived([]).moves[60:]), 2000, 1).rewrites.keys() == {MAJ}
    assert not mine(lived([]), 1000, 0).rewrites
    assert not mine(lived([]), 2000, 0, RewriteRules(users=61)).rewrites


def test_each_table_is_applied_to_the_people_and_the_time_that_it_does_not_know() -> None:
    users = [f"user {number}" for number in range(400)]
    moves = [(user, MAJ, moved(user, MAJ, Outcome.AGAIN, IMAGINE)) for user in users[:100]]
    moves += [(user, IMAGINE, moved(user, IMAGINE, Outcome.SUCCESS)) for user in users]
    said = [Said(user, at_ms, MAJ, IMAGINE, right=False) for user in users for at_ms in (500, 600, 700, 2000)]
    made = cross_applied(Lived(said, [*moves, *other_requests(users)]))
    assert (made.rewrites, made.requests, made.defects) == ([1] * FOLDS, 400, 400)
    assert sorted(one.user for one in made.applied) == sorted(users)


def test_the_interval_of_odds_is_that_of_their_logarithm() -> None:
    figure = odds(455, 38)
    assert figure.value == pytest.approx(11.97, abs=0.01)
    assert figure.low is not None
    assert 8.5 < figure.low < figure.value
    assert odds(0, 3).value == 0.0
    assert odds(10, 0).value == 20.0


def test_defects_that_are_gone_are_counted_by_person() -> None:
    gone = [Applied(f"u{number}", False, number % 4 != 0) for number in range(100)]
    figure = defect_cut(gone)
    assert figure.value == pytest.approx(0.75)
    assert figure.low is not None
    assert figure.high is not None
    assert 0.6 < figure.low < 0.75 < figure.high < 0.9
    assert defect_cut([]).value == 0.0


def test_a_simulation_is_taken_apart_into_requests_with_their_truth_and_moves() -> None:
    told = live(Simulation(dialogues=60, users=400, rate=0.2, seed=5), Settings(hearing="rules", teaching="off"))
    assert len(told.said) > 200
    assert sum(one.right for one in told.said) > 0.8 * len(told.said)
    understood = [one for one in told.said if one.meant == one.state]
    assert len(understood) > 0.7 * len(told.said)
    assert {move.outcome for _, _, move in told.moves} == set(Outcome)


def test_a_phrase_that_is_put_right_is_judged_by_its_words() -> None:
    table = table_of(*FAILED, *WORKED)
    heard, far = "play the maj of town", "play the maj of city"
    said = [
        Said("a", 2000, "x|y|1", "x|y|2", right=False, heard=heard, said="play the mayor of town"),
        Said("b", 2000, "x|y|3", "x|y|3", right=True, heard=heard, said=heard),
        Said("c", 2000, "x|y|4", "x|y|4", right=True, heard=far, said="play the mayor of my city"),
        Said("d", 2000, "x|y|5", "x|y|6", right=False, heard="play it", said="play that"),
    ]
    assert apply(table, said) == [Applied("a", False, True), Applied("b", True, False), Applied("c", True, True)]

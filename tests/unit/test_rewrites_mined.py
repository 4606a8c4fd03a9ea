"""How the precomputed table is judged."""

import pytest

from infra.settings import Settings
from processors.rewrite_choice import RewriteRules
from processors.source_moves import Kept, hashed
from schemas.transition import Outcome
from streams.evaluate.rewrites_mined import (
    Applied,
    Lived,
    Said,
    apply,
    defect_cut,
    is_mined,
    live,
    mine,
    odds,
    table_figures,
)
from streams.simulator.simulation import Simulation

MAJ, IMAGINE = "music|play|song:maj", "music|play|song:imagine"
PEOPLE = [user for number in range(400) if is_mined(user := f"user {number}")]


def lived(held_out: list[Said]) -> Lived:
    """Everybody who may be learned from rephrases the same request."""
    moves = [(user, MAJ, moved(user, MAJ, Outcome.AGAIN, IMAGINE)) for user in PEOPLE[:60]]
    moves += [(user, IMAGINE, moved(user, IMAGINE, Outcome.SUCCESS)) for user in PEOPLE]
    return Lived(held_out, moves)


def moved(user: str, state: str, outcome: Outcome, target: str | None = None) -> Kept:
    return Kept(f"{user}{state}", 1000, hashed(user), f"device of {user}", f"play {state[-7:]}", outcome, target)


def test_wins_losses_and_what_decides_nothing() -> None:
    said = [
        Said("a", 2000, MAJ, IMAGINE, right=False),
        Said("b", 2000, MAJ, MAJ, right=True),
        Said("c", 2000, MAJ, "elsewhere", right=False),
        Said("d", 2000, IMAGINE, IMAGINE, right=True),
    ]
    applied = apply(mine(lived(said), 2000), said)
    assert applied == [Applied("a", False, True), Applied("b", True, False), Applied("c", False, False)]
    figures = table_figures("x_", applied, len(said))
    assert (figures["x_win_loss"].value, figures["x_win_loss"].n) == (1.0, 2)
    assert figures["x_win_wrong"].value == 0.5
    assert figures["x_coverage"].value == 0.75
    assert figures["x_defect_cut"].value == 0.0


def test_the_table_knows_nothing_of_people_held_out_nor_of_later_times() -> None:
    others = [user for number in range(4000) if not is_mined(user := f"user {number}")]
    moves = [(user, MAJ, moved(user, MAJ, Outcome.AGAIN, IMAGINE)) for user in others]
    assert mine(Lived([], lived([]).moves), 2000).rewrites.keys() == {MAJ}
    assert not mine(Lived([], moves + lived([]).moves[60:]), 2000).rewrites
    assert not mine(lived([]), 1000).rewrites
    assert not mine(lived([]), 2000, RewriteRules(users=61)).rewrites


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
    told = live(Simulation(dialogues=60, users=400, rate=0.2, seed=5), Settings(hearing="rules"))
    assert len(told.said) > 200
    assert sum(one.right for one in told.said) > 0.8 * len(told.said)
    understood = [one for one in told.said if one.meant == one.state]
    assert len(understood) > 0.7 * len(told.said)
    assert {move.outcome for _, _, move in told.moves} == set(Outcome)

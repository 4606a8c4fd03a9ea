"""Whose behaviour counts for everybody."""

from datetime import timedelta
from itertools import permutations

from processors.source_moves import Kept, SourceState
from processors.standing import APART, Standings
from schemas.transition import Outcome

APART_MS = APART // timedelta(milliseconds=1)
LIGHTS, RADIO, NEWS, WEATHER = "home|on|", "radio|play|", "news|read|", "weather|tell|"


def state(source: str, user: str, at: float, outcome: Outcome = Outcome.SUCCESS) -> SourceState:
    """One move, so many times `APART` after the beginning."""
    target = "elsewhere" if outcome is Outcome.AGAIN else None
    return SourceState(source, [Kept(f"{source}{user}", int(at * APART_MS), user, "device", "words", outcome, target)])


def test_who_had_several_things_done_at_several_times_counts() -> None:
    standings = Standings()
    assert standings.take(state(LIGHTS, "ann", 0)) == set()
    standings.take(state(RADIO, "ann", 1))
    assert not standings.counts("ann")
    assert standings.take(state(NEWS, "ann", 2)) == {LIGHTS, RADIO, NEWS}
    assert standings.counts("ann")
    assert not standings.counts("bob")


def test_one_request_again_and_again_is_not_several() -> None:
    standings = Standings()
    for number in range(9):
        standings.take(state(LIGHTS, "ann", number))
    assert not standings.counts("ann")


def test_all_in_one_breath_is_one_time() -> None:
    standings = Standings()
    for number, source in enumerate((LIGHTS, RADIO, NEWS, WEATHER)):
        standings.take(state(source, "ann", number / 100))
    assert not standings.counts("ann")


def test_what_did_not_work_is_no_history() -> None:
    standings = Standings()
    for number, source in enumerate((LIGHTS, RADIO, NEWS, WEATHER)):
        standings.take(state(source, "ann", number, Outcome.AGAIN if number % 2 else Outcome.FAILURE))
    assert not standings.counts("ann")


def test_the_order_in_which_states_come_makes_no_difference() -> None:
    told = [state(LIGHTS, "ann", 0), state(RADIO, "ann", 1), state(NEWS, "ann", 2), state(NEWS, "bob", 1)]
    for order in permutations(told):
        standings = Standings()
        for one in order:
            standings.take(one)
        assert standings.counts("ann")
        assert not standings.counts("bob")


def test_without_a_rule_everybody_counts() -> None:
    assert Standings(0).counts("anybody")

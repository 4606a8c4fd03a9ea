"""More is held back while nothing is known of a rewrite's source, so that harm shows within a minute."""

import numpy as np
import pytest
from msgspec import structs

from models.rewrite.entry import Entry, Success
from processors.posterior import success
from processors.rewrite_harm import native_bound
from processors.rewrite_holdout import KNOWN_TURNS, UNKNOWN_SHARE, holdout_share
from schemas.rewrite_decision import DecisionArm
from streams.serve.asked import RewriteRequest
from streams.serve.decide import Decider
from tests.bench.rewrite_blocks import blocks
from tests.unit.rewrites_to_order import entry, index_of, ranker

NOTHING_KNOWN = Success(0.5, 0.5, 0.0, 1.0)


def share_of(known: float, usual: float = 0.05) -> float:
    source = success(known / 2, known / 2)
    return holdout_share(source.good, source.bad, usual)


def test_the_share_is_the_usual_one_from_a_few_known_turns_on() -> None:
    assert share_of(0) == share_of(KNOWN_TURNS - 1) == UNKNOWN_SHARE
    assert share_of(KNOWN_TURNS) == share_of(300) == 0.05


def test_a_larger_usual_share_stays_and_none_stays_none() -> None:
    assert share_of(0, usual=0.6) == 0.6
    assert share_of(0, usual=0.0) == 0.0


def propensities(rewrite: Entry) -> set[tuple[DecisionArm, float]]:
    decider = Decider(index_of(rewrite), ranker(), lambda _: {}, 0.05)
    asked = [
        RewriteRequest(text="play maj and dragons", user_id=rewrite.user or "bob", turn_id=f"t{n}") for n in range(60)
    ]
    return {(one.arm, round(one.propensity, 3)) for one in map(decider.decide, asked)}


def test_both_arms_of_a_rewrite_with_an_unknown_source_say_how_probable_they_were() -> None:
    unknown = structs.replace(entry("play maj and dragons", "play imagine dragons"), source_success=NOTHING_KNOWN)
    assert propensities(unknown) == {
        (DecisionArm.SERVED, 1 - UNKNOWN_SHARE),
        (DecisionArm.HOLDOUT, UNKNOWN_SHARE),
    }


def test_what_is_one_persons_own_is_held_back_no_more_than_ever() -> None:
    own = entry("play maj and dragons", "play imagine dragons", user="ann")
    assert (DecisionArm.SERVED, 0.95) in propensities(structs.replace(own, source_success=NOTHING_KNOWN))


def test_of_a_source_without_a_turn_nothing_is_taken_for_known() -> None:
    assert native_bound(success(0, 0)) == 0.0
    assert native_bound(success(1, 0)) > 0.0


@pytest.mark.parametrize(("known", "least"), [(0, 0.9), (5, 0.9), (300, 0.95)])
def test_a_rewrite_that_never_works_is_mostly_blocked_within_a_minute(known: int, least: float) -> None:
    found = blocks(np.random.default_rng(3), (0.0, 0.85), known, runs=200, turns=120)
    assert np.mean([one is not None and one <= 60 for one in found]) > least

"""Which rewrites a chain supports, and which it must not."""

from collections import Counter

import pytest

from models.rewrite.markov import Row, solve
from processors.posterior import success
from processors.rewrite_chains import people_on_the_way
from processors.rewrite_choice import Refused, choose
from processors.source_moves import Kept, SourceState
from processors.state_counts import HALF_LIFE, StateCounts, counts_of
from schemas.contract import hashed
from schemas.rewrite import Rewrite
from schemas.transition import Outcome

MAJ, IMAGINE, MAGIC = "music|play|song:maj", "music|play|song:imagine", "music|play|song:magic"
WORDS = {MAJ: "play maj", IMAGINE: "Play Imagine", MAGIC: "play magic"}


def moves(
    state: str, outcome: Outcome, people: range, target: str | None = None, device: str | None = None
) -> list[Kept]:
    """One move of each person, on their own devices unless one is given."""
    return [
        Kept(f"{state}{outcome}{target}{n}", 1000, hashed(str(n)), device or f"d{n}", WORDS.get(state, state), outcome,
             target)
        for n in people
    ]  # fmt: skip


def world(*told: list[Kept]) -> dict[str, list[Kept]]:
    """Moves by the state they begin at; who succeeds everywhere is given by default."""
    by_state: dict[str, list[Kept]] = {}
    for some in told:
        state = next(name for name in (*WORDS, *_EXTRA) if some and some[0].id.startswith(name))
        by_state.setdefault(state, []).extend(some)
    return by_state


_EXTRA = ("shopping|order_item|item:milk", "||words:play it")


def rewrites(by_state: dict[str, list[Kept]], refused: Counter[Refused] | None = None) -> list[Rewrite]:
    component = {state: counts_of(state, told, 1000) for state, told in by_state.items()}
    rows = {
        state: Row(one.success, one.failure, {target: edge.weight for target, edge in one.again.items()})
        for state, one in component.items()
    }
    return choose(component, {state: one.success_at for state, one in solve(rows).items()}, None, refused)


WORKS = moves(IMAGINE, Outcome.SUCCESS, range(100, 200))
ASKED_AGAIN = moves(MAJ, Outcome.AGAIN, range(40), IMAGINE)


def test_what_people_rephrase_and_succeed_with_becomes_a_rewrite() -> None:
    (one,) = rewrites(world(ASKED_AGAIN, moves(MAJ, Outcome.FAILURE, range(40, 45)), WORKS))
    assert (one.source, one.target, one.target_text) == (MAJ, IMAGINE, "Play Imagine")
    assert (one.source_texts, one.users) == (("play maj",), 40)
    assert one.source_success.high < 0.1 < 0.9 < one.target_success.low
    assert [(way.states, way.people) for way in one.chains] == [((MAJ, IMAGINE), 40)]
    assert one.score > 0.8 > one.leave_alone
    assert one.key == f"global/{MAJ}"


@pytest.mark.parametrize(
    ("by_state", "why"),
    [
        (world(moves(MAJ, Outcome.AGAIN, range(9), IMAGINE), WORKS), Refused.TOO_FEW_PEOPLE),
        (world(moves(MAJ, Outcome.AGAIN, range(4), IMAGINE), WORKS), Refused.TOO_LITTLE_SUPPORT),
        (world(ASKED_AGAIN, moves(MAJ, Outcome.SUCCESS, range(40, 400)), WORKS), Refused.WORKS_AS_IT_IS),
        (world(ASKED_AGAIN, moves(IMAGINE, Outcome.SUCCESS, range(9)), moves(IMAGINE, Outcome.FAILURE, range(90))),
         Refused.NOT_BETTER_FOR_SURE),
        (world(moves(MAJ, Outcome.AGAIN, range(40), MAGIC), moves(MAJ, Outcome.AGAIN, range(40, 80), IMAGINE), WORKS,
               moves(MAGIC, Outcome.SUCCESS, range(100))), Refused.PEOPLE_DISAGREE),
        (world(ASKED_AGAIN, WORKS, moves(IMAGINE, Outcome.AGAIN, range(39), MAJ)), Refused.COMES_BACK),
        (world(moves("shopping|order_item|item:milk", Outcome.AGAIN, range(40), IMAGINE), WORKS), Refused.DENIED),
        (world(moves("||words:play it", Outcome.AGAIN, range(40), "shopping|order_item|item:milk"),
               moves("shopping|order_item|item:milk", Outcome.SUCCESS, range(90))), Refused.DENIED),
    ],
    ids=lambda one: one.value if isinstance(one, Refused) else "",
)  # fmt: skip
def test_what_is_not_certain_or_not_allowed_is_refused(by_state: dict[str, list[Kept]], why: Refused) -> None:
    refused: Counter[Refused] = Counter()
    assert rewrites(by_state, refused) == []
    assert refused[why] >= 1


def test_ten_accounts_on_one_device_and_one_loud_person_teach_nothing() -> None:
    on_one_device = moves(MAJ, Outcome.AGAIN, range(50), IMAGINE, device="d")
    loud = [Kept(f"{MAJ}{n}", n, hashed("loud"), f"d{n}", "play maj", Outcome.AGAIN, IMAGINE) for n in range(200)]
    assert rewrites(world(on_one_device, WORKS)) == []
    assert rewrites({MAJ: SourceState(MAJ, loud).moves, IMAGINE: WORKS}) == []


def test_a_rewrite_leads_to_where_people_end_and_never_to_what_is_rewritten() -> None:
    found = rewrites(
        world(
            moves(MAJ, Outcome.AGAIN, range(60), MAGIC),
            moves(MAGIC, Outcome.AGAIN, range(60), IMAGINE),
            moves(MAGIC, Outcome.FAILURE, range(60, 63)),
            WORKS,
        )
    )
    assert {(one.source, one.target) for one in found} == {(MAJ, IMAGINE), (MAGIC, IMAGINE)}
    assert {one.target for one in found}.isdisjoint(one.source for one in found)


def test_words_of_few_people_are_not_told() -> None:
    own = [
        Kept(f"{IMAGINE}{n}", 1000, hashed(str(n)), f"d{n}", f"{n} play imagine", Outcome.SUCCESS) for n in range(90)
    ]
    refused: Counter[Refused] = Counter()
    assert rewrites({MAJ: ASKED_AGAIN, IMAGINE: own}, refused) == []
    assert refused[Refused.NO_WORDING] == 1
    rare = [Kept(f"{MAJ}x", 1000, hashed("x"), "dx", "play maj for my aunt", Outcome.FAILURE)]
    (one,) = rewrites({MAJ: ASKED_AGAIN + rare, IMAGINE: WORKS})
    assert one.source_texts == ("play maj",)


def test_the_thinnest_step_of_the_widest_way_says_how_many_people_went_it() -> None:
    component = {
        state: counts_of(state, told, 1000)
        for state, told in world(
            moves(MAJ, Outcome.AGAIN, range(3), IMAGINE),
            moves(MAJ, Outcome.AGAIN, range(20), MAGIC),
            moves(MAGIC, Outcome.AGAIN, range(12), IMAGINE),
            WORKS,
        ).items()
    }
    assert people_on_the_way(MAJ, IMAGINE, component) == 12
    assert people_on_the_way(IMAGINE, MAJ, component) == 0


def test_a_move_counts_half_after_its_half_life_and_a_device_no_more_than_a_person() -> None:
    now = int(HALF_LIFE.total_seconds() * 1000)
    counts = counts_of(MAJ, [Kept("a", 0, "u", "d", "w", Outcome.SUCCESS)], now)
    assert counts.success == pytest.approx(0.5)
    shared = counts_of(MAJ, moves(MAJ, Outcome.FAILURE, range(30), device="d"), 1000)
    assert shared.failure == pytest.approx(3.0)
    assert StateCounts(MAJ).weight == 0.0


def test_bounds_of_a_success_rate_close_in_as_it_is_seen_more_often() -> None:
    few, many = success(9, 1), success(900, 100)
    assert few.low < many.low < 0.9 < many.high < few.high
    assert success(0, 0).low < 0.01

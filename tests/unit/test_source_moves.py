"""What is kept of moves knows no order and no twice."""

import random
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processors import source_moves
from processors.source_moves import KEPT_OF_A_USER, MOST_AGE_MS, Kept, SourceState
from schemas.contract import hashed
from schemas.transition import SOURCE_MOVES, TRANSITION, KeptMove, Outcome, Transition

moves = st.builds(
    lambda user, number, revision: Kept(
        f"{user}-{number}",
        number * 1000,
        f"{user:04}",
        f"d{user % 3}",
        "words",
        (Outcome.FAILURE, Outcome.ASKED)[revision % 2],
        revision=revision,
    ),
    st.integers(0, 8),
    st.integers(0, 6),
    st.integers(0, 3),
)


@settings(deadline=None)
@given(st.lists(moves, max_size=60), st.randoms(use_true_random=False))
def test_the_order_and_repetition_of_deliveries_change_nothing(told: list[Kept], dice: random.Random) -> None:
    again = told + dice.choices(told, k=len(told)) if told else []
    dice.shuffle(again)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(source_moves, "MOST_USERS", 4)
        assert SourceState("a", again).moves == SourceState("a", told).moves


def test_a_revision_replaces_and_an_older_one_does_not() -> None:
    state = SourceState("a", [kept("t", revision=2, outcome=Outcome.SUCCESS)])
    assert not state.add(kept("t", revision=1))
    assert state.add(kept("t", revision=3))
    assert [(one.outcome, one.revision) for one in state.moves] == [(Outcome.FAILURE, 3)]


def test_of_one_person_the_last_few_times_are_kept() -> None:
    state = SourceState("a", [kept(f"t{number}", at_ms=number) for number in range(50)])
    assert [one.at_ms for one in state.moves] == list(range(50 - KEPT_OF_A_USER, 50))


def test_of_very_many_people_the_same_sample_is_kept() -> None:
    people = [kept(f"t{number}", user=hashed(str(number))) for number in range(2_000)]
    state = SourceState("a", people)
    assert len(state.moves) == source_moves.MOST_USERS
    assert state.moves == SourceState("a", people[::-1]).moves


def test_what_is_very_old_is_let_go() -> None:
    state = SourceState("a", [kept("old", user="x"), kept("new", user="y", at_ms=MOST_AGE_MS + 1)])
    assert [one.id for one in state.moves] == ["new"]
    assert not state.add(kept("old", user="x"))


def test_the_record_is_what_the_contract_says_and_comes_back() -> None:
    state = SourceState("music|play|", [kept("t1"), kept("t2", outcome=Outcome.SUCCESS)])
    told = SOURCE_MOVES.validate_json(state.to_bytes())
    assert (told.source, [one.id for one in told.moves]) == ("music|play|", ["t1", "t2"])
    again = SourceState.of_bytes(state.to_bytes())
    assert again is not None
    assert (again.moves, again.newest_ms) == (state.moves, state.newest_ms)


def test_a_kept_move_is_field_by_field_the_one_of_the_contract() -> None:
    assert Kept.__struct_fields__ == tuple(KeptMove.model_fields)


def test_no_pseudonym_is_kept() -> None:
    transition = Transition(
        event_id="e", occurred_at=datetime(2026, 1, 1, tzinfo=UTC), source="a", words="play", outcome=Outcome.SUCCESS,
        user_id="pseudonym-of-user", device_id="pseudonym-of-device", dialogue_id="d", turn_id="t", normaliser="1",
    )  # fmt: skip
    assert TRANSITION.validate_json(transition.to_bytes()) == transition
    assert b"pseudonym" not in SourceState("a", [Kept.of(transition)]).to_bytes()


def kept(name: str, *, user: str = "u", at_ms: int = 0, revision: int = 0, outcome: Outcome = Outcome.FAILURE) -> Kept:
    return Kept(name, at_ms, user, "d", "play it", outcome, revision=revision)

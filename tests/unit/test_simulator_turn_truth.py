"""What truth says of a turn: what it comes back to, what it corrects, what was repaired in it."""

import pytest

from streams.simulator.pack import load_pack
from streams.simulator.simulate import simulate
from streams.simulator.simulation import Simulation
from streams.simulator.truth import TurnTruth, parse_truth

PACK = load_pack("home_b")


@pytest.fixture(scope="module")
def truth() -> dict[str, TurnTruth]:
    lines: list[bytes] = []
    for _ in simulate(Simulation(pack="home_b", users=4_000, dialogues=1_500, seed=9), on_truth=lines.append):
        pass
    return {one.turn_id: one for one in map(parse_truth, lines) if isinstance(one, TurnTruth)}


def test_a_repeat_has_the_same_words_and_a_rephrase_has_others(truth: dict[str, TurnTruth]) -> None:
    kinds = set()
    for turn in truth.values():
        if turn.retry is None:
            continue
        kinds.add(turn.retry.kind)
        earlier = truth[turn.retry.turn_id]
        assert earlier.dialogue_id == turn.dialogue_id
        assert earlier.number < turn.number
        if turn.retry.kind != "refinement":
            assert turn.said is not None
            assert earlier.said is not None
            assert (turn.said.lower() == earlier.said.lower()) == (turn.retry.kind == "repeat")
    assert kinds == {"repeat", "rephrase", "refinement"}


def test_a_refinement_follows_an_answer_that_passed(truth: dict[str, TurnTruth]) -> None:
    refined = [turn for turn in truth.values() if turn.retry is not None and turn.retry.kind == "refinement"]
    assert {turn.retry.style for turn in refined if turn.retry} == {"answer", "addition", "change"}
    assert all(truth[turn.retry.turn_id].satisfied for turn in refined if turn.retry)


def test_a_corrected_value_is_said_and_another_than_the_assistant_had(truth: dict[str, TurnTruth]) -> None:
    found = 0
    for turn in truth.values():
        for one in turn.corrections:
            if one.slot == "intent":
                continue
            found += 1
            assert turn.said is not None
            assert one.value in turn.said
            assert truth[one.turn_id].number < turn.number
            if one.of == "self":
                assert one.instead_of not in (None, one.value)
    assert found > 80
    assert {one.of for turn in truth.values() for one in turn.corrections} == {"assistant", "self"}


def test_corrections_mostly_begin_like_one(truth: dict[str, TurnTruth]) -> None:
    openings = PACK.written.phrases.customer.before_correction
    barged = [turn for turn in truth.values() if turn.barge_in is not None and turn.barge_in.kind == "correction"]
    assert len(barged) > 20
    assert sum((turn.said or "").startswith(openings) for turn in barged) / len(barged) > 0.4


def test_a_repaired_slip_is_in_the_words_in_its_order(truth: dict[str, TurnTruth]) -> None:
    slips = [turn for turn in truth.values() if turn.self_repair is not None]
    assert len(slips) > 20
    for turn in slips:
        one = turn.self_repair
        assert one is not None
        assert f"{one.said_first} {one.cue} {one.value}" in (turn.said or "")
        assert turn.meaning is not None
        assert (one.slot, one.value) in {(slot.slot, slot.value) for slot in turn.meaning.slots}

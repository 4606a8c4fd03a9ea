"""How far a device's two clocks are apart, learned from its turns."""

from random import Random

import pytest

from processors.clock_skew import ClockSkews, SkewLimits
from schemas.clock_skew import CLOCK_SKEW
from tests.unit.exchanges import exchange

TURN_S = 20.0


def latency(chance: Random) -> float:
    return chance.lognormvariate(-0.22, 0.35)


def talked(offsets_s, turns=120, seed=1, skews=None, begin=0):
    """The skews after so many turns of each device, whose answers are stamped by a clock that is off by so much."""
    skews = skews if skews is not None else ClockSkews()
    chance = Random(seed)
    for turn in range(begin, begin + turns):
        for device, offset_s in offsets_s.items():
            spoke_s = turn * TURN_S
            skews.see(device, spoke_s, spoke_s + latency(chance) + offset_s)
    return skews


def fleet(skewed_s=0.0):
    return {f"right {number}": 0.0 for number in range(20)} | {"skewed": skewed_s}


@pytest.mark.parametrize("offset_s", [-0.8, 0.5])
def test_an_offset_is_learned_from_when_answers_begin(offset_s):
    skews = talked(fleet(offset_s))
    assert skews.correction_s("skewed") == pytest.approx(offset_s, abs=0.12)
    assert abs(skews.correction_s("right 0")) < 0.15


def test_a_fleet_with_right_clocks_is_left_alone():
    skews = talked(fleet())
    assert max(abs(skews.correction_s(device)) for device in fleet()) < 0.03


def test_a_device_that_is_hardly_known_is_not_corrected():
    skews = talked(fleet())
    for turn in range(SkewLimits().least - 1):
        assert skews.see("new", turn * TURN_S, turn * TURN_S + 2.0) == 0.0
    assert skews.see("stranger", 0.0, 3.0) == 0.0


def test_few_devices_have_nothing_to_be_compared_with():
    skews = talked({"one": 0.4, "other": 0.0})
    assert skews.correction_s("one") == 0.0


def test_the_same_turns_give_the_same_corrections():
    assert talked(fleet(0.5)).take_changed() == talked(fleet(0.5)).take_changed()


def test_turns_that_are_read_again_are_not_learned_again():
    skews = talked(fleet(0.5))
    before = skews.correction_s("skewed")
    talked(fleet(0.5), turns=50, skews=skews)
    assert skews.correction_s("skewed") == before


def test_what_was_told_is_enough_to_go_on_after_a_restart():
    skews = talked(fleet(0.5))
    again = ClockSkews()
    again.load(CLOCK_SKEW.validate_json(state.to_bytes()) for state in skews.take_changed())
    assert again.correction_s("skewed") == pytest.approx(skews.correction_s("skewed"), abs=1e-3)
    assert again.take_changed() == []
    for one in (skews, again):
        talked(fleet(0.5), turns=30, seed=2, skews=one, begin=120)
    assert again.correction_s("skewed") == pytest.approx(skews.correction_s("skewed"), abs=1e-2)


def test_a_state_is_told_when_its_offset_has_moved_and_once():
    skews = talked(fleet(0.5))
    told = {state.device_id: state for state in skews.take_changed()}
    assert told["skewed"].samples == 120
    assert told["skewed"].offset_ms == pytest.approx(1000 * skews.correction_s("skewed"), abs=0.01)
    assert skews.take_changed() == []


def test_the_last_word_on_a_device_replaces_the_ones_before():
    skews = talked(fleet(0.5), turns=20)
    first = {state.device_id: state for state in skews.take_changed()}["skewed"]
    talked(fleet(0.9), turns=200, skews=skews, begin=20)
    last = {state.device_id: state for state in skews.take_changed()}["skewed"]
    assert last.event_id == first.event_id
    assert last.occurred_at > first.occurred_at
    again = ClockSkews()
    again.load([first, last])
    assert len(again) == 1


def test_what_cannot_be_a_reaction_is_not_learned_from():
    skews = talked(fleet(0.5))
    before = skews.correction_s("skewed")
    assert skews.see("skewed", 1e6, 1e6 + 3600.0) == before


def test_a_turns_answer_is_moved_to_the_clock_of_its_speech_and_its_end_stays_as_stamped():
    skews = talked(fleet() | {"device": 0.5})
    turn = exchange("play jazz", (5000, 5001), (5002.5, 5004.5))
    stamped = turn.end
    skews.correct(turn)
    assert turn.speech is not None
    assert turn.response is not None
    assert turn.response[0] - turn.speech[1] == pytest.approx(1.5 - skews.correction_s("device"), abs=1e-6)
    assert turn.response[1] - turn.response[0] == pytest.approx(2.0)
    assert turn.end == stamped


def test_a_turn_without_times_teaches_nothing():
    skews = ClockSkews()
    skews.correct(exchange("play jazz", (5, 6)))
    assert len(skews) == 0


def test_devices_not_heard_of_for_longest_are_forgotten_first():
    skews = ClockSkews(SkewLimits(devices=3))
    for at, device in enumerate(("a", "b", "c", "a", "d")):
        skews.see(device, 100.0 + at, 101.0 + at)
    assert len(skews) == 3
    assert list(skews._devices) == ["c", "a", "d"]

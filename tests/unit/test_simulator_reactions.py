"""What the simulated persons do about an answer."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.feedback import BargeInKind
from schemas.turn import Answer, StoppedBy
from streams.simulator.people import Person, Rewording
from streams.simulator.profile import load_profile
from streams.simulator.reactions import Reaction, Situation, Step, react
from tests.unit.simulated_assistant import plausible

A = load_profile("A")
situations = st.builds(
    Situation,
    right=st.booleans(),
    answer_ms=st.integers(0, 20_000),
    asked=st.booleans(),
    tries=st.integers(0, 4),
    plays=st.booleans(),
    more=st.booleans(),
    misses_habit=st.booleans(),
    spoken=st.booleans(),
    may_ask=st.booleans(),
)


def person(profile: str = "A", number: int = 1, **traits: float) -> Person:
    made = Person.sample(Random(number), number, load_profile(profile))
    made.learning = 0.0
    for name, value in traits.items():
        setattr(made, name, value)
    return made


def reactions(who: Person, situation: Situation, times: int = 4_000) -> list[Reaction]:
    rng = Random(9)
    return [react(who, situation, rng) for _ in range(times)]


def kinds(found: list[Reaction]) -> list[BargeInKind | None]:
    return [one.barge_in.kind if one.barge_in is not None else None for one in found]


@given(st.integers(0, 10**6), situations, st.sampled_from("AB"))
def test_a_reaction_is_possible_and_the_same_again(seed: int, situation: Situation, profile: str) -> None:
    one, other = (
        react(Person.sample(Random(seed), seed, load_profile(profile)), situation, Random(seed)) for _ in range(2)
    )
    assert one == other
    barge_in = one.barge_in
    if barge_in is not None:
        assert situation.spoken
        assert 0 < barge_in.offset_ms < situation.answer_ms
        assert barge_in.stop_latency_ms > 0
        assert (barge_in.kind is BargeInKind.CORRECTION) <= (one.step is Step.AGAIN)
        assert (barge_in.kind is BargeInKind.CONTINUATION) <= (one.step is Step.GO_ON)
    assert one.pause_ms > 0
    assert (one.stopped_after_ms is None) == (one.stopped_by is None)
    assert situation.plays or one.stopped_after_ms is None
    assert (one.step is Step.GO_ON) == one.satisfied
    assert one.answer is None or one.was_asked
    assert situation.may_ask or not one.was_asked
    assert not one.states_preference or (situation.misses_habit and not one.satisfied)


def test_asides_into_right_answers_come_as_often_as_the_person_makes_them() -> None:
    who = person(backchannel=0.1, other_directed=0.06, needless_stop=0.04, early_answer=0.0, grumbling=0.0)
    found = kinds(reactions(who, Situation(True, 30_000)))
    assert plausible(found.count(BargeInKind.BACKCHANNEL), len(found), 0.1)
    assert plausible(found.count(BargeInKind.OTHER_DIRECTED), len(found), 0.06)
    assert plausible(found.count(BargeInKind.STOP), len(found), 0.04)


def test_questions_are_answered_early_as_often_as_the_person_does() -> None:
    who = person(early_answer=0.3, grumbling=0.0)
    found = kinds(reactions(who, Situation(True, 4_000, asked=True)))
    assert plausible(found.count(BargeInKind.CONTINUATION), len(found), 0.3)
    assert BargeInKind.STOP not in found


def test_who_has_no_more_to_say_does_not_speak_on_into_a_statement() -> None:
    who = person(early_answer=0.9, grumbling=0.0)
    assert BargeInKind.CONTINUATION in kinds(reactions(who, Situation(True, 4_000)))
    assert BargeInKind.CONTINUATION not in kinds(reactions(who, Situation(True, 4_000, more=False)))


def test_wrong_answers_are_interrupted_the_more_the_longer_they_are_and_only_after_they_were_noticed() -> None:
    who = person(interrupting=1.0, unnoticed=0.0)
    shares = []
    for answer_ms in (1_000, 4_000, 12_000):
        found = reactions(who, Situation(False, answer_ms))
        shares.append(sum(kind is not None for kind in kinds(found)) / len(found))
        assert all(one.barge_in.offset_ms >= 0.2 * answer_ms for one in found if one.barge_in is not None)
    assert shares == sorted(shares)
    assert shares[-1] > shares[0] + 0.2


def test_the_impatient_and_the_distrustful_give_up_sooner_and_everybody_does_in_the_end() -> None:
    def gives_up(who: Person, tries: int) -> float:
        found = reactions(who, Situation(False, 2_000, tries=tries))
        return sum(one.step is Step.GIVE_UP for one in found) / len(found)

    patient, hasty = person(patience=4.0, unnoticed=0.0), person(patience=1.2, unnoticed=0.0)
    assert gives_up(hasty, 0) > gives_up(patient, 0) + 0.1
    assert gives_up(person(patience=3.0, trust=0.1), 0) > gives_up(person(patience=3.0, trust=0.9), 0) + 0.05
    assert gives_up(patient, 0) < gives_up(patient, 2)
    assert gives_up(patient, 12) == 1.0


def test_ways_of_saying_it_again_are_the_person_s_and_verbatim_gets_rare() -> None:
    who = person(patience=1_000.0, unnoticed=0.0)
    shares = [below - above for below, above in zip(who.rewordings, (0.0, *who.rewordings), strict=False)]
    first = [one.rewording for one in reactions(who, Situation(False, 0)) if one.step is Step.AGAIN]
    for way, share in zip(Rewording, shares, strict=True):
        assert plausible(first.count(way), len(first), share)
    later = [one.rewording for one in reactions(who, Situation(False, 0, tries=2)) if one.step is Step.AGAIN]
    assert later.count(Rewording.VERBATIM) / len(later) < first.count(Rewording.VERBATIM) / len(first) / 2


@pytest.mark.parametrize(("right", "answer"), [(True, Answer.YES), (False, Answer.NO)])
def test_who_is_asked_answers_with_the_propensity_and_mostly_truly(right: bool, answer: Answer) -> None:
    who = person(asked=0.5, answering=0.6, untrue=0.05, grumbling=0.0, unnoticed=0.0)
    found = reactions(who, Situation(right, 0))
    asked = [one for one in found if one.was_asked]
    assert plausible(len(asked), len(found), 0.5)
    assert {one.propensity for one in asked} == {0.5}
    answered = [one for one in asked if one.answer is not None]
    assert plausible(len(answered), len(asked), 0.6)
    clear = [one for one in answered if one.answer is not Answer.UNCLEAR]
    assert plausible(sum(one.answer is answer for one in clear), len(clear), 0.95)
    assert {one.rating for one in clear if one.answer is answer} <= ({4, 5, None} if right else {1, 2, None})


def test_wrong_media_are_stopped_soon_and_right_ones_seldom() -> None:
    who = person(grumbling=0.0, unnoticed=0.0, interrupting=1e-6, button=0.5)
    wrong = [one.stopped_after_ms for one in reactions(who, Situation(False, 2_000, plays=True))]
    right = [one.stopped_after_ms for one in reactions(who, Situation(True, 2_000, plays=True))]
    assert sum(after is not None for after in wrong) > 1.5 * sum(after is not None for after in right)
    assert sorted(after for after in wrong if after)[sum(map(bool, wrong)) // 2] < 10_000
    assert sorted(after for after in right if after)[sum(map(bool, right)) // 2] > 40_000
    by = [one.stopped_by for one in reactions(who, Situation(False, 2_000, plays=True)) if one.stopped_by]
    assert plausible(by.count(StoppedBy.BUTTON), len(by), 0.5)


def test_a_missed_habit_is_stated_as_often_as_the_person_does() -> None:
    found = reactions(person(stating=0.4, unnoticed=0.0), Situation(False, 0, misses_habit=True))
    assert plausible(sum(one.states_preference for one in found), len(found), 0.4)


def test_answers_move_trust() -> None:
    who = person(grumbling=0.0, unnoticed=0.0, learning=0.2)
    before = who.trust
    react(who, Situation(False, 0), Random(1))
    assert who.trust < before

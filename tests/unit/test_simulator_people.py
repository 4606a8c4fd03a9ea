"""The persons of the simulator."""

from random import Random
from statistics import fmean, median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.simulator.people import REWORDINGS, Person
from streams.simulator.profile import load_profile
from tests.unit.simulated_assistant import plausible

A = load_profile("A")
CANDIDATES = (("town:portland, maine", 0.7), ("town:portland, oregon", 0.2), ("town:portland, texas", 0.1))


def people(times: int, profile: str = "A") -> list[Person]:
    return [Person.sample(Random(number), number, load_profile(profile)) for number in range(times)]


def test_the_same_generator_gives_the_same_person() -> None:
    one, other = (Person.sample(Random(5), 3, A) for _ in range(2))
    assert [one.tempo.pause_ms(Random(1)), one.patience, one.rewordings] == [
        other.tempo.pause_ms(Random(1)),
        other.patience,
        other.rewordings,
    ]


def test_traits_scatter_around_the_profile_s() -> None:
    crowd = people(1_500)
    assert median(person.patience for person in crowd) == pytest.approx(A.people.patience.median, rel=0.08)
    assert median(person.clarity for person in crowd) == pytest.approx(A.people.clarity.median, rel=0.08)
    assert median(person.early_answer for person in crowd) == pytest.approx(A.people.early_answer, rel=0.08)
    assert len({person.backchannel for person in crowd}) > 200


@given(st.integers(0, 10**6), st.sampled_from("AB"))
def test_probabilities_are_probabilities(seed: int, profile: str) -> None:
    person = Person.sample(Random(seed), seed, load_profile(profile))
    told = (person.early_answer, person.backchannel, person.other_directed, person.needless_stop, person.unnoticed)
    told += (person.grumbling, person.correction, person.answering, person.untrue, person.stating, person.trust)
    assert all(0 <= probability <= 1 for probability in told)
    assert len(person.rewordings) == len(REWORDINGS)
    assert list(person.rewordings) == sorted(person.rewordings)
    assert person.rewordings[-1] == 1.0


def test_trust_goes_up_with_success_and_down_with_failure_and_stays_in_bounds() -> None:
    person = people(1)[0]
    before = person.trust
    person.remember(True)
    assert before < person.trust
    for _ in range(100):
        person.remember(False)
    assert 0 <= person.trust < 0.01


def test_some_people_mean_something_else_by_a_name_and_always_the_same() -> None:
    crowd = people(4_000)
    meant = [person.meant("town", "portland", CANDIDATES) for person in crowd]
    assert meant == [person.meant("town", "portland", CANDIDATES) for person in crowd]
    others = [entity for entity in meant if entity != CANDIDATES[0][0]]
    assert plausible(len(others), len(meant), A.people.habits)
    assert {*others} == {entity for entity, _ in CANDIDATES[1:]}
    assert fmean(person.meant("town", "bath", CANDIDATES[:2]) in others for person in crowd) < 0.2


def test_a_name_that_one_thing_bears_means_that_and_an_unknown_one_nothing() -> None:
    person = people(1)[0]
    assert person.meant("town", "bath", CANDIDATES[:1]) == CANDIDATES[0][0]
    assert person.meant("town", "bath", ()) is None

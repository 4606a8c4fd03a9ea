"""How surely a person's own lessons hold: counted from what the same people did the next time."""

from schemas.dialogue import Dialogue
from streams.training.rewrite_own import own_success
from tests.unit.test_personal_rewrites import rephrased, told
from tests.unit.test_transition import turn


def fails(number: int, user: str) -> Dialogue:
    return told(*rephrased(100 * number), name=f"{number}", closed=True, user=user)


def works(number: int, user: str) -> Dialogue:
    return told(turn("maj", at_s=100 * number), name=f"{number}", closed=True, user=user)


def test_lessons_that_are_borne_out_again_and_again_are_surer_than_those_that_are_not() -> None:
    steady = [fails(number, f"steady {user}") for user in range(10) for number in range(3)]
    fickle = [one for user in range(10) for one in (fails(0, f"fickle {user}"), works(1, f"fickle {user}"))]
    found = own_success([steady, fickle])
    assert found["1/0"] < 0.5 < found["2/0"]


def test_a_request_that_failed_and_led_nowhere_says_nothing() -> None:
    silent = told(turn("maj", "barge-in:stop", at_s=100), name="1", closed=True)
    assert own_success([[fails(0, "ann"), silent]]) == {}


def test_who_taught_nothing_is_not_counted() -> None:
    assert own_success([[works(0, "ann"), works(1, "ann")]]) == {}

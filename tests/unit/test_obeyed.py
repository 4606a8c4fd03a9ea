"""Whether answers did as was taught: what a turn shows, what it does not, and the same whatever comes twice or late."""

from datetime import datetime, timedelta

import pytest

from processors.dialogue import DialogueProcessor
from processors.lessons import Belonging, Lessons
from processors.obeyed import KnownPreferences
from processors.result import Emit
from processors.teachable import Heard
from schemas.preference import Preference
from schemas.preference_outcome import PREFERENCE_OUTCOME, PreferenceOutcome
from schemas.turn import Nlu, Response, ResponseStatus, Slot, Turn
from tests.taught_to_order import preference
from tests.unit.teaching_to_order import MONDAY, Finder, turn

TAUGHT = MONDAY - timedelta(days=1)
SERVICE = {
    "attribute": "weather-service",
    "value": "the Met",
    "canonical_value": "service:met",
    "occurred_at": TAUGHT,
    "valid_from": TAUGHT,
}
STUDY = Heard("own-name", "study mode", 0.95, stands_for="the lamp", canonical_stands_for="device:lamp")


def asked(
    at: float = 0,
    text: str = "how is the weather",
    *slots: Slot,
    result: str | None = None,
    status: ResponseStatus = ResponseStatus.ANSWERED,
    user: str = "u-1",
    dialogue: str = "d",
) -> Turn:
    return turn(at, text, dialogue, user).model_copy(
        update={
            "nlu": Nlu(domain="weather", intent="forecast", slots=slots),
            "response": Response(text="here", status=status, entity=result),
        }
    )


def service(entity: str, value: str = "some service") -> Slot:
    return Slot(type="weather_service", value=value, entity=entity)


def taught(*records: Preference) -> KnownPreferences:
    known = KnownPreferences()
    for one in records:
        known.take(one.key, one.to_bytes())
    return known


def outcomes(
    known: KnownPreferences,
    *turns: Turn,
    finder: Finder | None = None,
    batch: int = 1_000,
    belonging: Belonging | None = None,
) -> list[PreferenceOutcome]:
    lessons = Lessons(finder or Finder({}), belonging=belonging)
    processor = DialogueProcessor(lessons=lessons, preferences=known)
    received = [(at, int(one.occurred_at.timestamp() * 1000), one) for at, one in enumerate(turns)]
    told = [one for at in range(0, len(received), batch) for one in processor.process(received[at : at + batch])]
    return [
        PREFERENCE_OUTCOME.validate_json(one.value or b"")
        for one in told
        if isinstance(one, Emit) and one.topic_suffix == PreferenceOutcome.topic_suffix
    ]


def obeyed(known: KnownPreferences, *turns: Turn) -> list[bool]:
    return [one.obeyed for one in outcomes(known, *turns)]


@pytest.mark.parametrize(("given", "did"), [("service:met", True), ("service:other", False)])
def test_a_slot_that_was_left_open_shows_what_the_answer_went_by(given: str, did: bool) -> None:
    (one,) = outcomes(taught(preference(1, **SERVICE)), asked(0, "how is the weather", service(given)))
    assert (one.obeyed, one.preference_id, one.turn_id, one.attribute) == (did, "taste-1", "t-d-0", "weather-service")
    assert "Met" not in one.to_bytes().decode()


@pytest.mark.parametrize(("given", "did"), [("service:met", True), ("service:other", False)])
def test_a_result_of_the_same_kind_shows_it_too(given: str, did: bool) -> None:
    assert obeyed(taught(preference(1, **SERVICE)), asked(result=given)) == [did]


MADE_BY = {"report:rain": frozenset({"service:met"}), "report:sun": frozenset({"service:other", "place:paris"})}


@pytest.mark.parametrize(("result", "did"), [("report:rain", [True]), ("report:sun", [False]), ("report:new", [])])
def test_a_result_shows_what_the_catalogue_says_it_is(result: str, did: list[bool]) -> None:
    told = outcomes(taught(preference(1, **SERVICE)), asked(result=result), belonging=MADE_BY)
    assert [one.obeyed for one in told] == did


def test_a_result_shows_nothing_to_who_named_the_value_before() -> None:
    named = asked(0, "ask other", service("service:other", "other"))
    known = taught(preference(1, **SERVICE))
    assert outcomes(known, named, asked(9, "in Paris", result="report:sun"), belonging=MADE_BY) == []


def test_a_result_that_was_named_or_was_there_before_shows_nothing() -> None:
    known = taught(preference(1, **SERVICE))
    report = Slot(type="report", value="the sun one", entity="report:sun")
    assert outcomes(known, asked(0, "the sun one", report, result="report:sun"), belonging=MADE_BY) == []
    twice = asked(0, result="report:rain"), asked(9, "read it again", result="report:rain")
    assert [one.turn_id for one in outcomes(known, *twice, belonging=MADE_BY)] == ["t-d-0"]


@pytest.mark.parametrize("given", ["service:met", "service:other"])
@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_who_is_asked_back_and_says_what_was_taught_was_ignored(given: str, order: tuple[int, int]) -> None:
    turns = asked(0, status=ResponseStatus.ASKED), asked(9, "the " + given, service(given, given))
    told = outcomes(taught(preference(1, **SERVICE)), *(turns[at] for at in order))
    assert [(one.turn_id, one.obeyed) for one in told] == [("t-d-0", False)] * (given == "service:met")


def test_what_the_preference_is_not_about_shows_nothing() -> None:
    known = taught(preference(1, **SERVICE))
    other = Slot(type="city", value="paris", entity="city:paris")
    assert obeyed(known, asked(0), asked(5, "weather", other), asked(9, result="song:rain")) == []


def test_who_names_a_value_goes_by_no_preference() -> None:
    named = asked(0, "ask the Other one for the weather", service("service:other", "other"))
    assert obeyed(taught(preference(1, **SERVICE)), named) == []


def test_a_question_back_shows_nothing_of_a_taste() -> None:
    known = taught(preference(1, **SERVICE))
    assert obeyed(known, asked(0, "weather", service("service:x"), status=ResponseStatus.ASKED)) == []


def test_a_dislike_is_obeyed_by_anything_else() -> None:
    known = taught(preference(1, **SERVICE | {"polarity": "dislike"}))
    turns = asked(0, "weather", service("service:other")), asked(5, "weather", service("service:met"))
    assert obeyed(known, *turns) == [True, False]


def test_only_what_was_taught_before_and_holds_counts() -> None:
    later = {"occurred_at": MONDAY + timedelta(hours=1), "valid_from": MONDAY + timedelta(hours=1)}
    known = taught(
        preference(1, **SERVICE | {"valid_to": MONDAY - timedelta(minutes=1)}),
        preference(2, **SERVICE | later),
        preference(3, **SERVICE | {"status": "revoked"}),
        preference(4, user="u-2", **SERVICE),
    )
    assert obeyed(known, asked(0, "weather", service("service:met"))) == []


def test_the_later_word_counts() -> None:
    new = {"canonical_value": "service:new", "occurred_at": TAUGHT + timedelta(hours=1)}
    known = taught(preference(1, **SERVICE), preference(2, **SERVICE | new))
    (one,) = outcomes(known, asked(0, "weather", service("service:new")))
    assert (one.preference_id, one.obeyed) == ("taste-2", True)


def test_a_preference_of_somebody_else_goes_only_with_a_request_that_names_them() -> None:
    known = taught(preference(1, **SERVICE | {"scope": "person", "person": "daughter"}))
    turns = asked(0, "weather", service("service:met")), asked(5, "weather for my daughter", service("service:met"))
    assert [one.turn_id for one in outcomes(known, *turns)] == ["t-d-5"]


@pytest.mark.parametrize(
    ("status", "result", "did"),
    [
        (ResponseStatus.ANSWERED, "device:lamp", [True]),
        (ResponseStatus.ANSWERED, "device:fan", [False]),
        (ResponseStatus.ASKED, None, [False]),
        (ResponseStatus.ASKED, "device:lamp", [True]),  # and asked for something else
        (ResponseStatus.FAILED, None, []),
    ],
)
def test_an_own_name_is_obeyed_when_it_was_taken_for_its_thing(
    status: ResponseStatus, result: str | None, did: list[bool]
) -> None:
    name = Slot(type="device", value="study mode")
    turns = turn(0, "a"), asked(9, "turn on study mode", name, result=result, status=status, user="u")
    told = outcomes(KnownPreferences(), *turns, finder=Finder({"a": STUDY}))
    assert [one.obeyed for one in told] == did


def test_batches_and_what_comes_twice_change_nothing() -> None:
    turns = [
        turn(0, "a"),
        asked(9, "study mode", Slot(type="device", value="study mode"), result="device:lamp", user="u"),
    ]
    whole = outcomes(KnownPreferences(), *turns, *turns, finder=Finder({"a": STUDY}))
    assert whole == outcomes(KnownPreferences(), *turns, finder=Finder({"a": STUDY}), batch=1)
    assert len(whole) == 1


def test_a_statement_that_comes_late_counts_for_the_turns_after_it() -> None:
    turns = [
        asked(9, "study mode", Slot(type="device", value="study mode"), result="device:fan", user="u"),
        turn(0, "a"),
    ]
    assert [one.obeyed for one in outcomes(KnownPreferences(), *turns, finder=Finder({"a": STUDY}))] == [False]


def test_a_later_word_that_comes_late_retracts_what_no_longer_shows() -> None:
    name = Slot(type="device", value="study mode")
    dull = Heard("own-name", "study mode", 0.95, stands_for="the fan", canonical_stands_for="device:fan")
    turns = turn(0, "a"), asked(9, "study mode", name, result="device:fan", user="u"), turn(5, "b")
    told = outcomes(KnownPreferences(), *turns, finder=Finder({"a": STUDY, "b": dull}))
    assert [(one.obeyed, one.retracted) for one in told] == [(False, False), (False, True), (True, False)]
    assert told[0].event_id == told[1].event_id != told[2].event_id
    assert told[0].revision < told[1].revision


def test_what_was_forgotten_counts_for_nothing_even_when_it_is_heard_again() -> None:
    one = preference(1, **SERVICE)
    known = taught(one)
    known.take(one.key, None)
    known.hear(Emit(one.key, Preference.topic_suffix, one.to_bytes()))
    assert obeyed(known, asked(0, "weather", service("service:met"))) == []
    known.take(one.key, one.to_bytes())
    assert obeyed(known, asked(0, "weather", service("service:met"))) == [True]


def test_an_earlier_revision_that_is_told_again_changes_nothing() -> None:
    known = taught(preference(1, **SERVICE | {"status": "revoked", "revision": 3}), preference(1, **SERVICE))
    assert known.before("u-1", datetime.max.replace(tzinfo=MONDAY.tzinfo)) == []


def test_what_a_forgotten_person_taught_stays_forgotten_when_it_comes_late() -> None:
    known = taught(preference(1, **SERVICE))
    known.forget("u-1", MONDAY - timedelta(minutes=1))
    known.take("u-1/taste-2", preference(2, **SERVICE).to_bytes())
    assert (len(known), obeyed(known, asked(0, "weather", service("service:met")))) == (0, [])


def test_of_many_preferences_those_of_who_was_heard_of_last_are_known() -> None:
    known = KnownPreferences(most=2)
    for user in ("u-1", "u-2", "u-3"):
        one = preference(1, user=user, **SERVICE)
        known.take(one.key, one.to_bytes())
    assert len(known) == 2
    assert [bool(known.before(user, MONDAY)) for user in ("u-1", "u-2", "u-3")] == [False, True, True]

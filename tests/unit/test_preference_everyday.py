"""Everyday sentences: what the model that ships hears, and what it leaves alone."""

import pytest

from models.correction.encoder import WordEncoder
from models.preference.features import Turn
from models.preference.model import PreferenceModel
from models.preference.offer import offers_to_teach
from streams.evaluate.preference_everyday import evaluate_everyday, turns_of
from streams.evaluate.preference_everyday_sentences import NO_OFFERS, OFFERS, OTHER, TEACHING
from streams.training.preference_near_misses import NEAR_MISSES, OF_THE_DAY, OF_THINGS, REMARKS


@pytest.fixture(scope="module")
def model() -> PreferenceModel:
    return PreferenceModel.load(words=WordEncoder.load())


def test_the_suite_has_eighty_sentences_of_each_kind() -> None:
    assert len(set(TEACHING)) >= 80
    assert len(set(OTHER)) >= 80
    assert not set(TEACHING) & set(OTHER)


def test_no_sentence_is_one_that_was_learned() -> None:
    said = {turn.text for turn in turns_of((*TEACHING, *OTHER))}
    assert not said & {*REMARKS, *NEAR_MISSES, *OF_THE_DAY, *OF_THINGS}


def test_what_the_assistant_said_stands_before_a_bar() -> None:
    assert turns_of(["Okay. | I like jazz", "stop"]) == [Turn("I like jazz", "Okay."), Turn("stop")]


def test_most_statements_are_heard_and_hardly_anything_else(model: PreferenceModel) -> None:
    figures, _ = evaluate_everyday(model)
    assert figures["everyday_recall"].value >= 0.7
    assert figures["everyday_false_rate"].value <= 0.03


@pytest.mark.parametrize(
    ("text", "value", "stands_for"),
    [
        ("I'm a Warriors fan", "Warriors", None),
        ("I don't like horror", "horror", None),
        ("call my lamp study mode", "study mode", "lamp"),
        ("call my lamp 'study mode'", "study mode", "lamp"),
    ],
)
def test_the_plainest_statements_are_heard(
    model: PreferenceModel, text: str, value: str, stands_for: str | None
) -> None:
    (found,) = model.find([Turn(text)])
    assert found.states
    assert found.value is not None
    assert found.value.text == value
    assert (found.stands_for.text if found.stands_for is not None else None) == stands_for


@pytest.mark.parametrize("text", OFFERS)
def test_an_offer_to_teach_is_recognised(text: str) -> None:
    assert offers_to_teach(text)


@pytest.mark.parametrize("text", NO_OFFERS)
def test_what_sounds_like_an_offer_is_none(text: str) -> None:
    assert not offers_to_teach(text)

"""How alike two requests are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processors.similarity import characters_alike, content_shared, sound_of, sounds_alike, words_alike, words_of

MEASURES = [characters_alike, sounds_alike, words_alike, content_shared]

requests = st.text(max_size=60) | st.lists(
    st.sampled_from(["play", "the", "waterfront", "water", "font", "5", "café", "", "No,", "I'm"]), max_size=8
).map(" ".join)


@pytest.mark.parametrize("measure", MEASURES)
@given(one=requests, other=requests)
def test_similarity_is_symmetric_and_between_zero_and_one(measure, one, other):
    there, back = measure(words_of(one), words_of(other)), measure(words_of(other), words_of(one))
    assert there == pytest.approx(back)
    assert 0.0 <= there <= 1.0


@pytest.mark.parametrize("measure", MEASURES)
@given(request_=requests.filter(lambda text: words_of(text).count > 0))
def test_a_request_is_wholly_like_itself(measure, request_):
    words = words_of(request_)
    # Some scripts and lone punctuation have no sound; then there is nothing to compare.
    assert measure(words, words_of(request_)) == 1.0


def test_case_punctuation_apostrophes_and_fillers_make_no_difference():
    assert words_of("Um, I’m going to Children's Hospital, please!").text == "im going to childrens hospital"


def test_what_a_recogniser_confuses_sounds_alike():
    meant, heard, transit = words_of("call jon write"), words_of("call john right"), words_of("transit")
    assert sounds_alike(meant, heard) == 1.0
    assert sounds_alike(meant, transit) < 0.5


def test_words_without_a_metaphone_code_stand_for_themselves():
    assert sound_of("5") == "5"
    assert sound_of("音楽")


def test_content_words_are_those_that_carry_the_wish():
    assert words_of("I want to go to the airport").content == {"airport"}
    assert words_of("what is it").content == {"what", "is", "it"}

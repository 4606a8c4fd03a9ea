"""What is said in one breath with a request is found, and nothing else is cut."""

import pytest

from models.preference.attributes import Attribute
from models.preference.beside import tail_of
from models.preference.features import Turn
from models.preference.model import PreferenceModel


@pytest.mark.parametrize(
    ("text", "tail"),
    [
        ("find me some music and I love jazz", "I love jazz"),
        ("could you play a song and another one and I prefer punk", "I prefer punk"),
        ("I like rock and I love jazz", None),  # no request
        ("play rock and roll", None),
        ("finding it hard and I love jazz", None),
    ],
)
def test_a_tail_follows_a_request(text: str, tail: str | None) -> None:
    found = tail_of(text)
    assert (found and found.text) == tail
    assert found is None or text[found.start :] == tail


@pytest.fixture(scope="module")
def model() -> PreferenceModel:
    return PreferenceModel.load()


def test_a_statement_beside_a_request_is_understood_with_its_place_in_the_text(model: PreferenceModel) -> None:
    text = "could you search for me some music from The Crooked Pilgrims and listen I love listening to jazz"
    assert model.passes(text)
    (found,) = model.find([Turn(text)])
    assert (found.states, found.attribute) == (True, Attribute.MUSIC)
    assert found.value is not None
    assert text[found.value.start : found.value.end] == found.value.text == "jazz"


def test_what_may_not_be_kept_of_a_request_goes_for_what_is_beside_it(model: PreferenceModel) -> None:
    (found,) = model.find([Turn("order my insulin and listen I love listening to jazz")])
    assert found.sensitive is not None or not found.states

"""The gate weighs words; questions about likes are recognised."""

import pytest

from models.preference.gate import MOST_CHARACTERS, Gate, cues_of, elicits

GATE = Gate({"like": 2.0, "i like": 1.0, "^ play": -3.0}, threshold=1.5)


def test_cues_are_words_and_pairs_with_the_first_word_marked() -> None:
    assert cues_of("I like jazz.") == ["i", "like", "jazz", "^ i", "i like", "like jazz"]


def test_a_statement_passes_and_a_request_does_not() -> None:
    assert GATE.passes("I like jazz")
    assert not GATE.passes("play something I like")


def test_fewer_than_three_words_and_long_talk_never_pass() -> None:
    assert not GATE.passes("like jazz")
    assert not GATE.passes("I like jazz " * MOST_CHARACTERS)


@pytest.mark.parametrize(
    "question",
    ["What kinds of movies do you like?", "Why do you enjoy this genre", "Can you name a movie you didn't like?"],
)
def test_a_question_about_likes_is_recognised(question: str) -> None:
    assert elicits(question)


@pytest.mark.parametrize("question", ["Playing jazz.", "For which town?", "I like that too."])
def test_other_answers_ask_for_no_likes(question: str) -> None:
    assert not elicits(question)

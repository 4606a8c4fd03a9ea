import numpy as np

from models.correction.safeguard import faithful
from models.correction.tagging import best_stretch, left_out, substituted, values
from models.correction.words import split


def test_a_doubtful_word_does_not_tear_a_stretch_apart() -> None:
    assert best_stretch(np.array([-3.0, 2.0, -0.5, 2.0, -3.0], dtype=np.float32)) == (1, 4)


def test_nothing_is_left_out_when_every_word_is_likelier_to_stay() -> None:
    assert left_out("play some jazz", np.array([-1.0, -2.0, -1.0], dtype=np.float32)) == "play some jazz"


def test_the_words_taken_back_are_left_out() -> None:
    odds = np.array([-4.0, 3.0, 3.0, -4.0], dtype=np.float32)
    assert left_out("Play rock no jazz", odds) == "Play jazz"


def test_a_question_that_is_begun_anew_begins_with_a_capital() -> None:
    odds = np.array([3.0, 3.0, 1.0, 3.0, -5.0, -5.0, -5.0], dtype=np.float32)
    assert left_out("In what, no who won?", odds) == "Who won?"


def test_values_have_no_marks_at_their_ends() -> None:
    words = split("make it jazz, not rock.")
    odds = np.array([-1, -1, 1, 1, -1, 1, 1], dtype=np.float32)
    assert [[word.text for word in value] for value in values(words, odds)] == [["jazz"], ["rock"]]


def test_a_rewrite_that_loses_what_was_asked_is_not_taken() -> None:
    request = "When did the new album of Eminem come out?"
    assert faithful(request, "When did 2018?", "in 2018") == "When did the new album of Eminem come out in 2018?"
    assert faithful(request, "When did 2018?", None) == request


def test_a_rewrite_that_keeps_most_of_what_was_asked_is_taken() -> None:
    rewrite = "When did the first album of Eminem come out?"
    assert faithful("When did the new album of Eminem come out?", rewrite, "first") == rewrite


def test_a_short_request_may_be_replaced_as_a_whole() -> None:
    assert faithful("the big lights", "the lamp", "lamp") == "the lamp"


def test_the_value_takes_the_place_of_what_it_replaces() -> None:
    odds = np.array([-2.0, -1.0, 2.0, 1.0, -1.0, -3.0], dtype=np.float32)
    assert substituted("Play me Blue Song now.", odds, "Red Song") == "Play me Red Song now."


def test_nothing_is_substituted_where_nothing_is_replaced() -> None:
    assert substituted("play jazz", np.array([-2.0, -1.0], dtype=np.float32), "rock") is None

from models.correction.features import squeezed
from models.correction.words import join, plain, split


def test_marks_are_words_of_their_own_and_times_stay_whole() -> None:
    assert [word.text for word in split("No, at 3:30 (or 4.5)?")] == [
        "No",
        ",",
        "at",
        "3:30",
        "(",
        "or",
        "4.5",
        ")",
        "?",
    ]


def test_joining_the_words_of_a_text_gives_the_text_back() -> None:
    text = 'Who sang "My Way" (live), in 1969?'
    assert join([word.text for word in split(text)]) == text


def test_words_that_sound_the_same_are_the_same() -> None:
    assert plain("Rock's") == plain("rocks") == plain("rock\u2019s")


def test_words_know_where_they_stand() -> None:
    text = "no, jazz"
    assert [text[word.start : word.end] for word in split(text)] == ["no", ",", "jazz"]


def test_drawn_out_hesitations_are_the_same_word() -> None:
    assert squeezed("ummmm") == squeezed("um")
    assert squeezed("good") == "good"

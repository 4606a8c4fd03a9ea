"""Which words of a statement are its parts."""

import numpy as np
import pytest

from models.correction.words import split
from models.preference.attributes import SpanType
from models.preference.catalogue import THING, Entry, Place
from models.preference.features import Floats
from models.preference.network import TAGS
from models.preference.tagging import Run, name_beside, part_of, runs

LAMP = Entry(THING, "lamp", "device:lamp")


def chances(values: list[float]) -> Floats:
    """Of so many words, how probably each belongs to the value; else to nothing."""
    found = np.zeros((len(values), len(TAGS)), dtype=np.float32)
    found[:, TAGS.index(SpanType.VALUE)] = values
    found[:, 0] = 1.0 - found[:, TAGS.index(SpanType.VALUE)]
    return found


def test_a_doubtful_word_beside_a_value_belongs_to_it() -> None:
    words = split("I like drum and bass today")
    best = runs(words, chances([0.0, 0.0, 0.2, 0.15, 0.9, 0.05]), SpanType.VALUE)[0]
    assert part_of("I like drum and bass today", words, best, SpanType.VALUE).text == "drum and bass"


def test_the_most_probable_word_is_the_value_where_none_is_probable() -> None:
    words = split("I like jazz")
    assert runs(words, chances([0.0, 0.01, 0.1]), SpanType.VALUE)[0][:2] == (2, 3)


def test_a_value_is_not_widened_over_words_of_another_part() -> None:
    words = split("call my lamp study mode")
    made = chances([0.0, 0.0, 0.15, 0.9, 0.9])
    assert runs(words, made, SpanType.VALUE)[0][:2] == (2, 5)
    made[2, TAGS.index(SpanType.STANDS_FOR)] = 0.7
    assert runs(words, made, SpanType.VALUE)[0][:2] == (3, 5)


@pytest.mark.parametrize(
    ("text", "values", "run", "name"),
    [
        ("call the lamp movie time", [0.0, 0.0, 0.0, 0.2, 0.9], Run(4, 5, 0.9), (3, 5)),
        ("call the lamp movie time", [0.0, 0.0, 0.4, 0.9, 0.9], Run(2, 5, 2.2), (3, 5)),
        ("the lamp goes by comet", [0.0, 0.0, 0.0, 0.0, 0.9], Run(4, 5, 0.9), (4, 5)),
    ],
)
def test_an_own_name_has_no_words_of_its_thing(text: str, values: list[float], run: Run, name: tuple[int, int]) -> None:
    at = [word.plain for word in split(text)].index("lamp")
    assert name_beside(run, chances(values), [Place(at, at + 1, LAMP)])[:2] == name

"""The second look at what may teach: on small tensors, the same by itself as among others, and as it ships."""

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from models.preference.model import FOLDER, SECOND_LOOK
from models.preference.second_look import WINDOW, SecondLook

WIDTH = 2
WORDS = ["i", "like", "jazz", "stop"]


class Pieces:
    """Every word is a piece."""

    def encode(self, text: str) -> Any:
        return SimpleNamespace(ids=[WORDS.index(word) for word in text.split()])


def look(filters: Sequence[Sequence[float]]) -> SecondLook:
    """Over words of which `like` is (1, 0) and `jazz` is (0, 1)."""
    embeddings = np.zeros((len(WORDS), 384), dtype=np.float32)
    embeddings[1, 0] = embeddings[2, 1] = 1.0
    tensors = {
        "projection": np.eye(WIDTH, 384),
        "filters": np.array(filters).reshape(WINDOW * WIDTH, 1),
        "bias": np.zeros(1),
        "weights": np.array([2.0]),
        "shift": np.array([-1.0]),
    }
    return SecondLook(tensors, 0.0, embeddings, cast(Any, Pieces()))


LIKE_THEN_JAZZ = [[0, 0], [0, 0], [1, 0], [0, 1]]


@pytest.mark.parametrize(
    ("text", "odds"),
    [("i like jazz", 3.0), ("like jazz", 3.0), ("jazz like", 1.0), ("i stop", -1.0), ("i i i i i like jazz stop", 3.0)],
)
def test_a_filter_finds_its_words_wherever_they_stand(text: str, odds: float) -> None:
    assert look(LIKE_THEN_JAZZ).odds(text) == odds


def test_it_passes_from_its_threshold_on() -> None:
    assert [look(LIKE_THEN_JAZZ).passes(text) for text in ("i like jazz", "i stop")] == [True, False]


def test_the_one_that_ships_lets_statements_through_and_requests_not() -> None:
    ships = SecondLook.load(FOLDER / SECOND_LOOK)
    statements = ["I don't like horror movies", "my favorite team is the Celtics", "call my lamp moon"]
    requests = ["wake me up at nine forty five on Sunday", "play some music please", "what is the weather like today"]
    assert [ships.passes(text) for text in (*statements, *requests)] == [True] * 3 + [False] * 3

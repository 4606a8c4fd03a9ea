"""Nothing about health, religion, politics, sexuality or children is ever kept."""

from collections import Counter
from pathlib import Path

import pytest

from models.preference.sensitive import Category, sensitive_category

LINES = [
    tuple(part.strip() for part in line.split("|"))
    for line in Path(__file__).with_name("sensitive_sentences.txt").read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("#")
]
SENSITIVE = [(category, text) for category, text in LINES if category != "none"]
HARMLESS = [text for category, text in LINES if category == "none"]


@pytest.mark.parametrize(("category", "text"), SENSITIVE)
def test_a_sensitive_sentence_is_recognised(category: str, text: str) -> None:
    assert sensitive_category(text) is not None, category


@pytest.mark.parametrize("text", HARMLESS)
def test_a_sentence_that_only_looks_sensitive_is_let_through(text: str) -> None:
    assert sensitive_category(text) is None


def test_the_suite_has_two_hundred_sentences_and_every_category() -> None:
    counts = Counter(category for category, _ in SENSITIVE)
    assert len(SENSITIVE) >= 200
    assert set(counts) == {category.value for category in Category}
    assert min(counts.values()) >= 30


@pytest.mark.parametrize("text", ["I\u2019m 9 and I like slime", "MY KIDS LIKE PIZZA", "i take antidepressants"])
def test_neither_case_nor_apostrophes_hide_it(text: str) -> None:
    assert sensitive_category(text) is not None

"""A catalogue finds names in texts, and says when a value is none of its names."""

from models.correction.words import split
from models.preference.catalogue import THING, Catalogue, Entry

CATALOGUE = Catalogue(
    [
        Entry("music", "jazz", "genre:jazz"),
        Entry("music", "drum and bass", "genre:drum-and-bass"),
        Entry("book", "fantasy", "book:fantasy"),
        Entry("film", "fantasy", "film:fantasy"),
        Entry("news", "the Morning Ledger", "source:morning-ledger"),
        Entry(THING, "desk lamp", "device:desk-lamp"),
    ]
)


def test_the_longest_name_is_found_where_it_stands() -> None:
    places = CATALOGUE.places(split("I like drum and bass on my desk lamp"))
    assert [(one.start, one.end, one.entry.entity) for one in places] == [
        (2, 5, "genre:drum-and-bass"),
        (7, 9, "device:desk-lamp"),
    ]


def test_a_name_of_several_topics_is_found_once_for_each() -> None:
    assert {one.entry.topic for one in CATALOGUE.places(split("fantasy"))} == {"book", "film"}


def test_a_value_is_looked_up_among_the_likely_topics_first() -> None:
    assert CATALOGUE.canonical("fantasy", ["film", "book"]) == Entry("film", "fantasy", "film:fantasy")


def test_a_misheard_name_is_still_that_name() -> None:
    found = CATALOGUE.canonical("morning ledgers", ["news"])
    assert found is not None
    assert found.entity == "source:morning-ledger"


def test_an_unknown_value_is_not_guessed() -> None:
    assert CATALOGUE.canonical("zydeco", ["music", "book"]) is None


def test_a_name_of_another_topic_is_not_taken() -> None:
    assert CATALOGUE.canonical("jazz", ["news"]) is None


def test_articles_do_not_matter() -> None:
    assert CATALOGUE.canonical("Morning Ledger", ["news"]) is not None

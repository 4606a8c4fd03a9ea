"""What the preference model is fitted to."""

from random import Random

from models.preference.attributes import Attribute, SpanType
from schemas.preference import PreferenceScope
from streams.simulator.pack import load_pack
from streams.training.preference_examples import known_words, tags_of
from streams.training.preference_needs import simulated_needs
from streams.training.preference_phrases import (
    HOUSEHOLD_DISLIKE,
    HOUSEHOLD_LIKE,
    OWN_NAMES,
    PERSON_DISLIKE,
    PERSON_LIKE,
    USER_DISLIKE,
    USER_LIKE,
)
from streams.training.preference_simulated import catalogue_of, simulated_turns
from streams.training.preference_written import (
    PACK_ATTRIBUTES,
    Writer,
    kept_phrasing,
    kept_value,
    mark,
    pack_statements,
    unmarked,
)

VALUES = dict.fromkeys(Attribute, ("Alpha", "beta gamma"))


def writer(seed: int = 1) -> Writer:
    return Writer(VALUES, ["what time is it"], Random(seed))


def test_marks_become_spans() -> None:
    text, spans = unmarked(f"I like {mark(SpanType.VALUE, 'jazz')} {mark(SpanType.TIME, 'today')}")
    assert text == "I like jazz today"
    assert [(one.type, text[one.start : one.end]) for one in spans] == [
        (SpanType.VALUE, "jazz"),
        (SpanType.TIME, "today"),
    ]


def test_every_written_statement_says_where_its_value_is() -> None:
    for at in range(300):
        one = writer(at).statement(at)
        assert one.spans is not None
        values = [one.turn.text[span.start : span.end].lower() for span in one.spans if span.type is SpanType.VALUE]
        assert values
        assert set(values) <= {"alpha", "beta gamma"}
        assert SpanType.VALUE in tags_of(one)
        assert (one.scope is PreferenceScope.PERSON) <= any(span.type is SpanType.PERSON for span in one.spans)


def test_what_a_catalogue_knows_are_words_of_the_turn() -> None:
    known = [found for at in range(50) for found in known_words(writer(at).statement(at))]
    assert known
    assert all(found.start < found.end for found in known)


def test_near_misses_teach_nothing() -> None:
    assert not any(writer(at).near_miss(at).teaches for at in range(50))


def test_no_written_frame_is_one_of_a_pack() -> None:
    frames = {
        frame.format(o="{value}", v="{value}", w="my {who}", n="{named}").lower()
        for group in (
            *(USER_DISLIKE, HOUSEHOLD_LIKE, HOUSEHOLD_DISLIKE, PERSON_LIKE, PERSON_DISLIKE, OWN_NAMES, USER_LIKE),
        )
        for frame in group
    }
    pack = load_pack("home_b").written.preference
    theirs = {text.lower() for one in pack.values() for text in (*one.like, *one.dislike, *one.person_like)}
    assert not frames & theirs


def test_kept_phrasings_and_values_are_not_learned() -> None:
    pack = load_pack("home_b")
    learned = {one.turn.text for one in pack_statements(pack, writer(), 60, 1)}
    kept = [
        one
        for person in range(60)
        for one in pack.preferences.plan(Random(f"1/{person}"))
        if kept_phrasing(one.template) or kept_value(one.value)
    ]
    assert kept
    assert not {one.statement for one in kept} & learned


def test_every_attribute_of_the_packs_is_known() -> None:
    for name in ("home_a", "home_b"):
        assert load_pack(name).written.preference.keys() <= PACK_ATTRIBUTES.keys()


def test_simulated_turns_say_what_was_taught_and_own_names_are_new_to_the_catalogue() -> None:
    turns = simulated_turns("home_a", 150, 3)
    assert any(turn.taught is not None for turn in turns)
    assert any(turn.taught is None for turn in turns)
    assert (
        catalogue_of(load_pack("home_a")).canonical("study mode", [attribute.value for attribute in Attribute]) is None
    )


def test_requests_that_rest_on_a_preference_come_with_its_words() -> None:
    needs = simulated_needs("home_a", 400, 3)
    assert needs
    assert all(need.request != need.preference for need in needs)

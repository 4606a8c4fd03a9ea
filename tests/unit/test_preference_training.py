"""What the preference model is fitted to."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from random import Random

import numpy as np
from numpy.typing import NDArray

from models.correction.encoder import WordEncoder
from models.minilm import WIDTH
from models.preference.attributes import Attribute, SpanType
from schemas.preference import PreferenceScope
from streams.simulator.pack import load_pack
from streams.training.preference_examples import known_words, tags_of
from streams.training.preference_frames import is_written
from streams.training.preference_needs import simulated_needs
from streams.training.preference_sets import calibrates
from streams.training.preference_simulated import catalogue_of, simulated_turns
from streams.training.preference_statements_said import others_said, statements_said
from streams.training.preference_voices import of_household, of_person
from streams.training.preference_written import (
    PACK_ATTRIBUTES,
    Writer,
    kept_phrasing,
    kept_value,
    mark,
    pack_statements,
    unmarked,
)
from streams.training.word_states import WordStates

VALUES = dict.fromkeys(Attribute, ("Alpha", "beta gamma"))


class Lengths(WordEncoder):
    """Gives every word its length."""

    def __init__(self, fails: bool = False) -> None:
        self.fails = fails

    def fresh(self, texts: Sequence[str]) -> Iterable[tuple[str, NDArray[np.float32]]]:
        assert not (self.fails and texts)
        for text in texts:
            yield text, np.array([[len(word)] * WIDTH for word in text.split()], dtype=np.float32)


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


def test_a_written_frame_is_recognised_in_a_packs_phrasing() -> None:
    assert is_written("I like {value}")
    assert is_written("I like {value} music.")
    assert is_written("my {who} doesn't like {value}")
    assert not is_written("the one for me has always been {value} and nothing else")


def test_a_frame_is_said_for_others() -> None:
    assert of_household("I'm tired of my {v}") == "we're tired of our {v}"
    assert of_person("I only watch {v}") == "{w} only watches {v}"
    assert of_person("I don't eat {v}") == "{w} doesn't eat {v}"
    assert of_person("I rely on {v}") == "{w} relies on {v}"
    assert of_person("my favorite food is {v}") == "{w}'s favorite food is {v}"
    assert of_person("{v} bores me") is None


def test_statements_between_people_are_told_from_the_rest() -> None:
    said = ["Oh, I love jazz! I love it too. My sister was there yesterday.", "I don't like horror movies. Do you?"]
    assert statements_said(said) == ["I love jazz", "I don't like horror movies"]
    assert others_said(said) == ["My sister was there yesterday"]


def test_a_chat_for_the_threshold_is_never_fitted_to() -> None:
    names = [str(number) for number in range(300)]
    assert 60 < sum(map(calibrates, names)) < 140


def test_word_states_are_read_again_after_an_interruption(tmp_path: Path) -> None:
    texts = ["I like jazz", "turn it off"]
    made = WordStates(Lengths(), tmp_path).encode(texts)
    again = WordStates(Lengths(fails=True), tmp_path).encode([*texts, ""])
    assert all(np.array_equal(ours, theirs) for ours, theirs in zip(made, again, strict=False))
    assert len(again[2]) == 0


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

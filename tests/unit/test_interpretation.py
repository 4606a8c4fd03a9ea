"""From what was understood to the key of a state."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processors.interpretation import corrected, parts_of, plain_words, state_key
from schemas.turn import Slot

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
slots = st.lists(
    st.builds(Slot, type=st.sampled_from(["song", "artist", "room"]), value=texts, entity=st.none() | texts), max_size=4
)


def test_wordings_of_one_interpretation_share_a_state() -> None:
    first = state_key("music", "play_song", [Slot(type="artist", value="Imagine Dragons")], "play imagine dragons")
    second = state_key("Music", "Play_Song", [Slot(type="artist", value="imagine  dragons!")], "some imagine dragons")
    assert first == second == "music|play_song|artist:imagine dragons"


def test_an_entity_that_was_found_for_certain_counts_more_than_its_words() -> None:
    def key(score: float | None) -> str | None:
        return state_key("music", "play", [Slot(type="song", value="blue", entity="song:blue", score=score)], "play")

    assert key(0.9) == key(None) == "music|play|song:song:blue"
    assert key(0.2) == "music|play|song:blue"


@pytest.mark.parametrize("intent", [None, "unknown", ""])
def test_where_nothing_was_understood_the_words_are_the_state(intent: str | None) -> None:
    assert state_key(None, intent, (), "Play, maj and dragons!") == "||words:play maj and dragons"
    assert state_key("music", intent, (), "hm?") == "music||words:hm"
    assert state_key(None, intent, (), "...") is None


@given(texts, texts, slots, texts)
def test_a_key_does_not_depend_on_the_order_of_slots_and_comes_apart_again(
    domain: str, intent: str, told: list[Slot], words: str
) -> None:
    key = state_key(domain, intent, told, words)
    assert key == state_key(domain, intent, told[::-1], words)
    if key is not None:
        parts = parts_of(key)
        again = [f"{kind}:{value}" for kind, value in parts.slots]
        assert f"{parts.domain}|{parts.intent}|{';'.join(again)}" == key


def test_words_are_compared_without_case_and_punctuation() -> None:
    assert plain_words("  Größe, PLEASE - don't_stop! ") == "grösse please don't stop"


@pytest.mark.parametrize(
    ("request_key", "correction", "meant"),
    [
        ("music|play|artist:a;song:maj", "music|negate|song:imagine", "music|play|artist:a;song:imagine"),
        ("timers|set|", "timers|negate|day:monday", "timers|set|day:monday"),
        ("music|play|song:maj", "music|negate|", None),
        ("music||words:play maj", "music|negate|song:imagine", None),
        ("music|play|song:maj", "music||words:no imagine", None),
    ],
)
def test_a_correction_replaces_the_slots_that_it_names(request_key: str, correction: str, meant: str | None) -> None:
    assert corrected(request_key, correction) == meant

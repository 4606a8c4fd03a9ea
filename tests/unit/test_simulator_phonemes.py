"""How words sound, and which sound alike."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.simulator.phonemes import PHONEMES, pronounce
from streams.simulator.phonemes_costs import PhonemeCosts
from streams.simulator.phonemes_index import SHARES, PhoneticIndex
from streams.simulator.phonemes_rules import IRREGULAR, RULES

KNOWN = set(PHONEMES.values())
SOME = """play plate clay place light late right write knight night wine vine fifteen fifty kitchen chicken tonight
alarm to ice cream green screen scream i portland maine wilkerson"""
WORDS = SOME.split()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("night", "knight"),
        ("right", "write"),
        ("see", "sea"),
        ("four", "for"),
        ("to", "two"),
        ("15", "fifteen"),
        ("whether", "weather"),
        ("Café", "cafe"),
        ("rain's", "rains"),
    ],
)
def test_homophones_sound_the_same(one: str, other: str) -> None:
    assert pronounce(one) == pronounce(other)


@pytest.mark.parametrize(
    ("word", "phonemes"),
    [
        ("kitchen", "K IH CH EH N"),
        ("light", "L AY T"),
        ("phone", "F OW N"),
        ("making", "M EY K IH NG"),
        ("nation", "N EY SH AX N"),
        ("queen", "K W IY N"),
        ("judge", "JH AH JH"),
        ("wanted", "W AA N T IH D"),
        ("houses", "HH AW Z IH Z"),
        ("strength", "S T R EH NG TH"),
    ],
)
def test_words_sound_as_people_say_them(word: str, phonemes: str) -> None:
    assert pronounce(word) == "".join(PHONEMES[name] for name in phonemes.split())


def test_rules_and_exceptions_use_known_phonemes_only_and_every_letter_has_a_rule_for_everywhere() -> None:
    assert all(set(sounds) <= KNOWN for sounds in IRREGULAR.values())
    assert all(set(sounds) <= KNOWN for rules in RULES.values() for _, _, _, sounds in rules)
    assert all(RULES[letter][-1][1:3] == (None, None) for letter in "abcdefghijklmnopqrstuvwxyz")


@given(st.text(max_size=20))
def test_any_text_has_a_pronunciation_of_known_phonemes_without_doubles_inside_a_word(text: str) -> None:
    sounds = pronounce(text)
    assert set(sounds) <= KNOWN
    if text.isascii() and text.isalpha() and text.lower() not in IRREGULAR:
        assert all(one != other for one, other in pairwise(sounds))


sounds = st.text(st.sampled_from(sorted(KNOWN)), max_size=8)


@given(sounds, sounds)
def test_distance_is_zero_for_the_same_sounds_only_and_symmetric(one: str, other: str) -> None:
    costs = PhonemeCosts({"P B": 0.05})
    assert costs.distance(one, one, 100.0) == 0.0
    distance = costs.distance(one, other, 100.0)
    assert distance == pytest.approx(costs.distance(other, one, 100.0))
    assert (distance > 0) == (one != other)


def test_a_profile_s_confusions_make_a_pair_nearer() -> None:
    wine, line = pronounce("wine"), pronounce("line")
    assert PhonemeCosts({"L W": 0.1}).distance(wine, line, 9.0) < PhonemeCosts({}).distance(wine, line, 9.0)


def test_near_words_come_from_the_vocabulary_leave_the_word_out_and_prefer_what_sounds_nearest() -> None:
    index = PhoneticIndex(WORDS, PhonemeCosts({}), sharpness=3.0)
    near = index.near("night")
    assert len(near) == SHARES
    assert set(near) <= set(WORDS) - {"night"}
    assert max(set(near), key=near.count) == "knight"
    assert index.near("wilkerson") == ()


def test_a_word_outside_of_the_vocabulary_is_heard_as_one_inside() -> None:
    index = PhoneticIndex(WORDS, PhonemeCosts({}), sharpness=3.0)
    assert "kitchen" in index.near("kitchin")


def test_words_run_together_and_fall_apart() -> None:
    index = PhoneticIndex(WORDS, PhonemeCosts({}), sharpness=3.0)
    assert "tonight" in index.merges("to", "night")
    assert "to night" in index.splits("tonight")

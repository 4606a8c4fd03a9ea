"""The recogniser of the simulator."""

from random import Random

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from streams.simulator.asr import FUNCTION_WORDS, Recogniser
from streams.simulator.profile import load_profile
from tests.unit.simulated_assistant import lexicon, plausible, request

chances = st.floats(0, 1, exclude_max=True)
A = load_profile("A").asr
RECOGNISERS = {name: Recogniser(lexicon().words, load_profile(name).asr) for name in ("A", "B")}


def texts(times: int) -> list[str]:
    rng = Random(3)
    return [request(rng)[0] for _ in range(times)]


@pytest.mark.parametrize("name", ["A", "B"])
@pytest.mark.parametrize("clarity", [1.0, 2.5])
def test_as_many_requests_are_misheard_as_the_profile_says(name: str, clarity: float) -> None:
    rng = Random(5)
    error = load_profile(name).asr.word_error * clarity
    by_length: dict[int, list[bool]] = {}
    for text in texts(8_000):
        misheard = RECOGNISERS[name].transcribe(text, clarity, 0.0, rng.random(), rng.random())
        by_length.setdefault(text.count(" ") + 1, []).append(misheard is not None)
    for words, hits in by_length.items():
        assert plausible(sum(hits), len(hits), 1 - (1 - error) ** words)


@given(chances, chances, st.integers(0, 500))
def test_the_same_noise_gives_the_same_transcript(chance: float, pick: float, seed: int) -> None:
    text = request(Random(seed))[0]
    again = [RECOGNISERS["B"].transcribe(text, 1.0, 0.5, chance, pick) for _ in range(2)]
    assert again[0] == again[1]


@given(chances, st.integers(0, 500))
def test_a_transcript_says_which_words_changed(pick: float, seed: int) -> None:
    text = request(Random(seed))[0]
    misheard = RECOGNISERS["B"].transcribe(text, 1.0, 1.0, 0.5, pick)
    assume(misheard is not None)  # two errors can make up for each other
    assert misheard is not None
    said = text.split(" ")
    assert misheard.changed == {at for at, word in enumerate(said) if misheard.heard[at] != word} != set()
    assert misheard.text == " ".join(word for word in misheard.heard if word) != text


def test_function_words_are_mostly_dropped_and_other_words_mostly_taken_for_words_of_the_vocabulary() -> None:
    rng = Random(2)
    words = lexicon().words
    small, large = [], []
    for text in texts(3_000):
        misheard = RECOGNISERS["A"].transcribe(text, 1.0, 1.0, 0.5, rng.random())
        assert misheard is not None
        for at in misheard.changed:
            (small if text.split(" ")[at] in FUNCTION_WORDS else large).append(misheard.heard[at])
    assert sum(not heard for heard in small) > 0.6 * len(small)
    known = [heard for heard in large if heard and set(heard.split(" ")) <= words | {"uh", "and", "in", "to", "a"}]
    assert len(known) == sum(bool(heard) for heard in large)
    assert len(known) > 0.5 * len(large)


@given(chances, st.integers(0, 10_000))
def test_n_best_lists_begin_with_what_was_heard_hold_no_text_twice_and_fall_in_confidence(
    chance: float, seed: int
) -> None:
    rng = Random(seed)
    text = request(rng)[0]
    recogniser = RECOGNISERS["B"]
    misheard = recogniser.transcribe(text, 1.0, 0.5, chance, rng.random())
    heard = text if misheard is None else misheard.text
    found = recogniser.n_best(text, heard, rng)
    assert found[0][0] == heard
    assert len({hypothesis for hypothesis, _ in found}) == len(found) <= 5
    confidences = [confidence for _, confidence in found]
    assert confidences == sorted(confidences, reverse=True)
    assert all(0 <= confidence <= 1 for confidence in confidences)


def test_the_right_words_of_misheard_requests_are_in_as_many_lists_as_the_profile_says() -> None:
    rng = Random(8)
    times = 4_000
    places = []
    for text in texts(times):
        found = [hypothesis for hypothesis, _ in RECOGNISERS["A"].n_best(text, "play clay", rng)]
        if text in found:
            places.append(found.index(text))
    assert plausible(len(places), times, A.truth_in_n_best)
    assert plausible(places.count(1), len(places), A.truth_second)


def test_confidence_tells_right_from_wrong_and_is_off_differently_in_each_profile() -> None:
    said: dict[tuple[str, bool], float] = {}
    for name, recogniser in RECOGNISERS.items():
        for right in (True, False):
            rng = Random(1)
            heard = "play rain" if right else "play train"
            drawn = [recogniser.n_best("play rain", heard, rng)[0][1] for _ in range(2_000)]
            said[name, right] = sum(drawn) / len(drawn)
    for name in RECOGNISERS:
        assert said[name, True] > said[name, False] + 0.1
    # A boasts: it is surer of what it misheard than B is of what it heard well.
    assert said["A", False] > said["B", False] + 0.2

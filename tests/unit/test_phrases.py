"""Set phrases."""

import pytest

from processors.phrases import asks_to_stop, is_backchannel, is_correction, is_steering
from processors.similarity import words_of


@pytest.mark.parametrize("request_", ["Stop!", "never mind", "cancel that", "stop the music please", "Shut up"])
def test_requests_to_stop_are_recognised(request_):
    assert asks_to_stop(words_of(request_))


@pytest.mark.parametrize("request_", ["", "bus stop", "where is the next bus stop", "play don't stop me now by queen"])
def test_a_stop_inside_a_request_stops_nothing(request_):
    assert not asks_to_stop(words_of(request_))


@pytest.mark.parametrize("request_", ["uh-huh", "Okay", "I see", "oh right"])
def test_a_listener_s_sounds_are_backchannels(request_):
    assert is_backchannel(words_of(request_))


@pytest.mark.parametrize("request_", ["", "okay play jazz", "no"])
def test_a_request_is_no_backchannel(request_):
    assert not is_backchannel(words_of(request_))


@pytest.mark.parametrize(
    "request_", ["Yes.", "next", "turn it up", "no thank you", "Yes, that works for me.", "repeat"]
)
def test_steering_words_are_recognised(request_):
    assert is_steering(words_of(request_))


@pytest.mark.parametrize("request_", ["", "airport", "yes to the airport", "play the next song by abba"])
def test_a_request_with_a_wish_of_its_own_is_not_steering(request_):
    assert not is_steering(words_of(request_))


@pytest.mark.parametrize(
    "request_", ["No, I said jazz", "not that one", "that's wrong", "I meant tomorrow", "hey I said the kitchen light"]
)
def test_corrections_are_recognised(request_):
    assert is_correction(words_of(request_))


@pytest.mark.parametrize("request_", ["", "no", "no thanks", "No I didn't know that", "play what she said"])
def test_a_plain_no_is_no_correction(request_):
    assert not is_correction(words_of(request_))

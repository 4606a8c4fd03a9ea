"""Ending it before it is over."""

from datetime import date

import pytest

from processors.endings import ENDINGS, Ending, Endings
from processors.termination import early_stop, is_stop_request, kind_of
from schemas.feedback import TerminationKind
from schemas.turn import PlaybackKind, PlaybackState, StoppedBy
from tests.unit.exchanges import exchange, playback


def song():
    return exchange("play jazz", (0, 1), (2, 3), domain="music", device_type="phone")


def test_a_request_to_stop_is_about_the_answer_before_it():
    assert is_stop_request(song(), exchange("stop", (8, 9)))
    assert not is_stop_request(song(), exchange("play rock", (8, 9)))


def test_a_request_to_stop_long_after_the_answer_is_about_something_else():
    assert not is_stop_request(song(), exchange("stop", (60, 61)))


def test_stopping_what_has_played_for_half_a_minute_is_no_complaint():
    earlier = song()
    playback(earlier, PlaybackState.STARTED, 3)
    assert is_stop_request(earlier, exchange("stop", (20, 21)))
    assert not is_stop_request(earlier, exchange("stop", (40, 41)))


def test_how_long_media_play_before_they_were_wanted_is_a_matter_of_the_domain():
    patient = Endings("test", date(2026, 1, 1), by_domain={"music": Ending(media_s=60.0)})
    earlier = song()
    playback(earlier, PlaybackState.STARTED, 3)
    assert not is_stop_request(earlier, exchange("stop", (40, 41)))
    assert is_stop_request(earlier, exchange("stop", (40, 41)), endings=patient)


@pytest.mark.parametrize(("request_", "domain", "asks"), [("hang up", "calls", True), ("hang up", "music", False)])
def test_domains_have_words_of_their_own_for_stop(request_, domain, asks):
    earlier = exchange("anything", (0, 1), (2, 3), domain=domain)
    assert is_stop_request(earlier, exchange(request_, (8, 9))) is asks


def test_what_the_assistant_understood_as_stop_asks_to_stop():
    assert is_stop_request(song(), exchange("pack it in", (8, 9), domain="music", intent="stop"))
    assert not is_stop_request(song(), exchange("pack it in", (8, 9), domain="music", intent="play_song"))


def test_the_player_of_what_rings_is_there_to_be_stopped():
    rings = exchange("wake me at six", (0, 1), (2, 3), domain="alarm")
    stopped = playback(rings, PlaybackState.STOPPED, 9, position_s=3, stopped_by=StoppedBy.BUTTON)
    assert early_stop(rings.playbacks) is stopped
    assert early_stop(rings.playbacks, ENDINGS.of(rings.facets.domain)) is None


def test_a_table_of_endings_says_since_when_it_holds():
    assert ENDINGS.version
    assert ENDINGS.effective_from <= date(2026, 12, 31)


@pytest.mark.parametrize("how", ["alarm", "timer", "state", "domain"])
def test_stopping_what_rings_is_success(how):
    earlier = song()
    later = exchange(
        "stop",
        (8, 9),
        device_state="alarm-ringing" if how == "state" else None,
        domain="timer" if how == "domain" else None,
    )
    if how in ("alarm", "timer"):
        playback(earlier, PlaybackState.STARTED, 5, kind=PlaybackKind(how))
    assert not is_stop_request(earlier, later)


@pytest.mark.parametrize(
    ("kind", "played_s", "stopped_by", "early"),
    [
        (PlaybackKind.MEDIA, 29.9, StoppedBy.BUTTON, True),
        (PlaybackKind.MEDIA, 30.0, StoppedBy.VOICE, False),
        (PlaybackKind.SPEECH, 9.9, StoppedBy.VOICE, True),
        (PlaybackKind.SPEECH, 10.0, StoppedBy.VOICE, False),
        (PlaybackKind.MEDIA, 5.0, StoppedBy.SYSTEM, False),
        (PlaybackKind.MEDIA, 5.0, None, False),
        (PlaybackKind.ALARM, 5.0, StoppedBy.VOICE, False),
    ],
)
def test_a_player_that_the_person_stops_early_was_not_wanted(kind, played_s, stopped_by, early):
    by_position, by_time = song(), song()
    playback(by_position, PlaybackState.STOPPED, 99, kind=kind, position_s=played_s, stopped_by=stopped_by)
    playback(by_time, PlaybackState.STARTED, 3, kind=kind)
    playback(by_time, PlaybackState.STOPPED, 3 + played_s, kind=kind, stopped_by=stopped_by)
    assert (early_stop(by_position.playbacks) is not None) is early
    assert (early_stop(by_time.playbacks) is not None) is early


def test_a_player_that_goes_on_was_not_stopped():
    exchange_ = song()
    playback(exchange_, PlaybackState.STOPPED, 5, position_s=2, stopped_by=StoppedBy.BUTTON)
    playback(exchange_, PlaybackState.RESUMED, 6)
    assert early_stop(exchange_.playbacks) is None


def test_a_stop_without_any_time_says_nothing():
    exchange_ = song()
    playback(exchange_, PlaybackState.STOPPED, 5, stopped_by=StoppedBy.BUTTON)
    assert early_stop(exchange_.playbacks) is None


def test_the_button_that_stops_speech_on_a_phone_hangs_up():
    exchange_ = song()
    speech = playback(exchange_, PlaybackState.STOPPED, 5, kind=PlaybackKind.SPEECH, stopped_by=StoppedBy.BUTTON)
    music = playback(exchange_, PlaybackState.STOPPED, 5, stopped_by=StoppedBy.BUTTON)
    assert kind_of(exchange_, speech) is TerminationKind.HANG_UP
    assert kind_of(exchange_, music) is TerminationKind.PLAYBACK_STOPPED

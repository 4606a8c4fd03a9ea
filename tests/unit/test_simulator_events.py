"""Events are written as text; the bytes are those of the models, whatever is in the words."""

import pytest

from schemas.turn import TURN_EVENT, Answer, Channel, PlaybackKind, PlaybackState, ResponseStatus, StoppedBy, Turn
from streams.simulator.closed_loop import Rewriting
from streams.simulator.events import DialogueEvents, quoted, stamp
from streams.simulator.fleet import Unit
from streams.simulator.meaning import Meaning, SlotValue, Understanding

UNIT = Unit("d-1", "speaker", "kitchen", '{"id":"d-1","type":"speaker","screen":false,"versions":{"asr":"4.1.3"}}', ())
ODD = ('say "hello"', "back\\slash", "caf\u00e9 \u2615", "tab\tand\nline", "\x7f", "it's")


def events() -> DialogueEvents:
    return DialogueEvents("seed", 7, "u-1", UNIT)


def written_by_models(value: bytes) -> bool:
    return TURN_EVENT.validate_json(value).to_bytes() == value


def heard(text: str) -> Understanding:
    meaning = Meaning("music", "play", (SlotValue("song", text, "song:1"), SlotValue("artist", text)))
    other = Meaning("video", "play")
    return Understanding(text, 0.91, ((text, 0.91), ("b", 0.0)), meaning, 1.0, ((other, 0.001),), (0.5,), 0.999)


@pytest.mark.parametrize("text", ODD)
@pytest.mark.parametrize("channel", list(Channel))
def test_a_turn_is_what_the_models_would_have_written(text: str, channel: Channel) -> None:
    _, value = events().turn(
        "t-1",
        (1_772_000_000_000, 1_772_000_001_500),
        (1_772_000_002_007, 1_772_000_003_000),
        heard(text),
        channel,
        (text, ResponseStatus.ANSWERED, "music.play", "song:1"),
        '"device_state":"idle","local_time":"18:00","place":"kitchen"',
        Rewriting("r-1", text),
    )
    assert written_by_models(value)
    event = TURN_EVENT.validate_json(value)
    assert isinstance(event, Turn)
    assert event.request == text
    assert event.rewrite is not None
    assert event.rewrite.target == text


def test_a_turn_without_an_answer_and_without_an_interpretation_leaves_them_out() -> None:
    told = heard("mhm")._replace(meaning=None)
    _, value = events().turn("t-1", (0, 1), None, told, Channel.VOICE, None, '"device_state":"idle"', None)
    assert written_by_models(value)
    assert b"nlu" not in value
    assert b"response" not in value


@pytest.mark.parametrize("stopped_by", [None, *StoppedBy])
def test_what_a_player_did_is_what_the_models_would_have_written(stopped_by: StoppedBy | None) -> None:
    _, value = events().playback(
        "t-1", 1_772_000_000_010, PlaybackKind.MEDIA, PlaybackState.STOPPED, 12, stopped_by, "music"
    )
    assert written_by_models(value)


@pytest.mark.parametrize("rating", [None, 4])
def test_a_verdict_is_what_the_models_would_have_written(rating: int | None) -> None:
    _, value = events().explicit("t-1", 1_772_000_000_000, 'Was "it" right?', Answer.YES, rating, 0.05)
    assert written_by_models(value)


def test_a_stamp_has_a_fraction_only_where_there_is_one() -> None:
    assert stamp(1_772_000_000_000) == '"2026-02-25T06:13:20Z"'
    assert stamp(1_772_000_000_007) == '"2026-02-25T06:13:20.007000Z"'


def test_plain_words_are_quoted_as_they_are() -> None:
    assert quoted("play it's raining") == '"play it\'s raining"'

"""What is known, some words after somebody started over others, of whether they take the floor.

Only what was heard by then counts: words that are over, who still makes sound, and the past of all of them. Cues are
those of turn-taking research: what the other says as it is started over, pauses and pace (Gravano and Hirschberg,
2011), backchannels as a closed class of words (Ward and Tsukahara, 2000), repetition when two speak at once
(Schegloff, 2000).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log1p
from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.barge_in.meeting import PAUSE_S, Act, Meeting, Overlap, Voice

Floats = NDArray[np.float64]

BACKCHANNELS: Final = frozenset(
    """absolutely ah aha alright cool exactly fine good great hm hmm huh i interesting mhm mm mm-hmm mmm nice no oh ok
    okay really right see sure true uh-huh uhhuh wow yeah yep yes yup""".split()
)
FLOOR_STARTS: Final = frozenset(
    "actually and because but can could cuz how if is or so then there wait well what when where which who why".split()
)
_FILLERS: Final = frozenset("ah eh er hm hmm huh mm mmm uh um".split())
_HANGING: Final = frozenset(
    """a about an and are as at because but by cuz for from have if in into is it's just like my of on or our so than
    that that's the their then they they're this to was we we're were what which who with you your""".split()
)
_LONGEST_S: Final = 60.0
_RECENT_S: Final = 10.0
_MINUTE_S: Final = 60.0
_LAST_WORDS: Final = 8
_PAST_ACTS: Final = 40


@dataclass(frozen=True, slots=True)
class Moment:
    """An overlapping start as far as it was heard at `at_s`: its words so far. `fell_silent`: fewer than were waited
    for, and then a pause."""

    overlap: Overlap
    at_s: float
    words: tuple[str, ...]
    fell_silent: bool


def moment_after(meeting: Meeting, overlap: Overlap, words: int) -> Moment:
    """When that many words of the start are over; if a pause comes before, when that is noticed.

    The words are those of the person from the start on, whatever acts annotators cut them into.
    """
    heard = meeting.voices[overlap.act.speaker].said_from(overlap.act, words)
    said = tuple(word for _, word in heard)
    last_s = heard[-1][0] if heard else overlap.act.start_s
    if len(said) == words:
        return Moment(overlap, last_s, said, False)
    return Moment(overlap, last_s + PAUSE_S, said, True)


def interrupted_voice(meeting: Meeting, overlap: Overlap) -> Voice:
    """Who holds the floor: of those who are started over, the one who said most in the last seconds."""
    start_s = overlap.act.start_s
    speakers = sorted({act.speaker for act in overlap.over})
    return max(
        (meeting.voices[speaker] for speaker in speakers),
        key=lambda voice: len(voice.words_between(start_s - _RECENT_S, start_s)),
    )


def features(meeting: Meeting, moment: Moment) -> dict[str, float]:
    """Named features of the moment. Durations enter as log(1 + s)."""
    overlap = moment.overlap
    floor = interrupted_voice(meeting, overlap)
    others = [meeting.voices[speaker] for speaker in sorted({act.speaker for act in overlap.over})]
    own = meeting.voices[overlap.act.speaker]
    return (
        _of_words(moment)
        | _of_floor(floor, moment)
        | _of_all(meeting, others, moment)
        | _of_past("own", own, overlap.act.start_s)
        | _of_past("floor", floor, overlap.act.start_s)
    )


def _of_words(moment: Moment) -> dict[str, float]:
    words = moment.words
    elapsed_s = max(0.0, moment.at_s - moment.overlap.act.start_s)
    listening = [word in BACKCHANNELS for word in words]
    first = words[0] if words else ""
    return {
        "words": float(len(words)),
        "fell_silent": float(moment.fell_silent),
        "elapsed": log1p(elapsed_s),
        "pace": log1p(elapsed_s / max(1, len(words))),
        "listening": sum(listening) / max(1, len(words)),
        "only_listening": float(all(listening)),
        "first_listening": float(bool(words) and listening[0]),
        "floor_start": float(first in FLOOR_STARTS),
        "filler": float(first in _FILLERS),
        "repeated": float(len(set(words)) < len(words)),
        "broken": float(any(word.endswith("-") for word in words)),
        "letters": sum(map(len, words)) / max(1, len(words)),
    }


def _of_floor(floor: Voice, moment: Moment) -> dict[str, float]:
    start_s, at_s = moment.overlap.act.start_s, moment.at_s
    before = floor.last_words(start_s, _LAST_WORDS)
    since = floor.words_between(start_s, at_s)
    last = (since or before or [""])[-1]
    word_s = floor.last_word_s(at_s)
    recent = floor.words_between(start_s - _RECENT_S, start_s)
    return {
        "floor_run": log1p(min(_LONGEST_S, floor.run_s(start_s))),
        "floor_run_words": log1p(len(floor.words_between(floor.run_start_s(start_s), start_s))),
        "floor_recent_words": log1p(len(recent)),
        "floor_only_listens": float(bool(recent) and all(word in BACKCHANNELS for word in recent)),
        "floor_speaks": float(floor.speaks(at_s)),
        "floor_silent": log1p(floor.silent_s(at_s, _RECENT_S)),
        "floor_words_since": log1p(len(since)),
        "floor_since_word": log1p(min(_RECENT_S, at_s - word_s)) if word_s is not None else log1p(_RECENT_S),
        "floor_since_word_at_start": log1p(min(_RECENT_S, start_s - (floor.last_word_s(start_s) or 0.0))),
        "floor_hangs": float(last in _HANGING),
        "floor_fills": float(last in _FILLERS),
        "floor_breaks": float(last.endswith("-")),
        "floor_hangs_before": float(bool(before) and before[-1] in _HANGING),
        "floor_stutters": float(len(since) > 1 and len(set(since)) < len(since)),
        "echo": float(bool(set(moment.words) & set(before[-3:]) - BACKCHANNELS)),
    }


def _of_all(meeting: Meeting, others: Sequence[Voice], moment: Moment) -> dict[str, float]:
    overlap, at_s = moment.overlap, moment.at_s
    still = sum(voice.speaks(at_s) for voice in others)
    loud = sum(voice.speaks(at_s) for speaker, voice in meeting.voices.items() if speaker != overlap.act.speaker)
    fell = [voice.silent_s(at_s, _RECENT_S) for voice in others if not voice.speaks(at_s)]
    return {
        "others": float(len(others)),
        "others_speak": float(still),
        "others_fell_silent": float(len(fell)),
        "others_silent": log1p(max(fell, default=0.0)),
        "all_silent": float(not still),
        "new_voices": float(max(0, loud - still)),
        "voices": log1p(sum(voice.acts_before(at_s) > 0 for voice in meeting.voices.values())),
    }


def _of_past(who: str, voice: Voice, start_s: float) -> dict[str, float]:
    number = voice.acts_before(start_s)
    past = [act for at in range(max(0, number - _PAST_ACTS), number) if (act := voice.act(at)).end_s <= start_s]
    listened = sum(map(_only_listens, past))
    return {
        f"{who}_silent": log1p(voice.silent_s(start_s - 1e-3, _LONGEST_S)),
        f"{who}_last_minute": voice.spoken_s(start_s - _MINUTE_S, start_s) / _MINUTE_S,
        f"{who}_last_seconds": voice.spoken_s(start_s - _RECENT_S, start_s) / _RECENT_S,
        f"{who}_listens": (listened + 2.0) / (len(past) + 4.0),
        f"{who}_act_words": log1p(sum(len(act.words) for act in past) / max(1, len(past))),
    }


def _only_listens(act: Act) -> bool:
    return all(word in BACKCHANNELS for word in act.words)

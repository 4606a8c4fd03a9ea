"""Every threshold of the detectors, in one place, with where it comes from."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Thresholds:
    """When a detector speaks up. Seconds, counts and similarities in [0, 1]."""

    window_s: float = 45.0
    """Gap between an answer's end and a retry: windows of 30-45 s are common, and a dialogue ends after 45 s."""

    window_turns: int = 5
    """How many user turns back a retry may reach. Bounds the work for each turn."""

    barge_in_onset_s: float = 0.2
    """Speech that starts in the first moments of an answer began before the person could hear it (reaction time)."""

    barge_in_end_s: float = 0.1
    """Speech that starts so soon after an answer's end began within it as far as clocks can tell: nobody reacts to an
    end that fast (gaps between speakers have a mode of 0.2 s, Stivers et al. 2009), and clocks are tens of ms off."""

    barge_in_speech_s: float = 0.3
    """Shorter speech does not take the turn. Between the 0.2 s and 0.5 s that voice frameworks ship as defaults."""

    barge_in_words: int = 2
    """Fewer words do not take the turn either, unless they are a known command (the same frameworks: two words)."""

    barge_in_edge_s: float = 0.5
    """Nearer to the answer's edges an overlap is less certain: device clocks are a few hundred ms off."""

    wake_confidence: float = 0.5
    """Below it the device was probably not addressed."""

    planned_words_per_s: float = 3.0
    """Pace of synthetic speech, 180 words a minute: estimates how long an answer that was cut would have been."""

    repeat_similarity: float = 0.95
    """Share of words in common above which two requests are the same words."""

    gate_characters: float = 0.5
    """Character similarity below which (and below the next two) a pair is not looked at."""

    gate_sounds: float = 0.6
    """The same for sounds."""

    gate_near: float = 0.4
    """Sounds are compared only where letters are at least this alike: what sounds alike is not spelt wholly apart."""

    gate_short_words: int = 8
    """Where both requests have more words, sounds are not compared, and a pair without a content word in common is not
    looked at: no recogniser mishears all of them."""

    gate_words: float = 0.5
    """The same for the share of the shorter request's content words that are in the longer one."""

    retry_score: float = 0.5
    """Probability from which a pair is called a repeat, a rephrase or a refinement."""

    speech_stopped_s: float = 10.0
    """A spoken answer stopped by the person before this was not wanted."""

    media_stopped_s: float = 30.0
    """Media stopped before this was not wanted; media that played longer was (30 s counts as a play in the trade)."""

    defect_score: float = 0.5
    """Probability from which a turn is called a defect."""


THRESHOLDS = Thresholds()
"""The ones in use."""

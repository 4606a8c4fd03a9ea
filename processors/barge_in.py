"""Barge-in: the person speaks while the assistant does. What for decides whether it is a complaint."""

from dataclasses import dataclass

from processors.exchange import Exchange
from processors.phrases import asks_to_stop, is_backchannel, is_correction, is_steering
from processors.rephrase import Retry, RetryKind
from processors.similarity import Words
from processors.thresholds import THRESHOLDS, Thresholds
from schemas.feedback import BargeInKind


@dataclass(frozen=True, slots=True)
class Overlap:
    """Where in an answer the person's next speech began."""

    kind: BargeInKind
    offset_ms: int
    share_heard: float
    stop_latency_ms: int
    speech_ms: int
    score: float


def find_barge_in(
    earlier: Exchange, later: Exchange, retry: Retry | None, thresholds: Thresholds = THRESHOLDS
) -> Overlap | None:
    """The interruption of `earlier`'s answer by `later`'s speech; None when they do not overlap or a time is missing.

    `retry`: what `later` comes back to, if anything; an interruption that does so corrects.
    """
    if earlier.response is None or later.speech is None:
        return None
    start, end = earlier.response
    speech_start, speech_end = later.speech
    if not start + thresholds.barge_in_onset_s <= speech_start < end:
        return None
    offset_s = speech_start - start
    planned_s = max(end - start, earlier.response_words / thresholds.planned_words_per_s)
    from_edges_s = min(offset_s, end - speech_start)
    return Overlap(
        kind=_kind(earlier, later, retry, thresholds),
        offset_ms=round(offset_s * 1000),
        share_heard=min(1.0, offset_s / planned_s),
        stop_latency_ms=round((end - speech_start) * 1000),
        speech_ms=round((speech_end - speech_start) * 1000),
        score=0.6 + 0.4 * min(1.0, from_edges_s / thresholds.barge_in_edge_s),
    )


def _kind(earlier: Exchange, later: Exchange, retry: Retry | None, thresholds: Thresholds) -> BargeInKind:
    words = later.recall_words()
    if not words.count or (later.wake_confidence is not None and later.wake_confidence < thresholds.wake_confidence):
        return BargeInKind.OTHER_DIRECTED
    if asks_to_stop(words):
        return BargeInKind.STOP
    if is_correction(words) or (retry is not None and retry.distance == 1 and retry.kind is not RetryKind.REFINEMENT):
        return BargeInKind.CORRECTION
    if earlier.asked:
        return BargeInKind.CONTINUATION
    if is_backchannel(words):
        return BargeInKind.BACKCHANNEL
    if not is_steering(words) and not _takes_the_turn(later, words, thresholds):
        return BargeInKind.BACKCHANNEL
    return BargeInKind.CONTINUATION


def _takes_the_turn(later: Exchange, words: Words, thresholds: Thresholds) -> bool:
    assert later.speech is not None
    spoken_s = later.speech[1] - later.speech[0]
    return spoken_s >= thresholds.barge_in_speech_s and words.count >= thresholds.barge_in_words

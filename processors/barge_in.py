"""Barge-in: the person speaks while the assistant does. What for decides whether it is a complaint.

Rules tell the kind; a learned judge, where one is handed in, overrules them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from processors.endings import ENDINGS, asks_to_end, is_stop_intent
from processors.exchange import Exchange
from processors.phrases import is_backchannel, is_correction, is_steering
from processors.rephrase import find_retry
from processors.retry import Retry, RetryKind
from processors.similarity import Words, characters_alike, content_shared, sounds_alike
from processors.thresholds import THRESHOLDS, Thresholds
from schemas.feedback import BargeInKind
from schemas.turn import ResponseStatus

_WENT_WRONG = frozenset({ResponseStatus.NOT_UNDERSTOOD, ResponseStatus.FAILED, ResponseStatus.UNSUPPORTED})


@dataclass(frozen=True, slots=True)
class Interruption:
    """What a judge of kinds gets to see: the words, what the rules say of them, and how it went.

    `stop_understood`, `same_intent`: what the assistant made of it; None where it understood nothing. `asked`,
    `went_wrong`: the answer that was spoken into was a question, or said that it failed. `answered`: the
    device answered the interruption itself. `wake`: confidence that the device was addressed, None where unknown.
    `retry_score`: probability that it comes back to the request before, 0 where nothing says so. `characters`,
    `sounds`, `content` in [0, 1]: how alike the two requests are. `new_words`, `lost_words`: content words that only
    the later or only the earlier request has.
    """

    text: str
    word_count: int
    rule: BargeInKind
    stops: bool
    stop_understood: bool
    corrects: bool
    listens: bool
    steers: bool
    asked: bool
    went_wrong: bool
    answered: bool
    wake: float | None
    same_intent: bool | None
    same_domain: bool | None
    offset_ms: int
    share_heard: float
    stop_latency_ms: int
    speech_ms: int
    retry_score: float
    characters: float
    sounds: float
    content: float
    new_words: int
    lost_words: int


class JudgedKind(Protocol):
    """A kind and the probability that it is the right one."""

    @property
    def kind(self) -> BargeInKind: ...
    @property
    def score(self) -> float: ...


class KindJudge(Protocol):
    """Tells what interruptions were for, each by itself: a batch makes no difference."""

    version: str

    def judge(self, candidates: Sequence[Interruption]) -> Sequence[JudgedKind]: ...


@dataclass(frozen=True, slots=True)
class Overlap:
    """Where in an answer the person's next speech began, and what for. `kind_score` is None where rules told it."""

    kind: BargeInKind
    offset_ms: int
    share_heard: float
    stop_latency_ms: int
    speech_ms: int
    score: float
    kind_score: float | None = None


def find_barge_in(
    earlier: Exchange,
    later: Exchange,
    retry: Retry | None,
    thresholds: Thresholds = THRESHOLDS,
    judge: KindJudge | None = None,
) -> Overlap | None:
    """The interruption of `earlier`'s answer by `later`'s speech; None when they do not overlap or a time is missing.

    `retry`: what `later` comes back to, if anything; an interruption that does so corrects.
    """
    if earlier.response is None or later.speech is None:
        return None
    start, end = earlier.response
    speech_start, speech_end = later.speech
    if not start + thresholds.barge_in_onset_s <= speech_start < end + thresholds.barge_in_end_s:
        return None
    offset_s = speech_start - start
    planned_s = max(end - start, earlier.response_words / thresholds.planned_words_per_s)
    from_edges_s = max(0.0, min(offset_s, end - speech_start))
    overlap = Overlap(
        kind=_kind(earlier, later, retry, thresholds),
        offset_ms=round(offset_s * 1000),
        share_heard=min(1.0, offset_s / planned_s),
        stop_latency_ms=max(0, round((end - speech_start) * 1000)),
        speech_ms=round((speech_end - speech_start) * 1000),
        score=0.6 + 0.4 * min(1.0, from_edges_s / thresholds.barge_in_edge_s),
    )
    if judge is None:
        return overlap
    judged = judge.judge([see_interruption(earlier, later, overlap, thresholds)])[0]
    return replace(overlap, kind=judged.kind, kind_score=judged.score)


def see_interruption(
    earlier: Exchange, later: Exchange, overlap: Overlap, thresholds: Thresholds = THRESHOLDS
) -> Interruption:
    """All of the interruption of `earlier` by `later` that says what it was for.

    Whether it comes back to `earlier` is told by the rules, whoever else tells retries, so that a judge sees in use
    what it saw when it learned.
    """
    retry = find_retry((earlier, later), 1)
    one, other = earlier.recall_words(), later.recall_words()
    facets, next_facets = earlier.facets, later.facets
    domain, next_domain = facets.domain, next_facets.domain
    understood = facets.intent is not None and next_facets.intent is not None
    both = bool(one.count and other.count)
    return Interruption(
        text=other.text,
        word_count=other.count,
        rule=_kind(earlier, later, retry, thresholds),
        stops=asks_to_end(other, None, ENDINGS.of(domain)),
        stop_understood=is_stop_intent(later.facets.intent),
        corrects=is_correction(other),
        listens=is_backchannel(other),
        steers=is_steering(other),
        asked=earlier.asked,
        went_wrong=earlier.status in _WENT_WRONG,
        answered=later.status is not None,
        wake=later.wake_confidence,
        same_intent=facets.intent == next_facets.intent if understood else None,
        same_domain=None if domain is None or next_domain is None else domain == next_domain,
        offset_ms=overlap.offset_ms,
        share_heard=overlap.share_heard,
        stop_latency_ms=overlap.stop_latency_ms,
        speech_ms=overlap.speech_ms,
        retry_score=retry.score if retry is not None else 0.0,
        characters=characters_alike(one, other) if both else 0.0,
        sounds=sounds_alike(one, other) if both else 0.0,
        content=content_shared(one, other) if both else 0.0,
        new_words=len(other.content - one.content),
        lost_words=len(one.content - other.content),
    )


def _kind(earlier: Exchange, later: Exchange, retry: Retry | None, thresholds: Thresholds) -> BargeInKind:
    words = later.recall_words()
    if not words.count or (later.wake_confidence is not None and later.wake_confidence < thresholds.wake_confidence):
        return BargeInKind.OTHER_DIRECTED
    if asks_to_end(words, later.facets.intent, ENDINGS.of(earlier.facets.domain)):
        return BargeInKind.STOP
    if later.status is None and is_backchannel(words):
        return BargeInKind.BACKCHANNEL
    if is_correction(words) or (retry is not None and retry.distance == 1 and retry.kind is not RetryKind.REFINEMENT):
        return BargeInKind.CORRECTION
    if later.status is None and _takes_the_turn(later, words, thresholds):
        return BargeInKind.OTHER_DIRECTED  # the device let it pass: nothing in it was for the assistant
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

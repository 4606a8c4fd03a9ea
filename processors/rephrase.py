"""Repeat, rephrase, refinement: does a request ask again for what an earlier one did not get?

Two steps. A gate looks at letters, sounds and words and lets few pairs through; a logistic score weighs what it saw
with the gap and with what the assistant said of its own answer. The features are those that set retries apart in
Levitan and Elson, ACL 2014, and Jiang et al., SIGIR 2013.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import exp, inf, log

from processors.exchange import Exchange
from processors.phrases import asks_to_stop, is_correction, is_steering
from processors.retry import Retry, RetryCase, RetryKind, RetryOpinion
from processors.similarity import Words, alike, characters_alike, content_shared, sounds_alike, words_alike
from processors.thresholds import THRESHOLDS, Thresholds
from schemas.turn import ResponseStatus

_NOT_UNDERSTOOD = ResponseStatus.NOT_UNDERSTOOD
_FAILED = frozenset({ResponseStatus.NOT_UNDERSTOOD, ResponseStatus.FAILED, ResponseStatus.UNSUPPORTED})


@dataclass(frozen=True, slots=True)
class Weights:
    """Log-odds of the retry score. Set by hand: signs follow the literature; sizes were chosen so that equal words a
    few seconds apart score above 0.7 and two unlike requests below 0.3, and then rounded while looking at the ranking
    of the GetGoing development calls. So figures on those calls are not from unseen data; on any others they are."""

    bias: float = -3.2
    alike: float = 3.0
    """by the greater of letters and sounds"""
    content: float = 2.0
    same: float = 1.0
    """the same words"""
    correction: float = 1.5
    """the later request says that it went wrong"""
    steering: float = -4.0
    """the later request is `yes`, `next`, `stop`, ...: said again and again without a failure"""
    steered: float = -2.0
    """the earlier one is"""
    length: float = 0.06
    """for each word of the earlier request up to 20: the longer it is, the likelier it was misheard"""
    not_understood: float = 4.0
    """the assistant did not understand the earlier request and this is the next one"""
    failed: float = 1.5
    """it failed otherwise, or longer ago"""
    answered: float = -0.7
    asked: float = -1.2
    """the assistant asked back: the next request most likely answers"""
    gap: float = -1.0
    """at the end of the window"""
    distance: float = -0.8
    """for each user turn between"""


WEIGHTS = Weights()

_NEEDED = log(THRESHOLDS.retry_score / (1.0 - THRESHOLDS.retry_score)) - 1e-6

_COUNTED_WORDS = 20
_ROUNDING = 1e-6


def _odds(
    earlier: Exchange,
    one: Words,
    other: Words,
    alike: float,
    content: float,
    gap_s: float,
    distance: int,
    window_s: float,
) -> float:
    """Log-odds that `other` asks again for what `one` asked for."""
    weights = WEIGHTS
    odds = weights.bias + weights.alike * alike + weights.content * content
    odds += weights.length * min(one.count, _COUNTED_WORDS) + weights.distance * (distance - 1)
    odds += weights.gap * min(max(gap_s / window_s, 0.0), 1.0)
    status = earlier.status
    failed = status in _FAILED
    if one.text == other.text:
        odds += weights.same
    if is_correction(other):
        odds += weights.correction
    if _steers(one):
        odds += weights.steered
    if _steers(other) and not (failed and one.text == other.text):
        odds += weights.steering
    return odds + _of_status(status, distance)


def _of_status(status: ResponseStatus | None, distance: int) -> float:
    """What the assistant said of its own answer, as a part of the log-odds."""
    if status is None:
        return 0.0
    if status is _NOT_UNDERSTOOD and distance == 1:
        return WEIGHTS.not_understood
    if status in _FAILED:
        return WEIGHTS.failed
    return WEIGHTS.asked if status is ResponseStatus.ASKED else WEIGHTS.answered


def _steers(words: Words) -> bool:
    return is_steering(words) or asks_to_stop(words)


def _probability(odds: float) -> float:
    return 1.0 / (1.0 + exp(-odds))


def _enough_words(status: ResponseStatus | None, distance: int, correction: bool) -> float:
    """How many words an earlier request must have for `_odds` to reach the threshold without a content word in common.

    Taken at its best: wholly alike in letters or sounds, at once, and no steering. Infinite where none suffice.
    """
    best = WEIGHTS.bias + WEIGHTS.alike + WEIGHTS.distance * (distance - 1) + _of_status(status, distance)
    best += _ROUNDING + (WEIGHTS.correction if correction else 0.0)
    for words in range(_COUNTED_WORDS + 1):
        if _probability(best + WEIGHTS.length * words) >= THRESHOLDS.retry_score:
            return words
    return inf


_ENOUGH_WORDS: dict[bool, dict[ResponseStatus | None, tuple[float, ...]]] = {
    correction: {
        status: (
            0.0,
            *(_enough_words(status, distance, correction) for distance in range(1, THRESHOLDS.window_turns + 1)),
        )
        for status in (None, *ResponseStatus)
    }
    for correction in (False, True)
}
"""By whether the later request corrects, the earlier one's status, and the distance. Most pairs have nothing in common
and too few words: nobody needs to measure how alike they are."""


def began_at(exchange: Exchange) -> float:
    """When the person began: the first sound, or when the turn was sent."""
    return exchange.speech[0] if exchange.speech is not None else exchange.at


def retry_score(exchanges: Sequence[Exchange], i: int, thresholds: Thresholds = THRESHOLDS) -> float:
    """Probability in [0, 1] that exchange `i` asks again for what one in its window asked for, without the gate.

    For ranking: every turn gets a score, 0 when nothing is in its window.
    """
    later = exchanges[i]
    other = later.recall_words()
    best = 0.0
    for distance in range(1, min(thresholds.window_turns, i) + 1):
        earlier = exchanges[i - distance]
        gap_s = began_at(later) - earlier.end
        if gap_s > thresholds.window_s:
            break
        one = earlier.recall_words()
        if not one.count or not other.count:
            continue
        alike = max(characters_alike(one, other), sounds_alike(one, other))
        content = content_shared(one, other)
        best = max(
            best,
            _probability(_odds(earlier, one, other, alike, content, gap_s, distance, thresholds.window_s)),
        )
    return best


Ask = Callable[[RetryCase], RetryOpinion | None]
"""Asks a learned model."""


def cases_of(exchanges: Sequence[Exchange], i: int) -> list[RetryCase]:
    """What `find_retry` would ask a model about exchange `i`."""
    cases: list[RetryCase] = []
    find_retry(exchanges, i, cases.append)
    return cases


def find_retry(exchanges: Sequence[Exchange], i: int, ask: Ask | None = None) -> Retry | None:
    """The earlier exchange in the window that exchange `i` most likely comes back to; None when to none of them.

    `ask`: a learned model, which decides about what passes the gate; without it the rules do.
    """
    later = exchanges[i]
    other = later.words or later.recall_words()
    if not other.count:
        return None
    speech = later.speech
    start = speech[0] if speech is not None else later.at
    marks, enough = other.marks, _ENOUGH_WORDS[is_correction(other)]
    window_s = THRESHOLDS.window_s
    found: Retry | None = None
    for distance in range(1, min(THRESHOLDS.window_turns, i) + 1):
        earlier = exchanges[i - distance]
        gap_s = start - earlier.end
        if gap_s > window_s:
            break
        one = earlier.words or earlier.recall_words()
        count, status = one.count, earlier.status
        if not count:
            continue
        if ask is None and count < enough[status][distance] and not one.marks & marks:
            continue  # the rules' score cannot get there; what a model says is not known before it is asked
        if (distance != 1 or status is not _NOT_UNDERSTOOD) and not _passes_gate(one, other, THRESHOLDS):
            continue
        if ask is None:
            retry = _judge(earlier, one, other, gap_s, distance, THRESHOLDS)
        else:
            retry = _heard(ask, earlier, later, gap_s, distance)
        if retry is not None and (found is None or retry.score > found.score):
            found = retry
    return found


def _passes_gate(one: Words, other: Words, thresholds: Thresholds) -> bool:
    """Whether a pair is worth a closer look; unlike ones, nearly all, leave after one comparison."""
    most = thresholds.gate_short_words
    ours, theirs = one.content, other.content
    if ours.isdisjoint(theirs):
        if one.count > most and other.count > most:
            return False
        near = thresholds.gate_near
    else:
        if len(ours & theirs) >= thresholds.gate_words * min(len(ours), len(theirs)):
            return True
        near = thresholds.gate_near if one.count <= most or other.count <= most else thresholds.gate_characters
    characters = alike(one.text, other.text, score_cutoff=near)
    if not characters:
        return False
    return characters >= thresholds.gate_characters or sounds_alike(one, other, thresholds.gate_sounds) > 0.0


def _judge(
    earlier: Exchange,
    one: Words,
    other: Words,
    gap_s: float,
    distance: int,
    thresholds: Thresholds,
) -> Retry | None:
    status = earlier.status
    content = content_shared(one, other)
    if _odds(earlier, one, other, 1.0, content, gap_s, distance, thresholds.window_s) < _NEEDED:
        return None  # however alike they are
    characters, sounds = characters_alike(one, other), sounds_alike(one, other)
    odds = _odds(earlier, one, other, max(characters, sounds), content, gap_s, distance, thresholds.window_s)
    score = _probability(odds)
    if score < thresholds.retry_score:
        return None
    correction = is_correction(other)
    if words_alike(one, other) >= thresholds.repeat_similarity:
        kind = RetryKind.REPEAT
    elif status not in _FAILED and not correction and (status is ResponseStatus.ASKED or one.content < other.content):
        kind = RetryKind.REFINEMENT
    else:
        kind = RetryKind.REPHRASE
    return Retry(kind, distance, gap_s, score, characters, sounds, content, correction, status)


def _heard(ask: Ask, earlier: Exchange, later: Exchange, gap_s: float, distance: int) -> Retry | None:
    status = earlier.status
    case = RetryCase(
        first=earlier.request,
        second=later.request,
        response=earlier.response_text,
        status=status.value if status is not None else None,
        gap_s=gap_s,
        distance=distance,
        asked=earlier.asked,
        n_best=earlier.n_best,
        confidence=earlier.confidence,
    )
    opinion = ask(case)
    if opinion is None or opinion.kind is None:
        return None
    one, other = earlier.recall_words(), later.recall_words()
    return Retry(
        opinion.kind,
        distance,
        gap_s,
        opinion.score,
        characters_alike(one, other),
        sounds_alike(one, other),
        content_shared(one, other),
        is_correction(other),
        status,
        opinion.cause,
    )

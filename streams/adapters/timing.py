"""Times for sources that have none: the same for the same dialogue, always, and plausible.

People and synthetic voices say about 2.5 words a second. Pauses between turns are log-normal (Heldner and Edlund,
Journal of Phonetics 2010, find medians of some tenths of a second between people; a person who answers a machine takes
longer). Randomness comes from a hash of the dialogue's id, so there is nothing to seed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from math import exp
from statistics import NormalDist

from schemas.turn import Span

WORDS_PER_S = 2.5
SHORTEST_S = 0.4
PERSON_PAUSE_S = 1.2
"""Median pause before a person speaks."""
ASSISTANT_PAUSE_S = 0.8
"""Median pause before an assistant answers."""
SPREAD = 0.5
"""Standard deviation of the logarithm of a pause."""
TAIL_S = 1.0
"""Silence after the last words, before the dialogue is over."""
LONGEST_STRETCH = 4.0
"""Pauses are stretched by this at most: two people rarely say nothing for half a minute."""

FIRST_DIALOGUE = datetime(2020, 1, 6, 9, 0, tzinfo=UTC)
"""When the first dialogue of a source without any times begins."""
REST = timedelta(minutes=2)
"""Silence between its dialogues: long enough that one is closed before the next begins."""

_NORMAL = NormalDist()
_MAX = float(1 << 64)


@dataclass(frozen=True, slots=True)
class Utterance:
    """Something said: how long nobody spoke before it and how long it takes, in seconds."""

    pause_s: float
    duration_s: float


def pause_s(median_s: float, *seed: str) -> float:
    """A log-normal pause in seconds, a function of the seed."""
    digest = blake2b("/".join(seed).encode(), digest_size=8).digest()
    share = (int.from_bytes(digest, "big") + 0.5) / _MAX
    return median_s * exp(SPREAD * _NORMAL.inv_cdf(min(max(share, 1e-9), 1 - 1e-9)))


def duration_s(text: str) -> float:
    """How long it takes to say a text, in seconds."""
    return max(SHORTEST_S, len(text.split()) / WORDS_PER_S)


def lay_out(utterances: Sequence[Utterance], start: datetime, end: datetime | None = None) -> list[Span]:
    """When each utterance is said, one after the other from `start` on, to the millisecond.

    With `end` everything lies between the two: pauses are stretched when there is time to spare, up to a limit (the
    rest is silence at the end), and all is said faster when there is too little.
    """
    said_s = sum(utterance.duration_s for utterance in utterances)
    silent_s = sum(utterance.pause_s for utterance in utterances) + TAIL_S
    pause_factor = duration_factor = 1.0
    if end is not None:
        available_s = max((end - start).total_seconds(), 0.0)
        if available_s >= said_s + silent_s:
            pause_factor = min((available_s - said_s) / silent_s, LONGEST_STRETCH)
        else:
            pause_factor = duration_factor = available_s / (said_s + silent_s)
    spans: list[Span] = []
    at_s = 0.0
    for utterance in utterances:
        at_s += utterance.pause_s * pause_factor
        began = start + timedelta(milliseconds=round(at_s * 1000))
        at_s += utterance.duration_s * duration_factor
        spans.append(Span(started_at=began, ended_at=start + timedelta(milliseconds=round(at_s * 1000))))
    return spans

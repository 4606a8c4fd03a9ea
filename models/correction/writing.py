"""Writes the rewrite of a request: a beam search over copying words of the exchange and writing a few others."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from models.correction.features import Floats, Seen
from models.correction.network import BEGIN, END, Copied, Network, Reading, jumps
from models.correction.safeguard import FUNCTION_WORDS
from models.correction.words import join

BEAM = 4
MOST_WORDS = 64
_LENGTH = 0.7
"""Exponent of the length by which the log-probability of a rewrite is divided (Wu et al., 2016)."""


@dataclass(frozen=True, slots=True)
class _Draft:
    state: Floats
    words: tuple[str, ...]
    total: float
    source: int | None
    written: int
    copied: Copied

    @property
    def is_complete(self) -> bool:
        return self.source is None and self.written == END

    @property
    def score(self) -> float:
        """Log-probability a word."""
        return float(self.total / (len(self.words) + 1) ** _LENGTH)


def rewrite(network: Network, reading: Reading, seen: Seen, vocabulary: Sequence[str]) -> str:
    """The most likely rewrite."""
    drafts = [_Draft(network.begin(reading), (), 0.0, None, BEGIN, Copied.nothing(seen))]
    complete: list[_Draft] = []
    for _ in range(min(len(seen.words) + 6, MOST_WORDS)):
        grown = [new for draft in drafts for new in _grown(network, reading, seen, vocabulary, draft)]
        grown.sort(key=lambda draft: -draft.total)
        complete += [draft for draft in grown[:BEAM] if draft.is_complete]
        drafts = [draft for draft in grown if not draft.is_complete][:BEAM]
        if len(complete) >= BEAM or not drafts:
            break
    best = max(complete or drafts, key=lambda draft: draft.score)
    text = join(best.words)
    return text[:1].upper() + text[1:] if _capitalised(seen) else text


def _grown(network: Network, reading: Reading, seen: Seen, vocabulary: Sequence[str], draft: _Draft) -> list[_Draft]:
    state, chances = network.step(reading, draft.state, draft.source, draft.written, jumps(seen.roles, draft.copied))
    chances[BEGIN] = -np.inf
    grown = []
    for action in np.argsort(-chances, kind="stable")[:BEAM].tolist():
        total = draft.total + float(chances[action])
        if action < len(vocabulary):
            words = draft.words if action == END else (*draft.words, vocabulary[action])
            grown.append(_Draft(state, words, total, None, action, draft.copied))
        else:
            place = action - len(vocabulary)
            word = _inside(seen, place) if draft.words else seen.words[place].text
            grown.append(_Draft(state, (*draft.words, word), total, place, END, draft.copied.then(place, seen.roles)))
    return grown


def _inside(seen: Seen, place: int) -> str:
    """A word as it is written inside a sentence: the capital of a sentence's first word goes, unless it is a name's."""
    word = seen.words[place].text
    first = place == 0 or seen.roles[place] != seen.roles[place - 1] or seen.words[place - 1].text in ".?!"
    return word.lower() if first and word.lower() in FUNCTION_WORDS else word


def _capitalised(seen: Seen) -> bool:
    """Whether the request, or the turn where there is none, begins with a capital."""
    return bool(seen.words) and seen.words[0].text[:1].isupper()

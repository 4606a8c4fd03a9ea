"""What sets a retry apart without any encoder: letters, sounds, words, what was answered, how long ago.

The features are those of Levitan and Elson (ACL 2014) and Jiang et al. (SIGIR 2013), and what the answer says of
itself. Every feature is a number near [0, 1]; a field that is missing sets a feature of its own.
"""

from difflib import SequenceMatcher
from math import exp, log1p

import numpy as np
from numpy.typing import NDArray
from rapidfuzz.distance import Indel
from rapidfuzz.fuzz import partial_ratio

from models.rephrase.candidate import Candidate
from models.rephrase.wording import (
    Wording,
    acknowledges,
    asks_back,
    says_failed,
    says_not_understood,
    sound_of,
    wording_of,
)

_alike = Indel.normalized_similarity
_STATUSES = ("answered", "asked", "not-understood", "unsupported", "failed")
_HINGES = (0.4, 0.6, 0.8)
"""From where on likeness counts more: below the first it says nothing, near 1 each bit says much."""
_GAP_S = 15.0
_SAME = 0.95
_NEARLY = 0.9
"""Chosen on simulated people that the model learns from: the best F1 of repeats among retries."""

_PAIR = (
    "characters", "sounds", "words", "content_overlap", "content_edit", "reduced_edit", "token_edit", "part",
    "same", "first_inside", "second_inside", "longer", "first_length", "second_length", "changed_sounds",
    "changed_share", "inserted_share", "dropped_share", "numbers_changed", "alike",
    *(f"alike_over_{hinge}" for hinge in _HINGES),
)  # fmt: skip
_SAYS = ("marked", "refusing", "marked_inside", "steering", "steering_first", "affirming")
_AROUND = (
    "no_response", "not_understood", "failed", "asks", "response_length", "response_has_second",
    "response_has_first", "new_from_response", "acknowledges",
    *(f"status_{status.replace('-', '_')}" for status in _STATUSES), "no_status",
    "gap", "no_gap", "barged_in", "turns_between", "n_best", "n_best_closer", "confidence", "no_confidence",
    "earlier_alike", "later_alike", "has_earlier", "has_later",
)  # fmt: skip
NAMES: tuple[str, ...] = (*_PAIR, *_SAYS, *_AROUND)
"""Of the features, in their order."""

Floats = NDArray[np.float32]


def gate_features(candidate: Candidate) -> Floats:
    """(len(NAMES),) of one candidate."""
    first, second = wording_of(candidate.first), wording_of(candidate.second)
    values = [
        *_pair(first, second),
        second.marked,
        second.refusing,
        second.marked_inside,
        second.steering,
        first.steering,
        second.affirming,
        *_answer(candidate, first, second),
        *_circumstances(candidate, first, second),
    ]
    return np.array(values, dtype=np.float32)


def same_words(first: str, second: str) -> bool:
    """Whether two requests consist of the same words."""
    one, other = wording_of(first).words, wording_of(second).words
    either = len(one | other)
    return bool(either) and len(one & other) / either >= _SAME


def says_the_same(first: str, second: str) -> bool:
    """Whether a request was said again in the same words, as far as a recogniser lets one tell: they are the same, or
    so alike in letters or sounds that what differs was likely misheard, and nothing like "no, I said" was added."""
    one, other = wording_of(first), wording_of(second)
    if same_words(first, second):
        return True
    alike = max(_alike(one.text, other.text), _alike(one.sounds, other.sounds))
    return alike >= _NEARLY and not (other.marked or other.refusing)


def changed(first: Wording, second: Wording) -> tuple[list[str], list[str]]:
    """The words that only the one and only the other has, by alignment."""
    ours: list[str] = []
    theirs: list[str] = []
    for kind, a, b, c, d in SequenceMatcher(None, first.tokens, second.tokens, autojunk=False).get_opcodes():
        if kind != "equal":
            ours += first.tokens[a:b]
            theirs += second.tokens[c:d]
    return ours, theirs


def sounds_alike(ours: list[str], theirs: list[str]) -> float:
    """How alike two lists of words sound, in [0, 1]; 0 where one is empty."""
    if not ours or not theirs:
        return 0.0
    return _alike("".join(map(sound_of, ours)), "".join(map(sound_of, theirs)))


def _pair(first: Wording, second: Wording) -> list[float]:
    ours, theirs = changed(first, second)
    one, other = frozenset(first.content), frozenset(second.content)
    shared, fewest = len(one & other), min(len(one), len(other))
    most_words = max(len(first.tokens), len(second.tokens), 1)
    either = len(first.words | second.words)
    numbers = {word for word in ours if any(map(str.isdigit, word))}
    other_numbers = {word for word in theirs if any(map(str.isdigit, word))}
    letters, sounds = _alike(first.text, second.text), _alike(first.sounds, second.sounds)
    alike = max(letters, sounds)
    return [
        letters,
        sounds,
        len(first.words & second.words) / either if either else 0.0,
        shared / fewest if fewest else 0.0,
        _alike(" ".join(first.content), " ".join(second.content)),
        _alike("".join(map(sound_of, sorted(one))), "".join(map(sound_of, sorted(other)))),
        1.0 - (len(ours) + len(theirs)) / max(len(first.tokens) + len(second.tokens), 1),
        partial_ratio(first.text, second.text) / 100.0 if first.text and second.text else 0.0,
        first.text == second.text,
        one <= other,
        other <= one,
        (len(second.tokens) - len(first.tokens)) / most_words,
        log1p(len(first.tokens)) / 3.0,
        log1p(len(second.tokens)) / 3.0,
        sounds_alike(ours, theirs),
        max(len(ours), len(theirs)) / most_words,
        bool(theirs) and not ours,
        bool(ours) and not theirs,
        bool(numbers) and bool(other_numbers) and numbers != other_numbers,
        alike,
        *(max(alike - hinge, 0.0) for hinge in _HINGES),
    ]


def _answer(candidate: Candidate, first: Wording, second: Wording) -> list[float]:
    """What the answer between the two says, and whether the second takes up its words."""
    response = candidate.response
    statuses = [candidate.status == status for status in _STATUSES]
    if not response:
        return [1.0, 0.0, 0.0, candidate.asked or 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, *statuses, candidate.status is None]
    said = wording_of(response)
    asks = asks_back(response) if candidate.asked is None else candidate.asked
    new = frozenset(second.content) - first.words
    return [
        0.0,
        says_not_understood(response),
        says_failed(response),
        asks,
        log1p(len(said.tokens)) / 4.0,
        len(said.words.intersection(second.content)) / max(len(second.content), 1),
        len(said.words.intersection(first.content)) / max(len(first.content), 1),
        len(new & said.words) / len(new) if new else 0.0,
        acknowledges(response),
        *statuses,
        candidate.status is None,
    ]


def _circumstances(candidate: Candidate, first: Wording, second: Wording) -> list[float]:
    gap_s, confidence = candidate.gap_s, candidate.confidence
    heard = [_alike(wording_of(text).text, second.text) for text in candidate.n_best]
    closest = max(heard, default=0.0)
    return [
        0.0 if gap_s is None else exp(-max(gap_s, 0.0) / _GAP_S),
        gap_s is None,
        gap_s is not None and gap_s < 0.0,
        min(candidate.distance - 1, 4) / 4.0,
        closest,
        max(closest - _alike(first.text, second.text), 0.0) if heard else 0.0,
        0.0 if confidence is None else confidence,
        confidence is None,
        max((_alike(wording_of(text).text, second.text) for text in candidate.earlier), default=0.0),
        max((_alike(wording_of(text).text, second.text) for text in candidate.later), default=0.0),
        bool(candidate.earlier),
        bool(candidate.later),
    ]

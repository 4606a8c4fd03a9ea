"""What the ranker sees of a candidate: how alike the words are, what is known of the rewrite, and whether it fits here
and now (Cho et al. 2021, section on ranking; the menu in Chen et al. 2020)."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import process
from rapidfuzz.distance import Indel

from models.rephrase.wording import without_function_words
from models.rewrite.candidate import Candidate, Channel, Via
from models.rewrite.context import ContextPrior
from models.rewrite.entry import State, plain, state_of
from models.rewrite.lexical import letters_alike
from models.rewrite.phonetic import sounds_of
from models.rewrite.query import Query

NAMES: Final = (
    "exact",
    "by-source",
    "by-target",
    "letters",
    "sounds",
    "cosine",
    "cosine-known",
    "target-letters",
    "target-sounds",
    "content-kept",
    "length-change",
    "n-best-letters",
    "n-best-has-it",
    "source-failure",
    "source-weight",
    "target-success",
    "target-weight",
    "support",
    "users",
    "personal",
    "recency",
    "same-domain",
    "same-intent",
    "states-known",
    "slot-kinds",
    "slot-values",
    "asr-doubt",
    "nlu-doubt",
    "affinity",
    "device-fits",
    "activity-fits",
    "hour-fits",
    "place-fits",
)

CONTEXT: Final = ("device-fits", "activity-fits", "hour-fits", "place-fits")
"""Those that an ablation of the context leaves out."""

_LOGGED: Final = [NAMES.index(name) for name in ("source-weight", "target-weight", "support", "users")]
_EXACT: Final = (Channel.EXACT, Channel.STATE)
_DAY_MS = 86_400_000
_NOTHING_KNOWN = 0.5


def features(query: Query, candidates: Sequence[Candidate], context: ContextPrior) -> NDArray[np.float64]:
    """(candidates, NAMES)."""
    asked = _Asked(query, context)
    rows = [_row(asked, *each) for each in zip(candidates, *_likenesses(asked.text, candidates), strict=True)]
    made = np.array(rows, dtype=np.float64).reshape(len(candidates), len(NAMES))
    made[:, _LOGGED] = np.log1p(made[:, _LOGGED])
    return made


class _Asked:
    """What is the same for all candidates of a request, or for those of a domain, is made once."""

    __slots__ = ("_context", "_fits", "doubts", "n_best", "query", "state", "text", "wished")

    def __init__(self, query: Query, context: ContextPrior) -> None:
        self.query = query
        self.text = plain(query.text)
        self.wished = content_of(self.text)
        self.n_best = [one for one in map(plain, query.n_best) if one != self.text]
        self.state = state_of(query.state)
        self.doubts = tuple(
            1.0 - known if known is not None else _NOTHING_KNOWN
            for known in (query.asr_confidence, query.nlu_confidence)
        )
        self._context = context
        self._fits: dict[str | None, tuple[float, float, float, float]] = {}

    def fits(self, domain: str | None) -> tuple[float, float, float, float]:
        found = self._fits.get(domain)
        if found is None:
            found = self._fits[domain] = self._context.fits(self.query, domain)
        return found


def _likenesses(text: str, candidates: Sequence[Candidate]) -> tuple[list[float], ...]:
    """Of each candidate: to the text through which it was found and to its target, in letters and then in sounds."""
    found, targets = [one.found for one in candidates], [one.entry.target for one in candidates]
    sounds = sounds_of(text)
    return (
        _alike(text, found),
        _alike(text, targets),
        _alike(sounds, list(map(sounds_of, found))),
        _alike(sounds, list(map(sounds_of, targets))),
    )


def _alike(one: str, others: Sequence[str]) -> list[float]:
    made: list[float] = process.cdist([one], others, scorer=Indel.normalized_similarity, dtype=np.float64)[0].tolist()
    return made


def _row(
    asked: _Asked, found: Candidate, letters: float, target_letters: float, sounds: float, target_sounds: float
) -> list[float]:
    """`_LOGGED` are as they stand; their logarithms are taken of all rows at once."""
    entry, text, by_source = found.entry, asked.text, found.via is Via.SOURCE
    target, failed, worked = entry.target, entry.source_success, entry.target_success
    offered_state = state_of(entry.target_state)
    source_weight, target_weight = failed.good + failed.bad, worked.good + worked.bad
    return [
        found.channel in _EXACT,
        by_source,
        not by_source,
        letters,
        sounds,
        found.cosine if found.cosine is not None else found.found == text,
        found.cosine is not None,
        target_letters,
        target_sounds,
        len(asked.wished & content_of(target)) / (len(asked.wished) or 1),
        (len(target) - len(text)) / max(len(target), len(text), 1),
        max((letters_alike(one, target) for one in asked.n_best), default=0.0) if asked.n_best else 0.0,
        target in asked.n_best,
        1.0 - failed.good / source_weight if by_source else _NOTHING_KNOWN,
        source_weight if by_source else 0.0,
        worked.good / target_weight,
        target_weight,
        entry.support,
        entry.users,
        entry.user != "",
        _recency(asked.query.now_ms, entry.last_seen_ms),
        *_states(asked.state, offered_state),
        *asked.doubts,
        _affinity(asked.query, text, target) if asked.query.affinity else 0.0,
        *asked.fits(offered_state.domain if offered_state else None),
    ]


@lru_cache(maxsize=65_536)
def content_of(text: str) -> frozenset[str]:
    """Its words that carry a wish."""
    tokens = text.split()
    return frozenset(without_function_words(tokens) or tokens)


def _recency(now_ms: int | None, last_seen_ms: int) -> float:
    if now_ms is None or not last_seen_ms:
        return 0.0
    return 1.0 / (1.0 + max(0, now_ms - last_seen_ms) / _DAY_MS)


def _states(ours: State | None, theirs: State | None) -> tuple[float, float, float, float, float]:
    if ours is None or theirs is None:
        return 0.0, 0.0, 0.0, 0.0, 0.0
    same = ours.domain == theirs.domain
    kinds, values = ours.kinds | theirs.kinds, set(ours.slots) | set(theirs.slots)
    return (
        float(same),
        float(same and ours.intent == theirs.intent),
        1.0,
        len(ours.kinds & theirs.kinds) / len(kinds) if kinds else 1.0,
        len(set(ours.slots) & set(theirs.slots)) / len(values) if values else 1.0,
    )


def _affinity(query: Query, text: str, target: str) -> float:
    said, offered = f" {text} ", f" {target} "
    return float(
        sum(
            polarity
            for value, polarity in query.affinity.items()
            if f" {value} " in offered and f" {value} " not in said
        )
    )

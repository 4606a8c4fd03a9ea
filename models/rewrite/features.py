"""What the ranker sees of a candidate: how alike the words are, what is known of the rewrite, and whether it fits here
and now (Cho et al. 2021, section on ranking; the menu in Chen et al. 2020)."""

from collections.abc import Sequence
from functools import lru_cache
from math import log1p
from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.rephrase.wording import without_function_words
from models.rewrite.candidate import Candidate, Channel, Via
from models.rewrite.context import ContextPrior
from models.rewrite.entry import State, plain, state_of
from models.rewrite.lexical import letters_alike
from models.rewrite.phonetic import sounds_alike
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

_DAY_MS = 86_400_000
_NOTHING_KNOWN = 0.5


def features(query: Query, candidates: Sequence[Candidate], context: ContextPrior) -> NDArray[np.float64]:
    """(candidates, NAMES)."""
    asked = _Asked(query, context)
    rows = [_row(asked, candidate) for candidate in candidates]
    return np.array(rows, dtype=np.float64).reshape(len(candidates), len(NAMES))


class _Asked:
    """What is the same for all candidates of a request, or for those of a domain, is made once."""

    __slots__ = ("_context", "_fits", "doubts", "n_best", "query", "state", "text", "wished")

    def __init__(self, query: Query, context: ContextPrior) -> None:
        self.query = query
        self.text = plain(query.text)
        self.wished = _content(self.text)
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


def _row(asked: _Asked, found: Candidate) -> list[float]:
    entry, text, by_source = found.entry, asked.text, found.via is Via.SOURCE
    target = entry.target
    offered_state = state_of(entry.target_state)
    same = found.found == text
    return [
        float(found.channel in (Channel.EXACT, Channel.STATE)),
        float(by_source),
        float(not by_source),
        letters_alike(text, found.found),
        sounds_alike(text, found.found),
        found.cosine if found.cosine is not None else float(same),
        float(found.cosine is not None),
        letters_alike(text, target),
        sounds_alike(text, target),
        len(asked.wished & _content(target)) / max(1, len(asked.wished)),
        (len(target) - len(text)) / max(len(target), len(text), 1),
        max((letters_alike(one, target) for one in asked.n_best), default=0.0) if asked.n_best else 0.0,
        float(target in asked.n_best),
        1.0 - entry.source_success.mean if by_source else _NOTHING_KNOWN,
        log1p(entry.source_success.weight) if by_source else 0.0,
        entry.target_success.mean,
        log1p(entry.target_success.weight),
        log1p(entry.support),
        log1p(entry.users),
        float(entry.personal),
        _recency(asked.query, entry.last_seen_ms),
        *_states(asked.state, offered_state),
        *asked.doubts,
        _affinity(asked.query, text, target) if asked.query.affinity else 0.0,
        *asked.fits(offered_state.domain if offered_state else None),
    ]


@lru_cache(maxsize=65_536)
def _content(text: str) -> frozenset[str]:
    tokens = text.split()
    return frozenset(without_function_words(tokens) or tokens)


def _recency(query: Query, last_seen_ms: int) -> float:
    if query.now_ms is None or not last_seen_ms:
        return 0.0
    return 1.0 / (1.0 + max(0, query.now_ms - last_seen_ms) / _DAY_MS)


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

"""Rewrites, an encoder and a ranker for tests: no model is loaded."""

from collections.abc import Sequence
from datetime import UTC, datetime
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from models.logistic import Logistic
from models.rewrite.context import ContextPrior
from models.rewrite.entry import Entry, Success
from models.rewrite.features import NAMES
from models.rewrite.index import RewriteIndex
from models.rewrite.ranker import Ranker
from schemas.rewrite import Rewrite, RewriteLayer
from schemas.rewrite import Success as Posterior

NOW = datetime(2026, 3, 2, 18, 0, tzinfo=UTC)


class LettersEncoder:
    """Texts with the same groups of three letters are near. Counts how many it was asked for."""

    version = "letters/1"
    width = 384

    def __init__(self) -> None:
        self.encoded = 0

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.encoded += len(texts)
        made = np.zeros((len(texts), 384), dtype=np.float32)
        for row, text in enumerate(texts):
            padded = f"  {text} "
            for at in range(len(padded) - 2):
                made[row, crc32(padded[at : at + 3].encode()) % 384] += 1.0
        made /= np.maximum(np.linalg.norm(made, axis=1, keepdims=True), 1e-9)
        return made

    def forget(self) -> None:
        """Nothing is remembered."""


def entry(
    source: str,
    target: str,
    user: str = "",
    blocked_because: str | None = None,
    source_state: str = "",
    target_state: str = "music|play_song|song:x",
    last_seen_ms: int = 1_000,
) -> Entry:
    """`source` -> `target`; the state of the source is its words, unless it is given."""
    state = source_state or f"music||words:{source}"
    layer = f"personal/{user}" if user else "global"
    return Entry(
        key=f"{layer}/{state}",
        rewrite_id=f"id of {layer}/{state}",
        user=user,
        sources=(source,),
        target=target,
        source_success=Success(2.0, 18.0, 0.02, 0.3),
        target_success=Success(45.0, 5.0, 0.8, 0.95),
        source_state=state,
        target_state=target_state,
        score=0.8,
        leave_alone=0.1,
        agreement=0.9,
        support=40.0,
        users=1 if user else 25,
        first_seen_ms=500,
        last_seen_ms=last_seen_ms,
        blocked_because=blocked_because,
        reason="people who said the one said the other next, and got it",
        normaliser="1",
        solver="test/1",
    )


def index_of(*entries: Entry) -> RewriteIndex:
    """An index that holds them."""
    made = RewriteIndex(LettersEncoder())
    for one in entries:
        made.put(one)
    return made


def ranker(threshold: float = 0.5) -> Ranker:
    """Counts likeness to what failed before, a person's own words and affinity."""
    weights = dict.fromkeys(NAMES, 0.0) | {
        "exact": 4.0,
        "by-source": 1.0,
        "letters": 4.0,
        "personal": 1.0,
        "affinity": 2.0,
        "source-failure": 1.0,
    }
    row = np.array([list(weights.values())], dtype=np.float64)
    ones, zeros = np.ones(len(NAMES)), np.zeros(len(NAMES))  # no feature that counts is above 3
    return Ranker(Logistic(zeros, ones, row, np.array([-6.0])), ContextPrior({}), threshold, "test/1")


def record(
    source: str = "play maj and dragons", target: str = "play imagine dragons", user: str | None = None
) -> Rewrite:
    """A record of the table."""
    return Rewrite(
        event_id=f"rewrite of {source} {user}",
        occurred_at=NOW,
        layer=RewriteLayer.GLOBAL if user is None else RewriteLayer.PERSONAL,
        user_id=user,
        source=f"music||words:{source}",
        source_texts=(source,),
        target="music|play_song|artist:artist:imagine-dragons",
        target_text=target,
        score=0.8,
        leave_alone=0.1,
        agreement=0.9,
        support=40.0,
        users=25,
        source_success=Posterior(good=2.0, bad=18.0, low=0.02, high=0.3),
        target_success=Posterior(good=45.0, bad=5.0, low=0.8, high=0.95),
        first_seen=NOW,
        last_seen=NOW,
        reason="people who said the one said the other next, and got it",
        normaliser="1",
        solver="test/1",
    )

"""Texts in, sentence embeddings out, with what was said before remembered: utterances follow Zipf's law."""

import threading
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from models.minilm import (
    MOST_TOKENS,
    WIDTH,
    Engine,
    Floats,
    ModelsNotInstalled,
    cache_folder,
    engine_for,
    minilm_tokenizer,
)

if TYPE_CHECKING:
    from tokenizers import Tokenizer

__all__ = ["WIDTH", "ModelsNotInstalled", "SentenceEncoder", "cache_folder"]

REMEMBERED = 65_536
"""Texts whose embeddings are kept, 1.5 kB each."""


class SentenceEncoder:
    """Encodes texts with MiniLM-L6. Safe to share between threads; one text's embedding never depends on others."""

    def __init__(self, engine: Engine, tokenizer: "Tokenizer", remembered: int = REMEMBERED) -> None:
        self._engine = engine
        self._tokenizer = tokenizer
        self._most = remembered
        self._known: OrderedDict[str, Floats] = OrderedDict()
        self._lock = threading.Lock()
        self.asked = 0
        """texts asked for so far"""
        self.encoded = 0
        """texts the model ran on; the rest was remembered"""

    @classmethod
    def load(cls, device: str = "auto", threads: int = 1, cache: Path | None = None) -> "SentenceEncoder":
        """The encoder on `auto`, `cpu` or `cuda`. `cache`: where converted weights are kept, by default the user's
        cache folder. Raises `ModelsNotInstalled` with what to install."""
        tokenizer = minilm_tokenizer()
        tokenizer.enable_truncation(MOST_TOKENS)
        return cls(engine_for(device, threads, cache or cache_folder()), tokenizer)

    @property
    def engine(self) -> str:
        """What runs the model, such as `ctranslate2/int8`."""
        return self._engine.name

    def encode(self, texts: Sequence[str]) -> Floats:
        """(len(texts), 384), rows of unit length."""
        with self._lock:
            self.asked += len(texts)
            wanted = {text: self._known.get(text) for text in texts}
            missing = [text for text, known in wanted.items() if known is None]
            if missing:
                wanted.update(zip(missing, self._run(missing), strict=True))
            for text, embedding in wanted.items():
                assert embedding is not None
                self._known[text] = embedding
                self._known.move_to_end(text)
            while len(self._known) > self._most:
                self._known.popitem(last=False)
        if not texts:
            return np.zeros((0, WIDTH), dtype=np.float32)
        return np.stack([wanted[text] for text in texts])  # type: ignore[misc]

    def forget(self) -> None:
        """Remember none of the texts so far."""
        with self._lock:
            self._known.clear()

    def _run(self, texts: Sequence[str]) -> Floats:
        ids = [encoding.ids for encoding in self._tokenizer.encode_batch(list(texts))]
        by_length: dict[int, list[int]] = {}
        for at, one in enumerate(ids):
            by_length.setdefault(len(one), []).append(at)
        made = np.empty((len(texts), WIDTH), dtype=np.float32)
        for places in by_length.values():
            for start in range(0, len(places), self._engine.at_once):
                chosen = places[start : start + self._engine.at_once]
                made[chosen] = self._engine.mean_of([ids[at] for at in chosen])
        self.encoded += len(texts)
        made /= np.maximum(np.linalg.norm(made, axis=1, keepdims=True), 1e-9)
        return made

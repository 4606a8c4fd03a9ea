"""Word states: what MiniLM makes of each word of a text, remembered, as utterances follow Zipf's law."""

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from models.correction.words import split
from models.encoder import cache_folder
from models.minilm import MOST_TOKENS, WIDTH, Engine, engine_for, minilm_tokenizer

if TYPE_CHECKING:
    from tokenizers import Tokenizer

Floats = NDArray[np.float32]

REMEMBERED = 4_096
"""Texts whose word states are kept, about 20 kB each."""

_BATCH = 64


class WordEncoder:
    """Encodes texts word by word. One text's states never depend on other texts."""

    def __init__(self, engine: Engine, tokenizer: "Tokenizer", remembered: int = REMEMBERED) -> None:
        self._engine = engine
        self._tokenizer = tokenizer
        self._most = remembered
        self._known: OrderedDict[str, Floats] = OrderedDict()

    @classmethod
    def load(cls, device: str = "auto", threads: int = 1, cache: Path | None = None) -> "WordEncoder":
        """The encoder on `auto`, `cpu` or `cuda`. Raises `ModelsNotInstalled` with what to install."""
        tokenizer = minilm_tokenizer()
        tokenizer.enable_truncation(MOST_TOKENS)
        return cls(engine_for(device, threads, cache or cache_folder()), tokenizer)

    def encode(self, texts: Sequence[str]) -> list[Floats]:
        """For each text (words, 384): the mean state of a word's pieces; zeros for words beyond the longest input."""
        wanted = {text: self._known.get(text) for text in texts}
        wanted.update(self.fresh([text for text, known in wanted.items() if known is None]))
        for text, states in wanted.items():
            assert states is not None
            self._known[text] = states
            self._known.move_to_end(text)
        while len(self._known) > self._most:
            self._known.popitem(last=False)
        return [wanted[text] for text in texts]  # type: ignore[misc]

    def fresh(self, texts: Sequence[str]) -> Iterable[tuple[str, Floats]]:
        """(text, states) of each, in order of length; nothing is remembered."""
        encodings = self._tokenizer.encode_batch(list(texts))
        by_length: dict[int, list[int]] = {}
        for at, encoding in enumerate(encodings):
            by_length.setdefault(len(encoding.ids), []).append(at)
        for _, places in sorted(by_length.items()):
            for start in range(0, len(places), _BATCH):
                chosen = places[start : start + _BATCH]
                states = self._engine.states_of([encodings[at].ids for at in chosen])
                for row, at in enumerate(chosen):
                    yield texts[at], _by_word(texts[at], encodings[at].offsets, states[row])


def _by_word(text: str, offsets: Sequence[tuple[int, int]], states: Floats) -> Floats:
    """Pieces belong to the word in which they begin."""
    words = split(text)
    sums = np.zeros((len(words), WIDTH), dtype=np.float32)
    pieces = np.zeros(len(words), dtype=np.float32)
    at = 0
    for (start, end), state in zip(offsets, states, strict=True):
        if start == end:
            continue
        while at + 1 < len(words) and words[at].end <= start:
            at += 1
        if words and words[at].start <= start < words[at].end:
            sums[at] += state
            pieces[at] += 1
    return np.asarray(sums / np.maximum(pieces, 1.0)[:, None], dtype=np.float32)

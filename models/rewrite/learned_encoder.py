"""Requests as sums of rows that were learned from what people said and what they meant: some fifteen times as fast
as a sentence encoder, and near for what sounds alike. Runs in numpy."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from models.folder import WEIGHTS, ModelFolderError, load_as
from models.minilm import minilm_tokenizer
from models.rewrite.eight_bit import EightBit
from models.rewrite.request_rows import ROWS, RequestRows

Floats = NDArray[np.float32]

RETRIEVAL_FOLDER: Final = WEIGHTS / "rewrite_retrieval"
"""The model that ships."""

WIDTH: Final = 128
FORMAT: Final = 1
_COMMAND: Final = "earshot train rewrite-retrieval"
_WORDS_REMEMBERED: Final = 100_000


class LearnedRequests:
    """Encodes texts that `entry.plain` has prepared; a text's vector never depends on others. Safe for threads."""

    def __init__(self, table: Floats, rows: RequestRows, version: str) -> None:
        self.version = version
        self.width = table.shape[1]
        self._table = table
        self._rows = rows
        self._words: dict[str, Floats] = {}

    @classmethod
    def load(cls, folder: Path = RETRIEVAL_FOLDER) -> Self:
        """The model of a folder. Raises `ModelFolderError`, `ModelsNotInstalled`."""
        config, tensors = load_as(folder, FORMAT, _COMMAND)
        try:
            codes, scales = tensors["codes"], tensors["scales"]
            version = str(config["version"])
        except KeyError as missing:
            raise ModelFolderError(f"{folder} lacks {missing}; run `{_COMMAND}` again") from None
        if codes.shape != (ROWS, WIDTH) or scales.shape != (ROWS,):
            raise ModelFolderError(
                f"{folder} holds {codes.shape} codes and {scales.shape} scales instead of {(ROWS, WIDTH)} and "
                f"{(ROWS,)}; run `{_COMMAND}` again"
            )
        return cls(EightBit(codes, scales).vectors, RequestRows(minilm_tokenizer()), version)

    def encode(self, texts: Sequence[str]) -> Floats:
        """(len(texts), width), rows of unit length."""
        made = np.zeros((len(texts), self.width), dtype=np.float32)
        for at, text in enumerate(texts):
            made[at] = self._sum(text.split())
        made /= np.maximum(np.linalg.norm(made, axis=1, keepdims=True), 1e-9)
        return made

    def forget(self) -> None:
        """Keep no words."""
        self._words.clear()

    def _sum(self, words: list[str]) -> Floats:
        total: Floats = self._table[self._rows.of_sounds(words)].sum(axis=0)
        for word in words:
            total += self._word(word)
        return total

    def _word(self, word: str) -> Floats:
        known = self._words.get(word)
        if known is None:
            if len(self._words) >= _WORDS_REMEMBERED:
                self._words.clear()
            known = self._words[word] = self._table[self._rows.of_word(word)].sum(axis=0)
        return known

"""All that a fit of the encoder of requests needs, made once and kept, so that an interrupted training need not make it
again."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Final, Self

import numpy as np
import orjson
from numpy.typing import NDArray

from models.encoder import SentenceEncoder
from models.minilm import Engine, cache_folder, engine_for, minilm_tokenizer
from models.rewrite.request_rows import PIECES
from streams.training.rewrite_retrieval_fit import Pair, Taught
from streams.training.rewrite_retrieval_pairs import REPEATED, training_pairs, utterances_of

if TYPE_CHECKING:
    from tokenizers import Tokenizer

TAUGHT: Final = 40_000
"""Texts whose cosines the table is held to."""

_AT_ONCE: Final = 512

Floats = NDArray[np.float32]
Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Prepared:
    """`kinds`: how many pairs there are of each kind, which stand in `pairs` in this order. `pieces`: (PIECES, 384)."""

    kinds: dict[str, int]
    pairs: list[Pair]
    taught: Taught
    pieces: Floats

    @classmethod
    def of(cls, data: Path, encoder: SentenceEncoder, seed: int, progress: Progress) -> Self:
        """Made from the sets in `data` and from simulated people. Raises `AdapterError` and what simulating raises."""
        utterances = utterances_of(data)
        kinds = training_pairs(data, utterances, seed, progress)
        pairs = [pair for known in kinds.values() for pair in known]
        progress(f"{len(pairs):,} pairs; MiniLM's embeddings")
        texts = _some([one.text for one in utterances], pairs, seed)
        embedded = _embedded(texts, encoder, progress)
        pieces = pieces_of(engine_for("cpu", 1, cache_folder()), minilm_tokenizer())
        return cls({kind: len(known) for kind, known in kinds.items()}, pairs, Taught(texts, embedded), pieces)

    @classmethod
    def kept(cls, file: Path) -> Self | None:
        """What `keep` wrote, if it did."""
        if not file.exists():
            return None
        with np.load(file) as held:
            kinds, pairs, texts = orjson.loads(held["told"].item())
            return cls(kinds, [Pair(*pair) for pair in pairs], Taught(texts, held["embeddings"]), held["pieces"])

    def keep(self, file: Path) -> None:
        """Write it down, whole or not at all."""
        part = file.with_name(f"{file.name}.part")
        with part.open("wb") as stream:
            np.savez(
                stream,
                told=np.array(orjson.dumps([self.kinds, list(map(tuple, self.pairs)), self.taught.texts])),
                embeddings=self.taught.embeddings,
                pieces=self.pieces,
            )
        part.replace(file)

    def weighted(self) -> list[Pair]:
        """The pairs, those of some kinds several times."""
        return [pair for kind, own in self.by_kind().items() for pair in own * REPEATED.get(kind, 1)]

    def by_kind(self) -> dict[str, list[Pair]]:
        """The pairs of each kind."""
        made: dict[str, list[Pair]] = {}
        at = 0
        for kind, count in self.kinds.items():
            made[kind] = self.pairs[at : at + count]
            at += count
        return made


def pieces_of(engine: Engine, tokenizer: "Tokenizer") -> Floats:
    """(PIECES, 384): each piece of the vocabulary by itself, as MiniLM embeds it."""
    begin, end = tokenizer.encode("").ids
    ids = [[begin, piece, end] for piece in range(PIECES)]
    step = engine.at_once
    return np.concatenate([engine.mean_of(ids[at : at + step]) for at in range(0, PIECES, step)])


def _some(everyday: Sequence[str], pairs: Sequence[Pair], seed: int) -> list[str]:
    texts = list(dict.fromkeys(chain(everyday, (pair.meant for pair in pairs))))
    Random(seed).shuffle(texts)
    return texts[:TAUGHT]


def _embedded(texts: Sequence[str], encoder: SentenceEncoder, progress: Progress) -> Floats:
    parts = []
    for at in range(0, len(texts), _AT_ONCE):
        parts.append(encoder.encode(texts[at : at + _AT_ONCE]))
        if at and at % (_AT_ONCE * 20) == 0:
            progress(f"{at:,} of {len(texts):,} texts")
    return np.concatenate(parts)

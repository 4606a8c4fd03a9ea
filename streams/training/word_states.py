"""The word states of many texts, each made once, and kept in a folder so that a training can be interrupted."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final, Protocol

import numpy as np

from models.correction.encoder import Floats, WordEncoder
from models.minilm import WIDTH

_CHUNK: Final = 2_000
"""Texts whose states are made, and written, at once."""


class Texts(Protocol):
    """What is made of several texts."""

    @property
    def texts(self) -> tuple[str, ...]: ...


class WordStates:
    """The word states of all texts of a training or an evaluation."""

    def __init__(self, encoder: WordEncoder, folder: Path | None = None) -> None:
        """`folder`: where the states are kept as they are made, and read from first; None: nowhere."""
        self._encoder = encoder
        self._folder = folder
        self._known: dict[str, Floats] = {"": np.zeros((0, WIDTH), dtype=np.float16)}
        for path in sorted(folder.glob("*.npz")) if folder is not None else ():
            self._known |= _read(path)

    @classmethod
    def load(cls, folder: Path | None = None) -> "WordStates":
        """With what the folder has. Raises `ModelsNotInstalled`."""
        return cls(WordEncoder.load(), folder)

    def learn(self, told: Iterable[Texts]) -> None:
        """Make the states of the texts that are not known yet."""
        self.encode([text for one in told for text in one.texts])

    def __call__(self, text: str) -> Floats:
        """Those of a text that was learned."""
        return self._known[text]

    def encode(self, texts: Sequence[str]) -> list[Floats]:
        """Those of any texts; what is not known is made and kept."""
        new = sorted(set(texts) - self._known.keys())
        for start in range(0, len(new), _CHUNK):
            made: dict[str, Floats] = {
                text: _half(states) for text, states in self._encoder.fresh(new[start : start + _CHUNK])
            }
            self._known |= made
            if self._folder is not None:
                _write(self._folder, made)
        return [self._known[text] for text in texts]


def _half(states: Floats) -> Floats:
    half: Floats = states.astype(np.float16)
    return half


def _write(folder: Path, states: Mapping[str, Floats]) -> None:
    """A file that is there as a whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{len(list(folder.glob('*.npz'))):04}.npz"
    part = path.with_suffix(".part")
    with part.open("wb") as file:
        np.savez(
            file,
            texts=np.array(list(states)),
            lengths=np.array([len(one) for one in states.values()]),
            states=np.concatenate(list(states.values())),
        )
    part.replace(path)


def _read(path: Path) -> dict[str, Floats]:
    with np.load(path, allow_pickle=False) as kept:
        texts, ends, states = kept["texts"].tolist(), np.cumsum(kept["lengths"])[:-1], kept["states"]
    return dict(zip(texts, np.split(states, ends), strict=True))

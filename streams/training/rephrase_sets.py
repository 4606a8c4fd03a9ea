"""What the judge of pairs learns from, set by set. Only sets whose licence lets weights ship."""

from collections.abc import Callable, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from models.rephrase.candidate import Label
from models.rephrase.gate_features import NAMES
from streams.adapters import getgoing
from streams.adapters.source import rows_of
from streams.errors import StreamError
from streams.training.rephrase_dialogues import getgoing_examples
from streams.training.rephrase_examples import Example
from streams.training.rephrase_simulated import examples_of, simulated_dialogues
from streams.training.rephrase_task_talk import TALKS, talk_examples
from streams.training.rephrase_written import (
    EXPECTS,
    Transcribed,
    Writer,
    commands,
    intents,
    transcripts,
)

PACKS: Final = ("home_a", "home_b")
NATURAL: Final = (getgoing.NAME, *PACKS, *TALKS)
"""Sets in which retries are as rare as they are."""
DIALOGUES: Final = 2_500
WRITTEN: Final = {
    "hwu64": 1_500, "snips": 1_000, "clinc150": 1_500, "banking77": 1_000, "phoneme_trec": 1_500
}  # fmt: skip
"""Utterances of each collection to make examples from."""
_CHUNK: Final = 1_000

Progress = Callable[[str], None]


class NothingToLearn(StreamError):
    """A data set to train with is missing; the text says where it was looked for."""


class Encoder(Protocol):
    """Embeds texts: (n, 384), rows of unit length."""

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]: ...


def training_examples(
    data: Path, seed: int, encoder: Encoder, progress: Progress, packs: Sequence[str] = PACKS
) -> list[Example]:
    """Examples of all sets that lie in `data`, and of simulated people. Raises `NothingToLearn`."""
    examples: list[Example] = []
    progress("getgoing")
    examples += getgoing_examples(getgoing.calls_of(_present(data, getgoing.NAME)))
    for talk in TALKS:
        progress(talk)
        examples += talk_examples(_present(data, talk))
    for pack in packs:
        progress(f"{pack}: simulating {DIALOGUES:,} dialogues")
        examples += examples_of(simulated_dialogues(pack, DIALOGUES, seed), pack)
    answers = [
        example.candidate.response for example in examples if example.source in TALKS and example.candidate.response
    ]
    return examples + written_examples(data, seed, encoder, answers, progress)


def written_examples(
    data: Path, seed: int, encoder: Encoder, answers: Sequence[str], progress: Progress
) -> list[Example]:
    """Examples made from single utterances; `answers` stand between some of them."""

    def nearest(texts: Sequence[str]) -> NDArray[np.int64]:
        return _nearest(encoder.encode(texts))

    transcribed = list(rows_of(_present(data, "phoneme_trec"), Transcribed, EXPECTS))
    writer = Writer(seed, transcribed, answers)
    examples: list[Example] = []
    for source, most in WRITTEN.items():
        progress(f"{source}: making pairs")
        folder = _present(data, source)
        if source in ("hwu64", "snips"):
            examples += commands(folder, source, writer, most)
        elif source == "phoneme_trec":
            examples += transcripts(transcribed, writer, most, nearest)
        else:
            examples += intents(folder, source, writer, most, nearest)
    return examples


def fingerprint_of(data: Path, seed: int) -> str:
    """Of what `training_examples` and their features depend on: the seed, the files and the features' names."""
    digest = sha256(f"{seed} {DIALOGUES} {sorted(WRITTEN.items())} {PACKS} {NAMES}".encode())
    for name in (getgoing.NAME, *TALKS, *WRITTEN):
        for path in sorted(_present(data, name).iterdir()):
            digest.update(f"{name}/{path.name} {path.stat().st_size} {path.stat().st_mtime_ns}".encode())
    return digest.hexdigest()


def kind_of(label: Label) -> int:
    """0 none, 1 refinement, 2 said again."""
    return {Label.NONE: 0, Label.REFINEMENT: 1}.get(label, 2)


def _present(data: Path, name: str) -> Path:
    folder = data / name
    if not folder.is_dir():
        raise NothingToLearn(f"the data set {name} is not at {folder}; put it there, or name its parent with --data")
    return folder


def _nearest(embeddings: NDArray[np.float32]) -> NDArray[np.int64]:
    """For each row the place of the most alike other row."""
    found = []
    for start in range(0, len(embeddings), _CHUNK):
        alike = embeddings[start : start + _CHUNK] @ embeddings.T
        alike[np.arange(len(alike)), start + np.arange(len(alike))] = -1.0
        found.append(alike.argmax(axis=1))
    return np.concatenate(found)

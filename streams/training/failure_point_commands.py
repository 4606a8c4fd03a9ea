"""`earshot train failure-point`, the part for single spoken commands: witnesses from checked commands, a jury from
recordings with known failure points."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.correction.encoder import WordEncoder
from models.failure_point_commands.command import Command, words_of
from models.failure_point_commands.jury import CLASSES
from models.failure_point_commands.learned import fingerprints
from models.failure_point_commands.model import Encoder, evidence_of, stored_witnesses
from models.folder import save
from streams.adapters.slurp import NAME, LabelledRecording, labelled_of
from streams.evaluate.failure_point_commands_figures import Told, f1_figures
from streams.evaluate.figures import Figure
from streams.training.failure_point_commands_card import card
from streams.training.failure_point_commands_jury import FOLDS, across_sentences, calibrate, fit_jury
from streams.training.failure_point_commands_witnesses import learn_witnesses

VERSION: Final = "1"

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Labelled:
    """Recordings whose cause is clear-cut. `truth`: numbers of `CLASSES`; `sentence`: which sentence each says."""

    rows: tuple[LabelledRecording, ...]
    commands: tuple[Command, ...]
    truth: NDArray[np.int64]
    sentence: NDArray[np.int64]


def clear_cut(rows: Sequence[LabelledRecording]) -> Labelled:
    """Leaves out mixed rows, failure points that commands cannot have, and rows without a text or an intent."""
    kept = tuple(
        row
        for row in rows
        if not row.mixed and row.failure_point in CLASSES and row.asr_text.strip() and row.hyp_intent
    )
    sentences = {text: at for at, text in enumerate(sorted({" ".join(words_of(row.gold_text)) for row in kept}))}
    return Labelled(
        kept,
        tuple(row.command for row in kept),
        np.array([CLASSES.index(row.failure_point) for row in kept], dtype=np.int64),
        np.array([sentences[" ".join(words_of(row.gold_text))] for row in kept], dtype=np.int64),
    )


def train(data: Path, output: Path, seed: int, progress: Progress, encoder: Encoder | None = None) -> None:
    """Write the model folder `output`; `data` holds the sets slurp, hwu64, clinc150 and snips. Two minutes of a core.

    Raises `AdapterError` where a set is missing, and what writing a model folder raises.
    """
    encoder = encoder or WordEncoder.load(device="cpu")
    recordings = list(labelled_of(data / NAME))
    labelled = clear_cut(recordings)
    progress(f"{len(labelled.rows):,} recordings of {int(labelled.sentence.max()) + 1:,} sentences")
    unwanted = frozenset(" ".join(words_of(row.gold_text)) for row in recordings)
    witnesses, sentences = learn_witnesses(data, unwanted, encoder, seed, progress)
    progress("evidence")
    evidence = evidence_of(witnesses, labelled.commands, encoder)
    progress("across sentences")
    verdicts = across_sentences(evidence, labelled.commands, labelled.truth, labelled.sentence, seed)
    figures: dict[str, Figure] = f1_figures(Told(labelled.truth, verdicts.argmax(1), labelled.sentence))
    progress("classifiers")
    jury = calibrate(fit_jury(evidence, labelled.commands, labelled.truth, seed), verdicts, labelled.truth)
    config, tensors = stored_witnesses(witnesses)
    config |= {"version": VERSION, "seed": seed, "evidence": list(jury.evidence)}
    learned = fingerprints([*sentences, *(row.gold_text for row in labelled.rows)])
    save(output, config, tensors | jury.tensors() | {"learned": learned}, card(figures, labelled.truth, FOLDS, seed))
    progress(f"{output}: written")

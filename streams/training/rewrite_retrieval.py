"""`earshot train rewrite-retrieval`: the encoder in whose space rewrites are found."""

from collections.abc import Callable, Mapping
from hashlib import sha256
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.encoder import SentenceEncoder
from models.folder import ModelFolderError, save
from models.minilm import minilm_tokenizer
from models.rewrite.eight_bit import EightBit
from models.rewrite.learned_encoder import FORMAT, LearnedRequests
from models.rewrite.likeness import KEY
from models.rewrite.request_rows import RequestRows
from streams.evaluate.figures import Figure
from streams.training.rewrite_retrieval_card import card
from streams.training.rewrite_retrieval_figures import Encoder, held_out, recalls
from streams.training.rewrite_retrieval_fit import fit
from streams.training.rewrite_retrieval_likeness import fit_likeness
from streams.training.rewrite_retrieval_pairs import fingerprint_of
from streams.training.rewrite_retrieval_prepared import Prepared

Progress = Callable[[str], None]


def train(data: Path, output: Path, seed: int, progress: Progress) -> None:
    """Write the model folder `output`; `data` holds the public sets. Ten minutes of one core; a training that was
    interrupted goes on from the last step that was kept beside it.

    Raises `AdapterError`, `ModelsNotInstalled`, `ModelFolderError`, and what simulating raises.
    """
    encoder = SentenceEncoder.load(device="cpu")
    rows = RequestRows(minilm_tokenizer())
    ready, steps = _kept_at(output, fingerprint_of(data, seed))
    prepared = Prepared.kept(ready)
    if prepared is None:
        prepared = Prepared.of(data, encoder, seed, progress)
        prepared.keep(ready)
    table = fit(prepared.weighted(), prepared.taught, prepared.pieces, rows, seed, progress, steps)
    progress("what letters and sounds count for")
    likeness = fit_likeness(prepared.by_kind(), seed)
    coded = EightBit.of(table)
    tensors: dict[str, NDArray[np.generic]] = {"codes": coded.codes, "scales": coded.scales}
    version = f"requests/{FORMAT}.{_digest(tensors)}"
    made = LearnedRequests(coded.vectors, rows, version)
    figures = _figures({"this": made, "MiniLM": encoder}, data, seed, progress)
    told = card(figures, prepared.kinds, len(prepared.taught.texts), likeness, seed)
    config = {"format": FORMAT, "version": version, "seed": seed, KEY: likeness._asdict()}
    save(output, config, tensors, told)
    for kept in (ready, steps):
        kept.unlink(missing_ok=True)
    progress(f"{output}: written")


def _figures(
    encoders: Mapping[str, Encoder], data: Path, seed: int, progress: Progress
) -> dict[str, dict[str, Figure]]:
    """By set and measure, then by encoder."""
    progress("what was left out, to be tested with")
    figures: dict[str, dict[str, Figure]] = {}
    for held in held_out(data, seed):
        for name, encoder in encoders.items():
            progress(f"{held.name}: {len(held.asked):,} requests among {len(held.texts):,} texts, {name}")
            for measure, figure in recalls(encoder, held).items():
                figures.setdefault(f"{held.name}: {measure} of {len(held.texts):,}", {})[name] = figure
    return figures


def _kept_at(output: Path, made_from: str) -> tuple[Path, Path]:
    """Where a training of just this keeps what it has made, and how far its fit is."""
    try:
        output.mkdir(parents=True, exist_ok=True)
    except OSError as fault:
        raise ModelFolderError(f"the model cannot be written to {output}: {fault}") from fault
    return output / f".prepared-{made_from[:16]}.npz", output / f".fitting-{made_from[:16]}.pt"


def _digest(tensors: Mapping[str, NDArray[np.generic]]) -> str:
    digest = sha256()
    for name in sorted(tensors):
        digest.update(np.ascontiguousarray(tensors[name]).tobytes())
    return digest.hexdigest()[:12]

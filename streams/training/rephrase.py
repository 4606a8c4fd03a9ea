"""`earshot train rephrase`: the judge of pairs of requests, and the course of a service's calls."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np

from models.encoder import SentenceEncoder
from models.folder import save
from models.rephrase.gate_features import NAMES
from streams.adapters import getgoing
from streams.evaluate.figures import Figure, auc, decide, f1, with_interval
from streams.training.rephrase_calls import CallCases, call_cases, fingerprint, out_of_fold, train_calls
from streams.training.rephrase_card import card
from streams.training.rephrase_fit import Design, fit_model, fit_retry
from streams.training.rephrase_sets import NATURAL, PACKS, Encoder, fingerprint_of, training_examples

_LEFT_OUT: Final = ((getgoing.NAME,), PACKS, ("hwu64", "snips"), ("phoneme_trec",))
_LETTERS: Final = NAMES.index("characters")

Progress = Callable[[str], None]


def train(data: Path, output: Path, seed: int, progress: Progress) -> None:
    """Write the model folder `output`; `data` holds the public sets. About three minutes of one core, most of them for
    examples and features; a training that was interrupted after these goes on from there.

    Raises `NothingToLearn`, `ModelsNotInstalled`, and what reading sets, simulating and writing a model folder raise.
    """
    encoder = SentenceEncoder.load(device="cpu")
    kept = output / ".fitting.npz"
    design = _design(data, kept, seed, encoder, progress)
    progress("fitting the judge of pairs")
    pairs = fit_model(design, np.isin(design.source, NATURAL))
    progress("figures on sets left out")
    figures = _left_out(design)
    calls = list(getgoing.calls_of(data / getgoing.NAME))
    cases = call_cases(calls, encoder)
    course = train_calls(cases, progress)
    figures |= _call_figures(cases)
    config = {
        "version": pairs.version,
        "seed": seed,
        "features": list(NAMES),
        "threshold": pairs.threshold,
        "online_threshold": course.online_threshold,
        "revised_threshold": course.revised_threshold,
        "calls": sorted(map(fingerprint, calls)),
    }
    counts = {source: int((design.source == source).sum()) for source in sorted(set(design.source.tolist()))}
    save(output, config, pairs.tensors() | course.tensors(), card(figures, counts, pairs.threshold, seed))
    kept.unlink(missing_ok=True)
    progress(f"{output}: written")


def _design(data: Path, kept: Path, seed: int, encoder: Encoder, progress: Progress) -> Design:
    """The features of all examples: those that an interrupted training of the same data has left, or made now."""
    made_from = fingerprint_of(data, seed)
    design = Design.kept(kept, made_from)
    if design is not None:
        progress(f"{len(design.kind):,} pairs: features are there already")
        return design
    examples = training_examples(data, seed, encoder, progress)
    progress(f"{len(examples):,} pairs: features")
    design = Design.of(examples, seed)
    design.keep(kept, made_from)
    return design


def _left_out(design: Design) -> dict[str, Figure]:
    """How well weights do on sets that they saw nothing of, beside the likeness of letters."""
    figures: dict[str, Figure] = {}
    for left_out in _LEFT_OUT:
        own = np.isin(design.source, left_out)
        odds = fit_retry(design, ~own).odds(design.rows[own])[:, 0]
        retry, fold = design.retry[own], np.arange(int(own.sum()), dtype=np.int64) % 1_000
        name = " and ".join(left_out)
        figures[f"AUC on {name}, left out of training"] = with_interval(auc, retry, odds, fold, resamples=200)
        figures[f"AUC on {name}, likeness of letters"] = with_interval(
            auc, retry, design.rows[own][:, _LETTERS], fold, resamples=200
        )
    return figures


def _call_figures(cases: CallCases) -> dict[str, Figure]:
    """Of calls, by weights that never saw them."""
    figures: dict[str, Figure] = {}
    for name, scores in zip(("past only", "revised"), out_of_fold(cases), strict=True):
        figures[f"calls, {name}: AUC"] = with_interval(auc, cases.retry, scores, cases.call)
        figures[f"calls, {name}: F1"] = with_interval(
            f1, cases.retry, decide(cases.retry, scores, cases.call), cases.call
        )
    return figures

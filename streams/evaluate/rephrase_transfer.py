"""What the judge of pairs learns from one source and keeps on another: between packs, and from simulated people to
real calls."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np

from models.rephrase.gate_features import NAMES
from streams.adapters.getgoing import calls_of
from streams.evaluate.figures import Figure, Groups, auc, with_interval
from streams.training.rephrase_dialogues import getgoing_examples
from streams.training.rephrase_examples import Example
from streams.training.rephrase_fit import Design, fit_retry
from streams.training.rephrase_simulated import examples_of
from streams.training.simulated_dialogues import Heard

_SEED: Final = 1
_LETTERS: Final = NAMES.index("characters")


def transfer_figures(packs: Mapping[str, Sequence[Sequence[Heard]]], calls: Path) -> dict[str, Figure]:
    """AUC on pairs of each pack by weights from the other, and on real calls by weights from all packs; beside the
    likeness of letters. Optional fields are hidden at random, in training as in the test."""
    examples: list[Example] = []
    for pack, dialogues in packs.items():
        examples += examples_of(dialogues, pack)
    figures: dict[str, Figure] = {}
    if calls.is_dir():
        examples += getgoing_examples(calls_of(calls))
    design = Design.of(examples, _SEED)
    groups = _groups(examples)
    simulated = np.isin(design.source, list(packs))
    tests = [(f"transfer_to_{pack}", design.source == pack, simulated & (design.source != pack)) for pack in packs]
    tests.append(("transfer_simulated_to_getgoing", ~simulated, simulated))
    for name, own, taught in tests:
        if own.any() and taught.any():
            odds = fit_retry(design, taught).odds(design.rows[own])[:, 0]
            retry, letters = design.retry[own], design.rows[own][:, _LETTERS]
            figures[f"{name}_auc"] = with_interval(auc, retry, odds, groups[own], resamples=200)
            figures[f"{name}_baseline_similarity_auc"] = with_interval(auc, retry, letters, groups[own], resamples=200)
    return figures


def _groups(examples: Sequence[Example]) -> Groups:
    numbers: dict[tuple[str, str], int] = {}
    return np.array(
        [numbers.setdefault((example.source, example.group), len(numbers)) for example in examples], dtype=np.int64
    )

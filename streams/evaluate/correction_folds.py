"""Correction models that learn from the other folds of a data set, within one evaluation; none of them is kept."""

from collections.abc import Callable, Sequence

import numpy as np
import torch

from models.correction import Correction, CorrectionModel, Label, Utterances
from models.correction.network import Network as Runs
from streams.evaluate.correction_baselines import FOLDS, fold_of
from streams.evaluate.figures import Groups
from streams.training.correction_examples import Example
from streams.training.correction_fitting import Fit, fit, prepare
from streams.training.correction_network import Network
from streams.training.network_fitting import tensors_of
from streams.training.word_states import WordStates

Progress = Callable[[str], None]


def crossed(
    examples: Sequence[Example],
    judged: Sequence[Utterances],
    groups: Groups,
    start: Callable[[], Network],
    vocabulary: Sequence[str],
    lexicon: Sequence[str],
    how: Fit,
    states: WordStates,
    rewrites: bool,
    progress: Progress,
) -> list[Correction]:
    """What models that learned from the examples of other groups' folds say of each exchange, taken for a correction.

    `groups`: those of `judged`; examples carry their own. `start`: the network that every fold begins with.
    """
    torch.set_num_threads(1)
    states.learn([*judged, *(example.utterances for example in examples)])
    numbers = {word: at for at, word in enumerate(vocabulary)}
    known = {word: at for at, word in enumerate(lexicon, start=1)}
    prepared = [prepare(example, states, numbers, known) for example in examples]
    folds = fold_of(groups)
    by_group = dict(zip(groups.tolist(), folds.tolist(), strict=True))
    found: list[Correction | None] = [None] * len(judged)
    for fold in range(FOLDS):
        own = np.flatnonzero(folds == fold).tolist()
        if not own:
            continue
        progress(f"fold {fold + 1} of {FOLDS}")
        rest = [one for one, example in zip(prepared, examples, strict=True) if by_group.get(example.group, -1) != fold]
        network = fit(start(), rest, how, fold, progress)
        model = CorrectionModel(Runs(tensors_of(network)), vocabulary, lexicon, 0.5, 0.5, states, substitutes=False)
        for at, one in zip(own, model.find([judged[at] for at in own], Label.THIRD_POSITION, rewrites), strict=True):
            found[at] = one
    return [one for one in found if one is not None]

"""The first look at corrections: learned from the network's own examples, its threshold from those kept aside."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
from sklearn.feature_extraction import DictVectorizer
from sklearn.linear_model import LogisticRegression

from models.correction.cues import TENSOR, CueModel, cues_of
from models.folder import save
from processors.correction import may_correct
from streams.evaluate.figures import Figure, floats, recall, with_interval
from streams.training.correction_examples import Example, Source, Truth

RECALL: Final = 0.9
"""Share of the corrections that pass the gate which the first look has to let through, in each set of them."""
_RAREST: Final = 5
_SMALLEST: Final = 0.02
_STRENGTH: Final = 1.0
_POSITIVE: Final = (Source.SELF_REPAIRS, Source.TASK_TURNS, Source.SIMULATED)


def fit_cues(examples: Sequence[Example]) -> CueModel:
    """Fitted to turns with a truth; every turn counts alike."""
    told = [one for one in examples if one.truth is not None]
    seen = [set(cues_of(one.utterances.text)) for one in told]
    counts = Counter(cue for cues in seen for cue in cues)
    kept = [{cue: 1.0 for cue in cues if counts[cue] >= _RAREST} for cues in seen]
    vectorizer = DictVectorizer()
    matrix = vectorizer.fit_transform(kept)
    truth = np.array([one.truth is not Truth.NONE for one in told])
    model = LogisticRegression(C=_STRENGTH, max_iter=400).fit(matrix, truth)
    weights = dict(zip(vectorizer.get_feature_names_out(), model.coef_[0].tolist(), strict=True))
    return CueModel(
        {cue: weight for cue, weight in weights.items() if abs(weight) >= _SMALLEST}, float(model.intercept_[0]), 0.0
    )


def choose_threshold(model: CueModel, aside: Sequence[Example]) -> float:
    """The highest that keeps `RECALL` of the corrections of every set."""
    lowest = 1.0
    for source in _POSITIVE:
        scores = [
            model.probability(one.utterances.text)
            for one in aside
            if one.source is source and one.truth not in (None, Truth.NONE) and may_correct(one.utterances.text)
        ]
        if scores:
            lowest = min(lowest, float(np.quantile(scores, 1.0 - RECALL, method="lower")))
    return lowest


def write_cues(folder: Path, fitted: Sequence[Example], aside: Sequence[Example], seed: int) -> None:
    """Fit, choose and store the model with its card."""
    model = fit_cues(fitted)
    model.threshold = choose_threshold(model, aside)
    names = sorted(model.weights)
    config = {"cues": names, "bias": model.bias, "threshold": model.threshold}
    weights = np.array([model.weights[name] for name in names], dtype=np.float32)
    save(folder, config, {TENSOR: weights}, _card(model, aside, seed))


def passing(model: CueModel, examples: Sequence[Example], correcting: bool) -> Figure:
    """Share of the turns that get to the network, with an interval by group: of those that correct, or the others."""
    told = [one for one in examples if one.truth is not None and (one.truth is not Truth.NONE) is correcting]
    passed = [float(may_correct(one.utterances.text) and model.suspects(one.utterances.text)) for one in told]
    groups = np.array([one.group for one in told], dtype=np.int64)
    return with_interval(recall, np.ones(len(told), dtype=bool), floats(passed), groups)


def _card(model: CueModel, aside: Sequence[Example], seed: int) -> str:
    rows = []
    for source in Source:
        own = [one for one in aside if one.source is source]
        for correcting, name in ((True, "corrections"), (False, "other turns")):
            if any(one.truth is not None and (one.truth is not Truth.NONE) is correcting for one in own):
                figure = passing(model, own, correcting)
                rows.append(f"| {source.value}: {name} | {figure.value:.3f} | {figure.low:.3f} to {figure.high:.3f} |")
    table = "\n".join(rows)
    return f"""# correction/cues

Which turns the correction network is asked about, of those that pass the gate of cue words
(`processors.correction.may_correct`): a logistic regression on {len(model.weights):,} words and pairs of words.

- Made with: `earshot train correction --seed {seed}`. No encoder; runs in plain Python.
- Data and licence: those of the network, see the card in the folder above; so these weights are under CC BY-SA 4.0.
- Threshold: the highest that keeps {RECALL:.0%} of the corrections of every set kept aside.

## Measured

Share that gets to the network, on the examples that chose the threshold and were not fitted to; 95 % intervals by
question, dialogue or person.

| turns | share | 95 % |
|---|---|---|
{table}
"""

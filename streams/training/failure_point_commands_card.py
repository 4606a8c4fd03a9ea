"""The card of the model of single spoken commands."""

from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.failure_point_commands.jury import CLASSES
from streams.evaluate.figures import Figure

_CARD: Final = """# failure_point_commands

Which component failed first in a single spoken command - speech recognition, intent, entities, or none - told from its
1-best text, its intent, its entities and whether the microphone was far. No confidence and no other turn is used.

- Model: an intent model and an entity tagger over MiniLM's word states and n-grams, and n-gram models of words and of
  letters, none of which ever saw an error, testify about a command; randomised trees, a logistic regression on the
  testimony and one on the words vote. numpy only, apart from MiniLM.
- `failure_point` is the class that is likeliest where all four are equally common, as macro-F1 asks; `probabilities`
  are calibrated to the shares in the training data (one slope, a bias a class, on verdicts across sentences).
- Made with: `earshot train failure-point` (seed {seed}).

## Data

| set | for | licence |
|---|---|---|
| slurp, recordings (Bastianelli et al., EMNLP 2020): {counts} | the last classifiers | text CC BY 4.0 |
| slurp, checked commands | intents, entities, words | text CC BY 4.0 |
| hwu64 (Liu et al., IWSDS 2019) | intents, entities, words | CC BY 4.0 |
| clinc150 (Larson et al., EMNLP 2019) | words | CC BY 3.0 |
| snips (Coucke et al., 2018) | words | CC0 1.0 |

Labels are counterfactual: what a second run of the same assistant did with the right transcript. Recordings whose two
runs err differently are left out. Sentences of the recordings are left out of the checked commands.

## How well it does

Across sentences ({folds} folds, no sentence in two), 95 % intervals by sentence:

{figures}

`earshot evaluate failure-point` prints these, the floors and what each group of evidence is worth.

## What to know

- The target of .55 macro-F1 is not reached. Many errors of recognition are invisible in the text itself (`jane` for
  `james`), and whether marking was wrong depends on annotators' habits.
- One assistant and its recognisers: intents and types are those of slurp. Another assistant needs another training.
- Rounded probabilities; a command without text or intent is not judged.
"""


def card(figures: Mapping[str, Figure], truth: NDArray[np.int64], folds: int, seed: int) -> str:
    """`truth`: numbers of `CLASSES` of the recordings."""
    counts = ", ".join(f"{count:,} {label}" for label, count in zip(CLASSES, np.bincount(truth).tolist(), strict=True))
    lines = ["| | value | 95 % | cases |", "|---|---|---|---|"]
    lines += [
        f"| {name} | {one.value:.3f} | {one.low:.3f} to {one.high:.3f} | {one.n} |" for name, one in figures.items()
    ]
    return _CARD.format(figures="\n".join(lines), counts=counts, folds=folds, seed=seed)

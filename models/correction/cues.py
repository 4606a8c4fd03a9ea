"""A first look at what passes the gate: words by which people take something back, weighed. No encoder.

A logistic regression on single words, pairs of neighbours and words said twice. It is there to be cheap: a turn costs
some microseconds, and the network after it thousands. So its threshold lets nearly all corrections through, and few
other turns.
"""

from collections.abc import Iterator, Mapping, Sequence
from math import exp
from pathlib import Path
from typing import Final, Self

from models.correction.words import split
from models.folder import WEIGHTS, ModelFolderError, load

CUES_FOLDER: Final = WEIGHTS / "correction" / "cues"
"""The model that ships."""

TENSOR: Final = "weights"


def cues_of(text: str) -> Iterator[str]:
    """Names of what is seen in a turn: `no`, `no|i`, `^no` for its first word, `=jazz` for a word said again."""
    before = "^"
    seen: set[str] = set()
    for word in split(text):
        if word.is_mark:
            continue
        plain = word.plain
        yield plain
        yield f"{before}|{plain}"
        if plain in seen:
            yield "=" if len(plain) > 3 else f"={plain}"
        seen.add(plain)
        before = plain


class CueModel:
    """Says whether a turn is worth the network's time."""

    def __init__(self, weights: Mapping[str, float], bias: float, threshold: float) -> None:
        """`threshold`: probability from which on it is."""
        self.weights = dict(weights)
        self.bias = bias
        self.threshold = threshold

    @classmethod
    def load(cls, folder: Path = CUES_FOLDER) -> Self:
        """The model of a folder. Raises `ModelFolderError`."""
        config, tensors = load(folder)
        try:
            names: Sequence[str] = config["cues"]
            weights = tensors[TENSOR].tolist()
            bias, threshold = float(config["bias"]), float(config["threshold"])
        except KeyError as missing:
            raise ModelFolderError(f"{folder} lacks {missing}; run `earshot train correction` again") from None
        if len(names) != len(weights):
            raise ModelFolderError(f"{folder} has {len(names)} cues and {len(weights)} weights; train it again")
        return cls(dict(zip(names, weights, strict=True)), bias, threshold)

    def probability(self, text: str) -> float:
        """That the turn corrects something."""
        weights = self.weights
        return 1.0 / (1.0 + exp(-self.bias - sum(weights.get(cue, 0.0) for cue in set(cues_of(text)))))

    def suspects(self, text: str) -> bool:
        """Whether the network should look at the turn."""
        return self.probability(text) >= self.threshold

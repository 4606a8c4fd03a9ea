"""From which probability on a turn counts as a self-repair or as a third-position repair."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from models.correction.features import see
from models.correction.network import Network
from streams.training.correction_examples import Example, Source, Truth
from streams.training.word_states import WordStates

MOST_FALSE: Final = 0.003
"""Share of chit-chat turns that may be taken for a correction, of each kind."""
_GRID: Final = np.round(np.arange(0.30, 0.996, 0.005), 3)


@dataclass(frozen=True, slots=True)
class Judged:
    """An example that the network did not learn from, with its probabilities of the three labels."""

    source: Source
    truth: Truth | None
    group: int
    chances: tuple[float, float, float]

    @classmethod
    def by(cls, network: Network, example: Example, states: WordStates, lexicon: Mapping[str, int]) -> "Judged":
        said = example.utterances
        reading = network.read(see(states(said.request), states(said.response), states(said.text), said, lexicon))
        none, self_repair, third = reading.label.tolist()
        return cls(example.source, example.truth, example.group, (none, self_repair, third))


def thresholds(judged: Sequence[Judged]) -> tuple[float, float]:
    """Those of self-repair and third-position: the best F1 of those that keep false alarms in chit-chat rare."""
    return _threshold(judged, Truth.SELF_REPAIR), _threshold(judged, Truth.THIRD_POSITION)


def _threshold(judged: Sequence[Judged], kind: Truth) -> float:
    scores = np.array([one.chances[kind] for one in judged])
    true = np.array([one.truth is kind for one in judged])
    chat = np.array([one.source is Source.CHAT for one in judged])
    allowed = [
        float(threshold)
        for threshold in _GRID
        if not chat.any() or float((scores[chat] >= threshold).mean()) <= MOST_FALSE
    ] or [float(_GRID[-1])]
    return max(allowed, key=lambda threshold: _f1(true, scores >= threshold))


def _f1(true: np.ndarray, said: np.ndarray) -> float:
    both = float(true.sum() + said.sum())
    return 2 * float((true & said).sum()) / both if both else 0.0

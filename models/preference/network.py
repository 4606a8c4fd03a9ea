"""The network of the preference model in numpy: one turn at a time, so no answer depends on others."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.preference.attributes import Attribute, SpanType
from models.preference.features import Floats, Seen
from models.recurrent import Layers, pooled, sigmoid, softmax
from schemas.preference import PreferenceScope

TAGS: Final = (None, *SpanType)
"""What a word can be; None: nothing."""
SCOPES: Final = (PreferenceScope.USER, PreferenceScope.HOUSEHOLD, PreferenceScope.PERSON)
ATTRIBUTES: Final = tuple(Attribute)

TEACHES, LIKES = 0, 1
"""Outputs of the yes-or-no questions: the turn tells the assistant something to remember; it is liked."""
QUESTIONS: Final = 2
OUTPUTS: Final = QUESTIONS + len(SCOPES) + len(ATTRIBUTES)


@dataclass(frozen=True, slots=True)
class Shape:
    """Widths of the network's layers, and how many words are known one by one."""

    lexicon: int
    projected: int = 96
    word: int = 40
    reading: int = 72
    context: int = 48
    judging: int = 96


@dataclass(frozen=True, slots=True)
class Reading:
    """Probabilities: of teaching and of liking; of scopes and attributes; (n, TAGS) of what each word is."""

    teaches: float
    likes: float
    scopes: Floats
    attributes: Floats
    tags: Floats


class Network:
    """Runs the tensors of a trained network."""

    def __init__(self, tensors: Mapping[str, NDArray[np.float32]]) -> None:
        self._layers = Layers(tensors)

    def read(self, seen: Seen) -> Reading:
        """What a turn with at least one word says."""
        layers = self._layers
        projected = np.tanh(layers.linear("project", seen.states))
        words = layers.lstm("reader", np.concatenate([projected, layers["word.weight"][seen.lexical], seen.flags], 1))
        asked = layers["word.weight"][seen.asked]
        bag = asked.mean(0) if len(asked) else np.zeros(layers["word.weight"].shape[1], dtype=np.float32)
        context = np.maximum(layers.linear("context", seen.context), 0.0)
        turn = np.concatenate([pooled(words), context, bag])
        out = layers.linear("judge", np.maximum(layers.linear("judge_hidden", turn), 0.0))
        scopes, attributes = np.split(out[QUESTIONS:], [len(SCOPES)])
        yes = sigmoid(out[:QUESTIONS])
        return Reading(
            float(yes[TEACHES]),
            float(yes[LIKES]),
            softmax(scopes),
            softmax(attributes),
            softmax(layers.linear("tags", words)),
        )

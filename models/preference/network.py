"""The network of the preference model in numpy: one turn at a time, so no answer depends on others."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.preference.attributes import Attribute, SpanType
from models.preference.features import Floats, Seen
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
        self._t = {name: np.asarray(value, dtype=np.float32) for name, value in tensors.items()}

    def read(self, seen: Seen) -> Reading:
        """What a turn with at least one word says."""
        inputs = np.concatenate(
            [np.tanh(self._linear("project", seen.states)), self._t["word.weight"][seen.lexical], seen.flags], 1
        )
        words = np.concatenate([self._lstm(inputs, ""), self._lstm(inputs, "_reverse")], 1)
        asked = self._t["word.weight"][seen.asked]
        bag = asked.mean(0) if len(asked) else np.zeros(self._t["word.weight"].shape[1], dtype=np.float32)
        context = np.maximum(self._linear("context", seen.context), 0.0)
        pooled = np.concatenate([words.max(0), words.mean(0), context, bag])
        out = self._linear("judge", np.maximum(self._linear("judge_hidden", pooled), 0.0))
        scopes, attributes = np.split(out[QUESTIONS:], [len(SCOPES)])
        yes = _sigmoid(out[:QUESTIONS])
        return Reading(
            float(yes[TEACHES]),
            float(yes[LIKES]),
            _softmax(scopes),
            _softmax(attributes),
            _softmax(self._linear("tags", words)),
        )

    def _linear(self, name: str, inputs: Floats) -> Floats:
        out: Floats = inputs @ self._t[f"{name}.weight"].T + self._t[f"{name}.bias"]
        return out

    def _lstm(self, inputs: Floats, direction: str) -> Floats:
        suffix = f"_l0{direction}"
        gates = inputs @ self._t["reader.weight_ih" + suffix].T
        gates += self._t["reader.bias_ih" + suffix] + self._t["reader.bias_hh" + suffix]
        recurrent = self._t["reader.weight_hh" + suffix]
        width = recurrent.shape[1]
        outputs = np.empty((len(inputs), width), dtype=np.float32)
        hidden = np.zeros(width, dtype=np.float32)
        cell = np.zeros(width, dtype=np.float32)
        for at in reversed(range(len(inputs))) if direction else range(len(inputs)):
            gate = gates[at] + recurrent @ hidden
            enter, forget, leave = np.split(_sigmoid(gate[np.r_[: 2 * width, 3 * width : 4 * width]]), 3)
            cell = forget * cell + enter * np.tanh(gate[2 * width : 3 * width])
            hidden = leave * np.tanh(cell)
            outputs[at] = hidden
        return outputs


def _softmax(logits: Floats) -> Floats:
    powers = np.exp(logits - logits.max(-1, keepdims=True))
    out: Floats = powers / powers.sum(-1, keepdims=True)
    return out


def _sigmoid(values: Floats) -> Floats:
    out: Floats = 0.5 * (np.tanh(0.5 * values) + 1.0)
    return out

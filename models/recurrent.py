"""Recurrent networks in numpy, one text at a time, from tensors as torch names and lays them out."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


class Layers:
    """Runs layers of a trained network by their names."""

    def __init__(self, tensors: Mapping[str, Floats]) -> None:
        self._tensors = {name: np.asarray(value, dtype=np.float32) for name, value in tensors.items()}

    def __getitem__(self, name: str) -> Floats:
        return self._tensors[name]

    def linear(self, name: str, inputs: Floats) -> Floats:
        """`torch.nn.Linear` with a bias: (..., in) to (..., out)."""
        out: Floats = inputs @ self[f"{name}.weight"].T + self[f"{name}.bias"]
        return out

    def lstm(self, name: str, inputs: Floats, layer: int = 0) -> Floats:
        """One layer of a bidirectional `torch.nn.LSTM`: (n, in) to (n, 2 * width)."""
        return np.concatenate(
            [self._one_way(name, inputs, f"_l{layer}"), self._one_way(name, inputs, f"_l{layer}_reverse")], 1
        )

    def gru(self, name: str, inputs: Floats, state: Floats) -> Floats:
        """One step of the first layer of a `torch.nn.GRU`: the next state, (width,)."""
        width = len(state)
        new = self[f"{name}.weight_ih_l0"] @ inputs + self[f"{name}.bias_ih_l0"]
        old = self[f"{name}.weight_hh_l0"] @ state + self[f"{name}.bias_hh_l0"]
        reset = sigmoid(new[:width] + old[:width])
        keep = sigmoid(new[width : 2 * width] + old[width : 2 * width])
        made = np.tanh(new[2 * width :] + reset * old[2 * width :])
        out: Floats = (1.0 - keep) * made + keep * state
        return out

    def _one_way(self, name: str, inputs: Floats, suffix: str) -> Floats:
        gates = inputs @ self[f"{name}.weight_ih{suffix}"].T
        gates += self[f"{name}.bias_ih{suffix}"] + self[f"{name}.bias_hh{suffix}"]
        recurrent = self[f"{name}.weight_hh{suffix}"]
        width = recurrent.shape[1]
        outputs = np.empty((len(inputs), width), dtype=np.float32)
        hidden = np.zeros(width, dtype=np.float32)
        cell = np.zeros(width, dtype=np.float32)
        for at in reversed(range(len(inputs))) if suffix.endswith("_reverse") else range(len(inputs)):
            gate = gates[at] + recurrent @ hidden
            enter, forget, leave = (
                sigmoid(gate[:width]),
                sigmoid(gate[width : 2 * width]),
                sigmoid(gate[3 * width :]),
            )
            cell = forget * cell + enter * np.tanh(gate[2 * width : 3 * width])
            hidden = leave * np.tanh(cell)
            outputs[at] = hidden
        return outputs


def pooled(words: Floats) -> Floats:
    """Highest and mean of all words: (n, width) to (2 * width,)."""
    return np.concatenate([words.max(0), words.mean(0)])


def softmax(logits: Floats) -> Floats:
    """Probabilities along the last axis."""
    powers = np.exp(logits - logits.max(-1, keepdims=True))
    out: Floats = powers / powers.sum(-1, keepdims=True)
    return out


def sigmoid(values: Floats) -> Floats:
    """Probabilities of log-odds, without overflow."""
    out: Floats = 0.5 * (np.tanh(0.5 * values) + 1.0)
    return out

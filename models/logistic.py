"""Logistic regression as it is stored and asked: numbers in, probabilities out. Fitting is done elsewhere."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from models.folder import ModelFolderError

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Logistic:
    """Log-odds = bias + weights x (row - mean) / scale. `mean`, `scale`: (features,); `weights`: (outputs, features);
    `bias`: (outputs,)."""

    mean: Floats
    scale: Floats
    weights: Floats
    bias: Floats

    def odds(self, rows: Floats) -> Floats:
        """(rows, outputs). Row by row, so that a row's odds never depend, to the last bit, on what is asked with it."""
        scaled = (rows - self.mean) / self.scale
        odds: Floats = (scaled[:, None, :] * self.weights).sum(axis=2) + self.bias
        return odds

    def tensors(self, name: str) -> dict[str, Floats]:
        """What to store, each under a name that begins with `name`."""
        return {
            f"{name}.mean": self.mean,
            f"{name}.scale": self.scale,
            f"{name}.weights": self.weights,
            f"{name}.bias": self.bias,
        }

    @classmethod
    def of_tensors(cls, name: str, tensors: Mapping[str, NDArray[Any]]) -> Self:
        """What `tensors` gave. Raises `KeyError` with what is missing."""
        mean, scale, weights, bias = (tensors[f"{name}.{part}"] for part in ("mean", "scale", "weights", "bias"))
        return cls(*(np.asarray(one, dtype=np.float64) for one in (mean, scale, weights, bias)))


def stored_logistic(
    name: str,
    tensors: Mapping[str, NDArray[Any]],
    folder: Path,
    command: str,
    shape: tuple[int, int] | None = None,
) -> Logistic:
    """The regression that a model folder holds under a name.

    `shape`: (outputs, features) that it must have; `command`: what makes the folder. Raises `ModelFolderError` where
    tensors are missing or of another shape.
    """
    try:
        logistic = Logistic.of_tensors(name, tensors)
    except KeyError as missing:
        raise ModelFolderError(f"{folder} lacks the tensor {missing}; run `{command}` again") from None
    if shape is not None and logistic.weights.shape != shape:
        raise ModelFolderError(
            f"{folder} has weights {name} of shape {logistic.weights.shape}, not {shape}; run `{command}` again"
        )
    return logistic


def probabilities(odds: Floats) -> Floats:
    """Softmax over the outputs, rows sum to 1."""
    grown = np.exp(odds - odds.max(axis=1, keepdims=True))
    shares: Floats = grown / grown.sum(axis=1, keepdims=True)
    return shares


def probability(odds: float) -> float:
    """Of one output: the logistic function."""
    return float(1.0 / (1.0 + np.exp(-odds)))

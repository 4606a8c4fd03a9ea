"""The mixing encoder without torch: tokens of texts and of metadata in, logits out.

A transformer reads one token for each text and one for each group of numbers. Its last layer is computed for the token
that is classified alone, as nobody reads the others. Numbers come as ramps between quantiles of what was seen in
training (Gorishniy et al., "On Embeddings for Numerical Features in Tabular Deep Learning", 2022), and each number that
is not known has a learned vector instead.
"""

from collections.abc import Mapping
from math import sqrt
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from models.failure_point.texts import Embedded

Floats = NDArray[np.float32]

HEADS: Final = 4
_EPSILON: Final = 1e-5


class MixingHead:
    """The weights, in numpy. One case's logits do not depend on the others: what is multiplied for all cases at once,
    where the order of additions depends on how many there are, is added up in double precision."""

    def __init__(self, tensors: Mapping[str, NDArray[Any]]) -> None:
        self._weights = {name: np.ascontiguousarray(value, dtype=np.float32) for name, value in tensors.items()}
        self._edges = self._weights["edges"]
        """(numbers, ramps + 1): quantiles"""
        groups, width = self._weights["group_fields"].shape
        by_group = self._weights.pop("groups.weight").astype(np.float64).reshape(groups, width, -1)
        columns = [np.flatnonzero(one.any(0)) for one in by_group]
        self._groups = [(own, one[:, own].T.copy()) for one, own in zip(by_group, columns, strict=True)]
        self._classes = self._weights.pop("classes.weight").T.astype(np.float64)
        self._wide = self._weights.pop("wide.weight").T.astype(np.float64)
        self._layers = 1 + max(int(name.split(".")[1]) for name in self._weights if name.startswith("layers."))

    def logits(self, embedded: Embedded, numbers: Floats) -> Floats:
        """(cases, classes). `numbers` are not a number where they are not known."""
        weights = self._weights
        ramps = ramps_of(numbers, self._edges).astype(np.float64)
        tokens = self._tokens(embedded, ramps)
        for layer in range(self._layers - 1):
            tokens = self._mixed(tokens, tokens, f"layers.{layer}.")
        classified = self._mixed(tokens[:, :1], tokens, f"layers.{self._layers - 1}.")[:, 0]
        normed = _normed(classified, weights["norm.weight"], weights["norm.bias"])
        odds = normed.astype(np.float64) @ self._classes + ramps @ self._wide
        return np.asarray(odds.astype(np.float32) + weights["classes.bias"])

    def _tokens(self, embedded: Embedded, ramps: NDArray[np.float64]) -> Floats:
        weights = self._weights
        texts = embedded.vectors @ weights["texts.weight"].T + weights["text_fields"]
        texts = np.where(embedded.known[:, :, None], texts, weights["text_missing"])
        told = np.stack([ramps[:, own] @ weight for own, weight in self._groups], axis=1).astype(np.float32)
        numbers = told + weights["group_fields"]
        first = np.broadcast_to(weights["classified"], (len(ramps), 1, texts.shape[2]))
        return np.concatenate((first, texts, numbers), axis=1)

    def _mixed(self, asking: Floats, tokens: Floats, layer: str) -> Floats:
        """One layer, norms first: `asking` are those of `tokens` that are wanted."""
        weights = self._weights
        norm, bias = weights[f"{layer}norm1.weight"], weights[f"{layer}norm1.bias"]
        normed = _normed(tokens, norm, bias)
        own = normed[:, : asking.shape[1]]
        cases, _, width = tokens.shape
        size = width // HEADS
        query = _heads(own @ weights[f"{layer}query.weight"].T + weights[f"{layer}query.bias"], size)
        both = normed @ weights[f"{layer}both.weight"].T + weights[f"{layer}both.bias"]
        key, value = _heads(both[:, :, :width], size), _heads(both[:, :, width:], size)
        attention = _softmax(query @ key.transpose(0, 1, 3, 2) / np.float32(sqrt(size)))
        read = (attention @ value).transpose(0, 2, 1, 3).reshape(cases, asking.shape[1], width)
        mixed: Floats = np.asarray(
            asking + read @ weights[f"{layer}out.weight"].T + weights[f"{layer}out.bias"], dtype=np.float32
        )
        normed = _normed(mixed, weights[f"{layer}norm2.weight"], weights[f"{layer}norm2.bias"])
        inner = np.maximum(normed @ weights[f"{layer}wider.weight"].T + weights[f"{layer}wider.bias"], 0.0)
        return np.asarray(mixed + inner @ weights[f"{layer}narrower.weight"].T + weights[f"{layer}narrower.bias"])


def ramps_of(numbers: Floats, edges: Floats) -> Floats:
    """(cases, numbers * intervals + numbers): how far each number has come in each interval between its quantiles
    `edges`, and whether it is missing."""
    widths = np.diff(edges, axis=1)
    scale = np.divide(1.0, widths, out=np.zeros_like(widths), where=widths > 0)
    missing = np.isnan(numbers)
    filled = np.where(missing, 0.0, numbers).astype(np.float32)
    along = np.clip((filled[:, :, None] - edges[None, :, :-1]) * scale, 0.0, 1.0)
    along[missing] = 0.0
    parts = np.concatenate((along, missing[:, :, None]), axis=2, dtype=np.float32)
    return np.asarray(parts.reshape(len(numbers), -1))


def _heads(states: Floats, size: int) -> Floats:
    cases, count, _ = states.shape
    return states.reshape(cases, count, HEADS, size).transpose(0, 2, 1, 3)


def _softmax(scores: Floats) -> Floats:
    raised = np.exp(scores - scores.max(-1, keepdims=True))
    return np.asarray(raised / raised.sum(-1, keepdims=True))


def _normed(states: Floats, weight: Floats, bias: Floats) -> Floats:
    centred = states - states.mean(-1, keepdims=True)
    variance = np.square(centred).mean(-1, keepdims=True)
    return np.asarray(centred / np.sqrt(variance + np.float32(_EPSILON)) * weight + bias)

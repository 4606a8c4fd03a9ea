"""The mixing encoder in torch, for training; `models.failure_point.head` runs the same weights in numpy."""

from collections.abc import Sequence
from math import sqrt
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from models.failure_point.head import HEADS
from models.minilm import WIDTH

TOKEN: Final = 64
INNER: Final = 128
LAYERS: Final = 2


class Layer(nn.Module):  # type: ignore[misc]
    """A transformer layer, norms first, that answers for the first `asking` tokens."""

    def __init__(self, width: int, inner: int, dropout: float) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.query, self.both, self.out = nn.Linear(width, width), nn.Linear(width, 2 * width), nn.Linear(width, width)
        self.wider, self.narrower = nn.Linear(width, inner), nn.Linear(inner, width)
        self.dropout = nn.Dropout(dropout)

    def forward(self, tokens: Tensor, asking: int) -> Tensor:
        cases, _, width = tokens.shape
        normed = self.norm1(tokens)
        query = self._heads(self.query(normed[:, :asking]))
        key, value = map(self._heads, self.both(normed).split(width, dim=2))
        attention = (query @ key.transpose(2, 3) / sqrt(width // HEADS)).softmax(-1)
        read = (attention @ value).transpose(1, 2).reshape(cases, asking, width)
        mixed = tokens[:, :asking] + self.dropout(self.out(read))
        inner = self.dropout(self.wider(self.norm2(mixed)).relu())
        return mixed + self.dropout(self.narrower(inner))

    @staticmethod
    def _heads(states: Tensor) -> Tensor:
        cases, count, width = states.shape
        return states.view(cases, count, HEADS, width // HEADS).transpose(1, 2)


class MixingNetwork(nn.Module):  # type: ignore[misc]
    """Texts and ramps of numbers in, logits out.

    `groups`: for each number the group (0, 1, ...) whose token it goes into. `edges` (numbers, ramps + 1): quantiles.
    """

    def __init__(
        self, texts: int, groups: Sequence[int], edges: NDArray[np.float32], classes: int, dropout: float
    ) -> None:
        super().__init__()
        columns = edges.shape[1]  # a ramp for each interval, and one for "missing"
        number_of_groups = max(groups) + 1
        self.register_buffer("edges", torch.from_numpy(edges))
        self.texts = nn.Linear(WIDTH, TOKEN, bias=False)
        self.groups = nn.Linear(len(groups) * columns, number_of_groups * TOKEN, bias=False)
        own = np.repeat(np.asarray(groups), columns)[None, :] == np.repeat(np.arange(number_of_groups), TOKEN)[:, None]
        self.own = torch.from_numpy(own.astype(np.float32))
        self.text_fields, self.text_missing = _fields(texts), _fields(texts)
        self.group_fields, self.classified = _fields(number_of_groups), _fields(1)
        self.layers = nn.ModuleList(Layer(TOKEN, INNER, dropout) for _ in range(LAYERS))
        self.norm = nn.LayerNorm(TOKEN)
        self.classes = nn.Linear(TOKEN, classes)
        self.wide = nn.Linear(len(groups) * columns, classes, bias=False)
        nn.init.normal_(self.groups.weight, std=0.1)
        nn.init.normal_(self.texts.weight, std=0.5 / sqrt(TOKEN))
        nn.init.zeros_(self.wide.weight)

    def forward(self, vectors: Tensor, known: Tensor, ramps: Tensor) -> Tensor:
        texts = torch.where(known[:, :, None], self.texts(vectors) + self.text_fields, self.text_missing)
        groups = nn.functional.linear(ramps, self.groups.weight * self.own)
        groups = groups.view(len(ramps), -1, TOKEN) + self.group_fields
        tokens = torch.cat((self.classified.expand(len(ramps), 1, TOKEN), texts, groups), dim=1)
        for layer in self.layers[:-1]:
            tokens = layer(tokens, tokens.shape[1])
        classified = self.layers[-1](tokens, 1)[:, 0]
        return self.classes(self.norm(classified)) + self.wide(ramps)

    def tensors(self) -> dict[str, NDArray[np.float32]]:
        """What `models.failure_point.head.MixingHead` reads."""
        tensors = {name: value.detach().numpy().copy() for name, value in self.state_dict().items()}
        tensors["groups.weight"] *= self.own.numpy()
        return tensors


def _fields(number: int) -> nn.Parameter:
    return nn.Parameter(torch.randn(number, TOKEN) * 0.1)

"""Fits a network that reads texts word by word; a fit that was interrupted goes on where it was."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Protocol, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

Floats = NDArray[np.float32]
Progress = Callable[[str], None]

UNKNOWN = -100
"""Stands for a label that is not known; no loss comes of it."""


class Seen(Protocol):
    """The words of an example."""

    @property
    def words(self) -> Sequence[object]: ...


class Prepared(Protocol):
    """An example as numbers."""

    @property
    def seen(self) -> Seen: ...


@dataclass(frozen=True, slots=True)
class Schedule:
    """Passes over the examples, the highest rate of learning, words in a batch.

    `mixing`: examples in a batch are of about the same length, give or take so many words.
    """

    epochs: int
    rate: float
    batch_words: int
    mixing: int


N = TypeVar("N", bound=nn.Module)
P = TypeVar("P", bound=Prepared)


def fit(
    network: N,
    examples: Sequence[P],
    loss_of: Callable[[N, Sequence[P]], Tensor],
    how: Schedule,
    seed: int,
    progress: Progress,
    checkpoint: Path | None = None,
) -> N:
    """Fit to the examples by AdamW; the rate rises for a tenth of the way and falls to nothing.

    `checkpoint`: a file that is written after every pass and from which a fit that was interrupted goes on; the result
    is the same as without an interruption.
    """
    torch.set_num_threads(1)
    optimizer = torch.optim.AdamW(network.parameters(), lr=how.rate, weight_decay=0.01)
    network.train()
    for epoch in range(_resumed(network, optimizer, checkpoint), how.epochs):
        torch.manual_seed(seed * 1_000 + epoch)
        batches = _batches(examples, how, Random(f"{seed}/{epoch}"))
        total = 0.0
        for at, batch in enumerate(batches):
            done = (epoch + at / len(batches)) / how.epochs
            for group in optimizer.param_groups:
                group["lr"] = how.rate * min(done / 0.1 + 0.01, (1.0 - done) / 0.9 + 0.001)
            loss = loss_of(network, batch)
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimizer.step()
            total += loss.item()
        if checkpoint is not None:
            checkpoint.parent.mkdir(parents=True, exist_ok=True)
            torch.save((epoch + 1, network.state_dict(), optimizer.state_dict()), checkpoint)
        progress(f"pass {epoch + 1} of {how.epochs}: loss {total / max(len(batches), 1):.3f}")
    network.eval()
    return network


def tensors_of(network: nn.Module) -> dict[str, Floats]:
    """The weights of a network."""
    return {name: value.detach().numpy() for name, value in network.state_dict().items()}


def with_tensors(blank: N, tensors: Mapping[str, Floats]) -> N:
    """`blank` with these weights."""
    blank.load_state_dict(
        {name: torch.from_numpy(np.array(tensors[name], dtype=np.float32)) for name in blank.state_dict()}
    )
    return blank


def _resumed(network: nn.Module, optimizer: torch.optim.Optimizer, checkpoint: Path | None) -> int:
    """The pass to go on with."""
    if checkpoint is None or not checkpoint.exists():
        return 0
    epoch, weights, moments = torch.load(checkpoint, weights_only=True)
    network.load_state_dict(weights)
    optimizer.load_state_dict(moments)
    return int(epoch)


def _batches(examples: Sequence[P], how: Schedule, rng: Random) -> list[list[P]]:
    order = sorted(examples, key=lambda one: (len(one.seen.words) + rng.randint(0, how.mixing), rng.random()))
    batches: list[list[P]] = [[]]
    for one in order:
        if batches[-1] and (len(batches[-1]) + 1) * len(one.seen.words) > how.batch_words:
            batches.append([])
        batches[-1].append(one)
    rng.shuffle(batches)
    return [batch for batch in batches if batch]

"""Fits the mixing encoder and the trees beside it: modality dropout, class weights, one temperature for both.

Half of the turns are seen as when their answer ends, half as when their dialogue has closed, so one model judges both.
Parts of a turn are hidden at random, so that it makes do with what an assistant tells.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from models.failure_point.head import ramps_of
from models.failure_point.numbers import GROUP_OF, Group
from models.failure_point.odds import TREES, Odds
from models.failure_point.texts import TEXTS
from schemas.failure_point import IsolationPass
from streams.training.failure_point_network import MixingNetwork
from streams.training.failure_point_rows import CLASSES, Floats, Hidden, Places, Rows
from streams.training.failure_point_trees import grow

EPOCHS: Final = 8
INTERVALS: Final = 8
_BATCH: Final = 256
_RATE: Final = 2e-3
_DECAY: Final = 0.05
_DROPOUT: Final = 0.1
_CORRECT_SEEN: Final = 0.3
"""Share of the correct turns that an epoch sees: they are nine of ten."""
_BALANCE: Final = 0.5
"""How far rare classes are made to weigh as much as common ones: 0 not at all, 1 quite."""
_HIDDEN_TEXT, _HIDDEN_TEXTS = 0.3, 0.6
_HIDDEN_GROUP, _HIDDEN_NUMBER, _HIDDEN_NUMBERS = 0.08, 0.04, 0.03
_LESS_SEEN: Final = 0.5
"""Share of the turns of which the trees do not see all."""
_TEMPERATURES: Final = np.linspace(0.5, 2.5, 81)

Progress = Callable[[str], None]
Probabilities = NDArray[np.float64]

_GROUPS: Final = tuple(Group)


@dataclass(frozen=True)
class Fitted:
    """What was learned. `bias` turns the odds of training, where failures are common, into those of `prior`."""

    tensors: dict[str, NDArray[Any]]
    bias: Probabilities
    temperature: float
    prior: Probabilities

    def probabilities(self, rows: Rows, isolation: IsolationPass, hidden: Hidden | None = None) -> Probabilities:
        """(turns, classes), calibrated."""
        logits = rows.judged(Odds(self.tensors).logits, isolation, hidden)
        return _softmax(logits / self.temperature + self.bias)


def fit(
    rows: Rows, natural: NDArray[np.bool_], seed: int, progress: Progress, checkpoint: Path | None = None
) -> Fitted:
    """Learn from the rows. `natural` are those where failures are as rare as they are; a tenth of the users of these is
    kept for the temperature. `checkpoint`: where to go on after an interruption."""
    prior = _shares(rows.truth[natural])
    kept = natural & (rows.user % 10 == 0)
    own = np.flatnonzero(~kept)
    torch.manual_seed(seed)
    edges = quantiles(np.concatenate((rows.last[own], rows.first[own])))
    groups = [_GROUPS.index(group) for group in GROUP_OF]
    network = MixingNetwork(len(TEXTS), groups, edges, len(CLASSES), _DROPOUT)
    weights, met = _class_weights(rows.truth[own])
    _learn(network, rows, own, weights, seed, progress, checkpoint)
    progress("trees")
    tensors = network.tensors() | _grown(rows, own, weights, seed)
    bias = np.log(prior / met)
    temperature = _temperature(tensors, rows, np.flatnonzero(kept), bias)
    return Fitted(tensors, bias, temperature, prior)


def quantiles(numbers: Floats) -> Floats:
    """(numbers, intervals + 1): where the ramps of each number begin and end."""
    steps = np.linspace(0.0, 1.0, INTERVALS + 1)
    edges = np.zeros((numbers.shape[1], INTERVALS + 1), dtype=np.float32)
    for column in range(numbers.shape[1]):
        known = numbers[~np.isnan(numbers[:, column]), column]
        if len(known):
            edges[column] = np.quantile(known, steps)
    return edges


def _class_weights(truth: Places) -> tuple[Floats, Probabilities]:
    """Weights by class, and the shares of the classes that the network meets with them."""
    seen = np.bincount(truth, minlength=len(CLASSES)).astype(np.float64)
    seen[0] *= _CORRECT_SEEN
    weights = (seen.sum() / np.maximum(seen, 1.0)) ** _BALANCE
    met = seen * weights
    return (weights / weights.mean()).astype(np.float32), met / met.sum()


def _learn(
    network: MixingNetwork,
    rows: Rows,
    own: Places,
    weights: Floats,
    seed: int,
    progress: Progress,
    checkpoint: Path | None,
) -> None:
    optimiser = torch.optim.AdamW(network.parameters(), lr=_RATE, weight_decay=_DECAY)
    failed, correct = _parted(rows, own)
    taken = int(len(correct) * _CORRECT_SEEN)
    steps = EPOCHS * -(-(len(failed) + taken) // _BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, _RATE, total_steps=steps, pct_start=0.1)
    loss_of = nn.CrossEntropyLoss(weight=torch.from_numpy(weights))
    begun = _resume(checkpoint, network, optimiser, schedule)
    for epoch in range(begun, EPOCHS):
        rng = np.random.default_rng((seed, epoch))
        torch.manual_seed(seed * 1_000 + epoch)
        order = rng.permutation(np.concatenate((failed, rng.choice(correct, taken, replace=False))))
        network.train()
        total = 0.0
        for start in range(0, len(order), _BATCH):
            vectors, known, ramps, truth = _batch(network, rows, order[start : start + _BATCH], rng)
            loss = loss_of(network(vectors, known, ramps), truth)
            optimiser.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimiser.step()
            schedule.step()
            total += float(loss.detach()) * len(truth)
        network.eval()
        progress(f"epoch {epoch + 1} of {EPOCHS}: loss {total / len(order):.4f}")
        if checkpoint is not None:
            state = {"network": network.state_dict(), "optimiser": optimiser.state_dict()}
            part = checkpoint.with_name(f"{checkpoint.name}.part")
            torch.save(state | {"schedule": schedule.state_dict(), "epoch": epoch + 1}, part)
            part.replace(checkpoint)
    network.eval()


def _resume(checkpoint: Path | None, network: MixingNetwork, *others: Any) -> int:
    """Take up what was saved; returns the epochs that are done."""
    if checkpoint is None or not checkpoint.exists():
        return 0
    state = torch.load(checkpoint, weights_only=True)
    network.load_state_dict(state["network"])
    for name, other in zip(("optimiser", "schedule"), others, strict=True):
        other.load_state_dict(state[name])
    return int(state["epoch"])


def _batch(
    network: MixingNetwork, rows: Rows, chosen: Places, rng: np.random.Generator
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Turns with parts of them hidden, the first half as when their answers end."""
    half = len(chosen) // 2
    passes = ((chosen[:half], IsolationPass.RESPONSE), (chosen[half:], IsolationPass.DIALOGUE))
    texts = [rows.embedded(own, isolation) for own, isolation in passes]
    known = np.concatenate([one.known for one in texts])
    numbers = np.concatenate([rows.numbers(isolation)[own] for own, isolation in passes])
    count = len(chosen)
    known &= (rng.random(known.shape) >= _HIDDEN_TEXT) & (rng.random((count, 1)) >= _HIDDEN_TEXTS)
    numbers[_lost(count, rng) | (rng.random((count, 1)) < _HIDDEN_NUMBERS)] = np.nan
    return (
        torch.from_numpy(np.concatenate([one.vectors for one in texts])),
        torch.from_numpy(known),
        torch.from_numpy(ramps_of(numbers, network.edges.numpy())),
        torch.from_numpy(rows.truth[chosen]),
    )


def _grown(rows: Rows, own: Places, weights: Floats, seed: int) -> dict[str, NDArray[Any]]:
    """Trees of what an epoch of the network sees, in both passes."""
    failed, correct = _parted(rows, own)
    rng = np.random.default_rng(seed)
    seen = np.concatenate((failed, rng.choice(correct, int(len(correct) * _CORRECT_SEEN), replace=False)))
    numbers = np.concatenate((rows.first[seen], rows.last[seen]))
    numbers[_lost(len(numbers), rng) & (rng.random((len(numbers), 1)) < _LESS_SEEN)] = np.nan
    return grow(numbers, np.tile(rows.truth[seen], 2), weights, seed).tensors(TREES)


def _lost(turns: int, rng: np.random.Generator) -> NDArray[np.bool_]:
    """(turns, numbers): groups of numbers, and single ones, that are hidden."""
    groups = (rng.random((turns, len(_GROUPS))) < _HIDDEN_GROUP)[:, [_GROUPS.index(group) for group in GROUP_OF]]
    return np.asarray(groups | (rng.random((turns, len(GROUP_OF))) < _HIDDEN_NUMBER))


def _parted(rows: Rows, own: Places) -> tuple[Places, Places]:
    """Those that failed, and those that did not."""
    return own[rows.truth[own] > 0], own[rows.truth[own] == 0]


def _temperature(tensors: dict[str, NDArray[Any]], rows: Rows, kept: Places, bias: Probabilities) -> float:
    """The one under which both passes over turns kept for this are likeliest."""
    own, odds = rows.chosen(kept), Odds(tensors)
    logits = np.concatenate([own.judged(odds.logits, isolation) for isolation in IsolationPass])
    truth = np.tile(own.truth, len(IsolationPass))
    places = np.arange(len(truth))
    losses = [-np.log(_softmax(logits / one + bias)[places, truth] + 1e-12).mean() for one in _TEMPERATURES]
    return float(_TEMPERATURES[int(np.argmin(losses))])


def _shares(truth: Places) -> Probabilities:
    """Of each class, none zero."""
    counts = np.bincount(truth, minlength=len(CLASSES)) + 1.0
    return np.asarray(counts / counts.sum())


def _softmax(logits: Probabilities) -> Probabilities:
    raised = np.exp(logits - logits.max(1, keepdims=True))
    return np.asarray(raised / raised.sum(1, keepdims=True))

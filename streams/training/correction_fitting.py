"""Fits the network of the correction model to examples."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

from models.correction.features import FLAGS, Floats, Seen, see
from models.correction.network import BEGIN, JUMPS, Copied, Shape, jumps
from models.correction.words import split
from models.minilm import WIDTH
from streams.training import network_fitting
from streams.training.correction_alignment import Step, align
from streams.training.correction_examples import Example
from streams.training.correction_network import Network
from streams.training.network_fitting import UNKNOWN, Progress, Schedule

StatesOf = Callable[[str], Floats]
"""The word states of a text."""

MOST_STEPS = 48


@dataclass(frozen=True, slots=True)
class Prepared:
    """An example as numbers. `steps` is empty where no rewrite is known."""

    seen: Seen
    truth: int
    left_out: NDArray[np.int64]
    value: NDArray[np.int64]
    replaced: NDArray[np.int64]
    steps: tuple[Step, ...]
    jumped: Floats


def prepare(
    example: Example, states_of: StatesOf, vocabulary: Mapping[str, int], lexicon: Mapping[str, int]
) -> Prepared:
    """Look an example's words up and align its rewrite."""
    said = example.utterances
    seen = see(states_of(said.request), states_of(said.response), states_of(said.text), said, lexicon)
    count = len(seen.words)
    seen = replace(seen, states=seen.states.astype(np.float16))
    steps: list[Step] = []
    if example.rewrite is not None:
        target = [word.text for word in split(example.rewrite)]
        steps = align(seen.words, seen.roles, target, vocabulary)[-MOST_STEPS:]
    return Prepared(
        seen,
        UNKNOWN if example.truth is None else int(example.truth),
        _tags(example.left_out, seen.turn_start, count),
        _tags(example.value, seen.turn_start, count),
        _tags(example.replaced, 0, count),
        tuple(steps),
        _jumped(seen, steps),
    )


def _tags(known: tuple[bool, ...] | None, start: int, count: int) -> NDArray[np.int64]:
    tags = np.full(count, UNKNOWN, dtype=np.int64)
    if known is not None:
        own = np.array(known[: count - start], dtype=np.int64)
        tags[start : start + len(own)] = own
    return tags


def _jumped(seen: Seen, steps: Sequence[Step]) -> Floats:
    made = np.zeros((len(steps), len(seen.words), JUMPS), dtype=np.float32)
    copied = Copied.nothing(seen)
    for at, step in enumerate(steps):
        made[at] = jumps(seen.roles, copied)
        if step.source is not None:
            copied = copied.then(step.source, seen.roles)
    return made


@dataclass(frozen=True, slots=True)
class Fit(Schedule):
    """How to fit, with the weights of the tasks."""

    rate: float = 2e-3
    batch_words: int = 3_000
    mixing: int = 6
    label: float = 1.0
    tags: float = 1.0
    writing: float = 1.0


def fit(
    network: Network,
    examples: Sequence[Prepared],
    how: Fit,
    seed: int,
    progress: Progress,
    checkpoint: Path | None = None,
) -> Network:
    """Fit to the examples; see `network_fitting.fit`."""

    def loss_of(network: Network, batch: Sequence[Prepared]) -> Tensor:
        return _loss(network, batch, how)

    return network_fitting.fit(network, examples, loss_of, how, seed, progress, checkpoint)


def _loss(network: Network, batch: Sequence[Prepared], how: Fit) -> Tensor:
    lengths = torch.tensor([len(one.seen.words) for one in batch])
    width = int(lengths.max())
    states = _padded([one.seen.states for one in batch], (width, WIDTH))
    flags = _padded([one.seen.flags for one in batch], (width, FLAGS))
    roles = _padded_integers([one.seen.roles for one in batch], width, 0)
    known = torch.arange(width)[None] < lengths[:, None]
    lexical = _padded_integers([one.seen.known for one in batch], width, 0)
    read = network.read(states, roles, flags, lexical, lengths)
    loss = torch.zeros(())
    truth = torch.tensor([one.truth for one in batch])
    if bool((truth != UNKNOWN).any()):
        logits = network.label(network.pooled(read, known & (roles == 2)))
        loss = loss + how.label * cross_entropy(logits, truth, ignore_index=UNKNOWN)
    tags = network.tags(read)
    for column, wanted in enumerate(
        (
            [one.left_out for one in batch],
            [one.value for one in batch],
            [one.replaced for one in batch],
        )
    ):
        padded = _padded_integers(wanted, width, UNKNOWN)
        told = padded != UNKNOWN
        if bool(told.any()):
            loss = loss + how.tags * binary_cross_entropy_with_logits(tags[..., column][told], padded[told].float())
    writes = [at for at, one in enumerate(batch) if one.steps]
    if writes and how.writing:
        chosen = torch.tensor(writes)
        loss = loss + how.writing * _writing_loss(network, [batch[at] for at in writes], read[chosen], known[chosen])
    return loss


def _writing_loss(network: Network, batch: Sequence[Prepared], read: Tensor, known: Tensor) -> Tensor:
    longest = max(len(one.steps) for one in batch)
    words = read.shape[1]
    vocabulary = network.shape.vocabulary
    sources = np.full((len(batch), longest), -1, dtype=np.int64)
    written = np.full((len(batch), longest), BEGIN, dtype=np.int64)
    wanted = np.full((len(batch), longest), UNKNOWN, dtype=np.int64)
    jumped = np.zeros((len(batch), longest, words, JUMPS), dtype=np.float32)
    for row, one in enumerate(batch):
        count, own = len(one.steps), len(one.seen.words)
        jumped[row, :count, :own] = one.jumped
        for at, step in enumerate(one.steps):
            wanted[row, at] = step.written if step.source is None else vocabulary + step.source
            if at + 1 < count:
                sources[row, at + 1] = -1 if step.source is None else step.source
                written[row, at + 1] = step.written
    logits = network.steps(
        read,
        known,
        network.pooled(read, known),
        torch.from_numpy(sources),
        torch.from_numpy(written),
        torch.from_numpy(jumped),
    )
    return cross_entropy(logits.flatten(0, 1), torch.from_numpy(wanted).flatten(), ignore_index=UNKNOWN)


def _padded(arrays: Sequence[Floats], shape: tuple[int, ...]) -> Tensor:
    made = np.zeros((len(arrays), *shape), dtype=np.float32)
    for row, one in enumerate(arrays):
        made[row, : len(one)] = one
    return torch.from_numpy(made)


def _padded_integers(arrays: Sequence[NDArray[np.int64]], width: int, fill: int) -> Tensor:
    made = np.full((len(arrays), width), fill, dtype=np.int64)
    for row, one in enumerate(arrays):
        made[row, : len(one)] = one
    return torch.from_numpy(made)


def blank(shape: Shape, seed: int) -> Network:
    """A network that has learned nothing."""
    torch.manual_seed(seed)
    return Network(shape)

"""Fits the network of the preference model to examples."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

from models.minilm import WIDTH
from models.preference.features import FLAGS, Floats, Seen, see
from models.preference.network import (
    ATTRIBUTES,
    LIKES,
    QUESTIONS,
    SCOPES,
    TAGS,
    TEACHES,
    Shape,
)
from schemas.preference import Polarity
from streams.training import network_fitting
from streams.training.network_fitting import UNKNOWN, Progress, Schedule
from streams.training.preference_examples import Example, known_words, tags_of
from streams.training.preference_network import Network

_FORGOTTEN = 0.25
"""Share of the words that are taken for unknown, so that what they mean counts beside which they are."""

StatesOf = Callable[[str], Floats]
"""The word states of a text."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """An example as numbers. `asked`: teaches and likes; `chosen`: scope and attribute."""

    seen: Seen
    asked: NDArray[np.float32]
    chosen: NDArray[np.int64]
    tags: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Fit(Schedule):
    """How to fit."""

    epochs: int = 8
    rate: float = 3e-3
    batch_words: int = 1_500
    mixing: int = 3


def prepare(example: Example, states_of: StatesOf, lexicon: Mapping[str, int]) -> Prepared:
    """Look an example's words up."""
    turn = example.turn
    states = states_of(turn.text), states_of(turn.asked), states_of(turn.said)
    seen = see(turn, states, known_words(example), lexicon)
    asked = np.full(QUESTIONS, np.nan, dtype=np.float32)
    for at, answer in (
        (TEACHES, example.teaches),
        (LIKES, None if example.polarity is None else example.polarity is Polarity.LIKE),
    ):
        if answer is not None:
            asked[at] = answer
    chosen = np.full(2, UNKNOWN, dtype=np.int64)
    if example.scope is not None:
        chosen[0] = SCOPES.index(example.scope)
    if example.attribute is not None:
        chosen[1] = ATTRIBUTES.index(example.attribute)
    tags = np.full(len(seen.words), UNKNOWN, dtype=np.int64)
    if example.spans is not None:
        tags[:] = [TAGS.index(tag) for tag in tags_of(example)]
    return Prepared(seen, asked, chosen, tags)


def blank(shape: Shape, seed: int) -> Network:
    """A network that has learned nothing."""
    torch.manual_seed(seed)
    return Network(shape)


def fit(
    network: Network,
    examples: Sequence[Prepared],
    how: Fit,
    seed: int,
    progress: Progress,
    checkpoint: Path | None = None,
) -> Network:
    """Fit to the examples; see `network_fitting.fit`."""
    return network_fitting.fit(network, examples, _loss, how, seed, progress, checkpoint)


def _loss(network: Network, batch: Sequence[Prepared]) -> Tensor:
    lengths = torch.tensor([len(one.seen.words) for one in batch])
    width = int(lengths.max())
    states = np.zeros((len(batch), width, WIDTH), dtype=np.float32)
    flags = np.zeros((len(batch), width, FLAGS), dtype=np.float32)
    lexical = np.zeros((len(batch), width), dtype=np.int64)
    tags = np.full((len(batch), width), UNKNOWN, dtype=np.int64)
    bags = np.zeros((len(batch), network.shape.lexicon + 1), dtype=np.float32)
    for row, one in enumerate(batch):
        count = len(one.seen.words)
        states[row, :count], flags[row, :count] = one.seen.states, one.seen.flags
        lexical[row, :count], tags[row, :count] = one.seen.lexical, one.tags
        lexical[row, :count][torch.rand(count).numpy() < _FORGOTTEN] = 0
        if len(one.seen.asked):
            np.add.at(bags[row], one.seen.asked, 1.0 / len(one.seen.asked))
    context = torch.from_numpy(np.stack([one.seen.context for one in batch]))
    judged, tagged = network(
        torch.from_numpy(states),
        torch.from_numpy(lexical),
        torch.from_numpy(flags),
        lengths,
        context,
        torch.from_numpy(bags),
    )
    asked = torch.from_numpy(np.stack([one.asked for one in batch]))
    told = ~asked.isnan()
    loss = binary_cross_entropy_with_logits(judged[:, :QUESTIONS][told], asked[told])
    chosen = torch.from_numpy(np.stack([one.chosen for one in batch]))
    start = QUESTIONS
    for at, options in enumerate((SCOPES, ATTRIBUTES)):
        if bool((chosen[:, at] != UNKNOWN).any()):
            logits = judged[:, start : start + len(options)]
            loss = loss + 0.5 * cross_entropy(logits, chosen[:, at], ignore_index=UNKNOWN)
        start += len(options)
    wanted = torch.from_numpy(tags)
    if bool((wanted != UNKNOWN).any()):
        loss = loss + cross_entropy(tagged.flatten(0, 1), wanted.flatten(), ignore_index=UNKNOWN)
    return loss

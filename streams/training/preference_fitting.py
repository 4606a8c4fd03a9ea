"""Fits the network of the preference model to examples."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

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
from streams.training.preference_examples import Example, known_words, tags_of
from streams.training.preference_network import Network

Progress = Callable[[str], None]
StatesOf = Callable[[str], Floats]
"""The word states of a text."""

_UNKNOWN = -100


@dataclass(frozen=True, slots=True)
class Prepared:
    """An example as numbers. `asked`: teaches and likes; `chosen`: scope and attribute."""

    seen: Seen
    asked: NDArray[np.float32]
    chosen: NDArray[np.int64]
    tags: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Fit:
    """How to fit: passes over the examples, the highest rate of learning, words in a batch."""

    epochs: int = 7
    rate: float = 3e-3
    batch_words: int = 1_500


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
    chosen = np.full(2, _UNKNOWN, dtype=np.int64)
    if example.scope is not None:
        chosen[0] = SCOPES.index(example.scope)
    if example.attribute is not None:
        chosen[1] = ATTRIBUTES.index(example.attribute)
    tags = np.full(len(seen.words), _UNKNOWN, dtype=np.int64)
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
    """Fit to the examples; the rate rises for a tenth of the way and falls to nothing.

    `checkpoint`: a file that is written after every pass and from which a fit that was interrupted goes on; the result
    is the same as without an interruption.
    """
    torch.set_num_threads(1)
    optimizer = torch.optim.AdamW(network.parameters(), lr=how.rate, weight_decay=0.01)
    network.train()
    for epoch in range(_resumed(network, optimizer, checkpoint), how.epochs):
        torch.manual_seed(seed * 1_000 + epoch)
        batches = _batches(examples, how.batch_words, Random(f"{seed}/{epoch}"))
        total = 0.0
        for at, batch in enumerate(batches):
            done = (epoch + at / len(batches)) / how.epochs
            for group in optimizer.param_groups:
                group["lr"] = how.rate * min(done / 0.1 + 0.01, (1.0 - done) / 0.9 + 0.001)
            loss = _loss(network, batch)
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


def tensors_of(network: Network) -> dict[str, Floats]:
    """The weights of a network."""
    return {name: value.detach().numpy() for name, value in network.state_dict().items()}


def _resumed(network: Network, optimizer: torch.optim.Optimizer, checkpoint: Path | None) -> int:
    """The pass to go on with."""
    if checkpoint is None or not checkpoint.exists():
        return 0
    epoch, weights, moments = torch.load(checkpoint, weights_only=True)
    network.load_state_dict(weights)
    optimizer.load_state_dict(moments)
    return int(epoch)


def _batches(examples: Sequence[Prepared], most_words: int, rng: Random) -> list[list[Prepared]]:
    order = sorted(examples, key=lambda one: (len(one.seen.words) + rng.randint(0, 3), rng.random()))
    batches: list[list[Prepared]] = [[]]
    for one in order:
        if batches[-1] and (len(batches[-1]) + 1) * len(one.seen.words) > most_words:
            batches.append([])
        batches[-1].append(one)
    rng.shuffle(batches)
    return [batch for batch in batches if batch]


def _loss(network: Network, batch: Sequence[Prepared]) -> Tensor:
    lengths = torch.tensor([len(one.seen.words) for one in batch])
    width = int(lengths.max())
    states = np.zeros((len(batch), width, WIDTH), dtype=np.float32)
    flags = np.zeros((len(batch), width, FLAGS), dtype=np.float32)
    lexical = np.zeros((len(batch), width), dtype=np.int64)
    tags = np.full((len(batch), width), _UNKNOWN, dtype=np.int64)
    bags = np.zeros((len(batch), network.shape.lexicon + 1), dtype=np.float32)
    for row, one in enumerate(batch):
        count = len(one.seen.words)
        states[row, :count], flags[row, :count] = one.seen.states, one.seen.flags
        lexical[row, :count], tags[row, :count] = one.seen.lexical, one.tags
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
        if bool((chosen[:, at] != _UNKNOWN).any()):
            logits = judged[:, start : start + len(options)]
            loss = loss + 0.5 * cross_entropy(logits, chosen[:, at], ignore_index=_UNKNOWN)
        start += len(options)
    wanted = torch.from_numpy(tags)
    if bool((wanted != _UNKNOWN).any()):
        loss = loss + cross_entropy(tagged.flatten(0, 1), wanted.flatten(), ignore_index=_UNKNOWN)
    return loss

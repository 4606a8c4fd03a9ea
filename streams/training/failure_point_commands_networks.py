"""Fits what checked commands teach: which intent a text asks for, and which of its words are values."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from models.failure_point_commands.command import OUTSIDE, Command, tags_of, words_of
from models.failure_point_commands.evidence import sentence_of
from models.failure_point_commands.intents import BUCKETS, EMBEDDING_SCALE, IntentModel, pieces_of
from models.failure_point_commands.tagger import BUCKETS as WORD_BUCKETS
from models.failure_point_commands.tagger import OUTPUT, PARTS, WINDOW, Tagger, intent_number, windows
from models.minilm import WIDTH

States = NDArray[np.float32]

_INTENT_ROUNDS: Final = 8
_INTENT_BATCH: Final = 128
_INTENT_RATE: Final = 3e-3
_SMOOTHING: Final = 0.02
_TAG_ROUNDS: Final = 6
_TAG_BATCH: Final = 256
_TAG_RATE: Final = 2e-3
_TAG_DROPOUT: Final = 0.3
_INTENT_HIDDEN: Final = 0.1
"""Share of words whose intent is hidden from the tagger, so that it works for intents it does not know."""
_UNSEEN: Final = 0.02
_WIDTH: Final = 128
_NARROW: Final = 24


def fit_intents(commands: Sequence[Command], states: Sequence[States], seed: int) -> IntentModel:
    """Learns the intents that occur. `states`: of the words of each command's text."""
    torch.manual_seed(seed)
    intents = sorted({command.intent for command in commands})
    meaning = nn.Linear(WIDTH, len(intents))
    pieces = nn.EmbeddingBag(BUCKETS, len(intents), mode="sum")
    nn.init.zeros_(meaning.weight)
    nn.init.zeros_(pieces.weight)
    embeddings = torch.from_numpy(np.stack([sentence_of(seen) for seen in states])) * EMBEDDING_SCALE
    bags = [pieces_of(words_of(command.text)) for command in commands]
    truth = torch.tensor([intents.index(command.intent) for command in commands])
    optimiser = torch.optim.Adam([*meaning.parameters(), *pieces.parameters()], lr=_INTENT_RATE)
    for _ in range(_INTENT_ROUNDS):
        for chosen in torch.randperm(len(commands)).split(_INTENT_BATCH):
            own = [bags[at] for at in chosen.tolist()]
            starts = np.cumsum([0, *(len(buckets) for buckets, _ in own[:-1])])
            odds = meaning(functional.dropout(embeddings[chosen], 0.1)) + pieces(
                torch.from_numpy(np.concatenate([buckets for buckets, _ in own])),
                torch.from_numpy(starts),
                per_sample_weights=torch.from_numpy(np.concatenate([weights for _, weights in own])),
            )
            _step(optimiser, functional.cross_entropy(odds, truth[chosen], label_smoothing=_SMOOTHING))
    return IntentModel(tuple(intents), _numpy(meaning.weight).T, _numpy(pieces.weight), _numpy(meaning.bias))


class TaggerNetwork(nn.Module):  # type: ignore[misc]
    """The tagger in torch; `models.failure_point_commands.tagger` runs it in numpy."""

    def __init__(self, tags: int, intents: int) -> None:
        super().__init__()
        self.project = nn.Linear(WIDTH, _WIDTH)
        self.word = nn.Embedding(WINDOW * WORD_BUCKETS, _NARROW)
        # A word that was never seen must not look like noise.
        nn.init.normal_(self.word.weight, std=_UNSEEN)
        self.intent = nn.Embedding(intents + 1, _NARROW)
        self.hidden = nn.Linear(_WIDTH + (WINDOW + 1) * _NARROW, _WIDTH)
        self.tag = nn.Linear(_WIDTH, tags)
        self.drop = nn.Dropout(_TAG_DROPOUT)

    def forward(self, states: Tensor, around: Tensor, intent: Tensor) -> Tensor:
        """Log-odds (words, tags) of words with their states (words, 384), windows (words, WINDOW) and intents."""
        projected = torch.tanh(self.project(self.drop(states)))
        seen = torch.cat([projected, self.drop(self.word(around)).flatten(1), self.drop(self.intent(intent))], 1)
        odds: Tensor = self.tag(self.drop(torch.relu(self.hidden(seen))))
        return odds


def fit_tagger(commands: Sequence[Command], states: Sequence[States], intents: Sequence[str], seed: int) -> Tagger:
    """Learns the entities that occur; `intents` as the intent model has them."""
    torch.manual_seed(seed)
    words = [words_of(command.text) for command in commands]
    marked = [tags_of(own, command.entities) for own, command in zip(words, commands, strict=True)]
    tags = [OUTSIDE, *sorted({tag for row in marked for tag in row} - {OUTSIDE})]
    numbers = {tag: at for at, tag in enumerate(tags)}
    truth = torch.tensor([numbers[tag] for row in marked for tag in row])
    seen = torch.from_numpy(np.concatenate(states))
    around = torch.from_numpy(np.concatenate([windows(own) for own in words]))
    asked = torch.tensor(
        [
            intent_number(command.intent, intents)
            for command, own in zip(commands, words, strict=True)
            for _ in range(len(own))
        ]
    )
    network = TaggerNetwork(len(tags), len(intents))
    optimiser = torch.optim.Adam(network.parameters(), lr=_TAG_RATE)
    for _ in range(_TAG_ROUNDS):
        for chosen in torch.randperm(len(truth)).split(_TAG_BATCH):
            intent = torch.where(torch.rand(len(chosen)) < _INTENT_HIDDEN, 0, asked[chosen])
            odds = network(seen[chosen], around[chosen], intent)
            _step(optimiser, functional.cross_entropy(odds, truth[chosen]))
    stored = network.state_dict()
    return Tagger(tuple(tags), tuple(intents), {part: _numpy(stored[part]) for part in PARTS + OUTPUT})


def _step(optimiser: torch.optim.Optimizer, loss: Tensor) -> None:
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()


def _numpy(values: Tensor) -> NDArray[np.float32]:
    return np.asarray(values.detach().numpy(), dtype=np.float32)

"""The network of the preference model in torch, for training; `models/preference/network.py` runs it in numpy."""

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from models.minilm import WIDTH
from models.preference.features import FLAGS
from models.preference.network import OUTPUTS, TAGS, Shape


class Network(nn.Module):  # type: ignore[misc]
    """A bidirectional LSTM over the frozen MiniLM states of a turn's words, with heads for the turn and its words."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.project = nn.Linear(WIDTH, shape.projected)
        self.word = nn.Embedding(shape.lexicon + 1, shape.word)
        self.reader = nn.LSTM(shape.projected + shape.word + FLAGS, shape.reading, bidirectional=True, batch_first=True)
        self.context = nn.Linear(2 * WIDTH, shape.context)
        self.judge_hidden = nn.Linear(4 * shape.reading + shape.context + shape.word, shape.judging)
        self.judge = nn.Linear(shape.judging, OUTPUTS)
        self.tags = nn.Linear(2 * shape.reading, len(TAGS))
        self.drop = nn.Dropout(0.2)

    def forward(
        self,
        states: Tensor,
        lexical: Tensor,
        flags: Tensor,
        lengths: Tensor,
        context: Tensor,
        asked: Tensor,
    ) -> tuple[Tensor, Tensor]:
        """Logits (turns, OUTPUTS) and (turns, words, TAGS). `asked`: (turns, lexicon + 1), shares of the question's
        words."""
        projected = torch.tanh(self.project(self.drop(states)))
        inputs = torch.cat([projected, self.drop(self.word(lexical)), flags], -1)
        packed = pack_padded_sequence(inputs, lengths, batch_first=True, enforce_sorted=False)
        words = self.drop(pad_packed_sequence(self.reader(packed)[0], batch_first=True)[0])
        known = torch.arange(words.shape[1])[None] < lengths[:, None]
        highest = words.masked_fill(~known[..., None], -1e4).max(1).values
        mean = (words * known[..., None]).sum(1) / lengths[:, None]
        bag = self.drop(asked @ self.word.weight)
        pooled = torch.cat([highest, mean, self.drop(torch.relu(self.context(self.drop(context)))), bag], -1)
        judged: Tensor = self.judge(self.drop(torch.relu(self.judge_hidden(pooled))))
        return judged, self.tags(words)

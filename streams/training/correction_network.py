"""The network of the correction model in torch, for training; `models/correction/network.py` runs it in numpy."""

from dataclasses import asdict

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from models.correction.features import FLAGS
from models.correction.network import JUMPS, Shape
from models.minilm import WIDTH


class Network(nn.Module):  # type: ignore[misc]
    """Reads an exchange word by word; tells its label, the words to leave out, the words of the value, and writes.

    The writer is a GRU whose every step copies a word of the exchange or writes one of a small vocabulary (See et al.,
    ACL 2017, with the alignment given: each step of the training data says which word is copied).
    """

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        read = 2 * shape.reading
        self.project = nn.Linear(WIDTH, shape.projected)
        self.role = nn.Embedding(3, shape.role)
        self.word = nn.Embedding(shape.lexicon + 1, shape.word)
        self.reader = nn.LSTM(
            shape.projected + shape.role + shape.word + FLAGS,
            shape.reading,
            num_layers=2,
            bidirectional=True,
            batch_first=True,
            dropout=0.2,
        )
        self.judge_hidden = nn.Linear(2 * read, shape.judging)
        self.judge = nn.Linear(shape.judging, 3)
        self.tags = nn.Linear(read, 3)
        self.vocabulary = nn.Embedding(shape.vocabulary, shape.embedded)
        self.copied = nn.Linear(read, shape.embedded)
        self.begin = nn.Linear(2 * read, shape.writing)
        self.writer = nn.GRU(shape.embedded, shape.writing, batch_first=True)
        self.attend = nn.Linear(shape.writing, read, bias=False)
        self.mix = nn.Linear(shape.writing + read, shape.writing)
        self.point = nn.Linear(shape.writing, read, bias=False)
        self.jump = nn.Linear(shape.writing, JUMPS)
        self.write = nn.Linear(shape.writing, shape.vocabulary)
        self.drop = nn.Dropout(0.25)

    def read(self, states: Tensor, roles: Tensor, flags: Tensor, known: Tensor, lengths: Tensor) -> Tensor:
        """(exchanges, words, 2 * reading)."""
        projected, lexical = torch.tanh(self.project(self.drop(states))), self.drop(self.word(known))
        inputs = torch.cat([projected, self.role(roles), lexical, flags], -1)
        packed = pack_padded_sequence(inputs, lengths, batch_first=True, enforce_sorted=False)
        return self.drop(pad_packed_sequence(self.reader(packed)[0], batch_first=True)[0])

    def pooled(self, read: Tensor, mask: Tensor) -> Tensor:
        """Highest and mean of the words in `mask`: (exchanges, 4 * reading)."""
        highest = read.masked_fill(~mask[..., None], -1e4).max(1).values
        mean = (read * mask[..., None]).sum(1) / mask.sum(1, keepdim=True).clamp(min=1)
        return torch.cat([highest, mean], -1)

    def label(self, pooled: Tensor) -> Tensor:
        """Logits of the three labels."""
        out: Tensor = self.judge(self.drop(torch.relu(self.judge_hidden(pooled))))
        return out

    def steps(
        self, read: Tensor, known: Tensor, pooled: Tensor, sources: Tensor, written: Tensor, jumps: Tensor
    ) -> Tensor:
        """Logits of (exchanges, steps, vocabulary + words), the step before given.

        `sources` (exchanges, steps): the place copied before, -1 where a word was written; `written`: that word's
        number in the vocabulary; `jumps` (exchanges, steps, words, JUMPS); `known` masks the padding.
        """
        at = sources.clamp(min=0)[..., None].expand(-1, -1, read.shape[-1])
        from_copy = self.copied(torch.gather(read, 1, at))
        inputs = torch.where((sources >= 0)[..., None], from_copy, self.vocabulary(written))
        start = torch.tanh(self.begin(pooled))[None]
        state = self.writer(self.drop(inputs), start.contiguous())[0]
        looks = torch.einsum("bsr,bwr->bsw", self.attend(state), read).masked_fill(~known[:, None], -1e4)
        seen = torch.einsum("bsw,bwr->bsr", looks.softmax(-1), read)
        mixed = self.drop(torch.tanh(self.mix(torch.cat([state, seen], -1))))
        points = torch.einsum("bsr,bwr->bsw", self.point(mixed), read)
        points = points + torch.einsum("bsj,bswj->bsw", self.jump(mixed), jumps)
        return torch.cat([self.write(mixed), points.masked_fill(~known[:, None], -1e4)], -1)

    def config(self) -> dict[str, int]:
        return asdict(self.shape)

"""MiniLM with its last two layers tuned to tell retries: what the judge of pairs is measured against.

`Pairwise` reads two requests and nothing else. `Span` is ContReph's (Wang et al., EMNLP 2021): from `[CLS] source [SEP]
dialogue` it points at the first and the last token of the request that makes the source again, or at `[CLS]` for none;
who speaks and how long the person waited are embeddings of their own. Neither ships.
"""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from transformers import AutoModel

from models.minilm import WIDTH, minilm_folder, minilm_tokenizer
from models.rephrase.candidate import Candidate

MOST_TOKENS: Final = 96
_TUNED: Final = 2
"""Layers, from the last one on."""
_MOST_OF_TURN: Final = 22
"""Tokens of one utterance; four of them fit."""
_WAITS_S: Final = (0.0, 2.0, 5.0, 10.0, 20.0, 40.0)
_SOURCE, _ASSISTANT, _PERSON = 1, 2, 3
_CLS, _SEP, _UNKNOWN = "[CLS]", "[SEP]", "[UNK]"
_CASES_AT_ONCE: Final = 64
_NEVER: Final = -1e4


@dataclass(frozen=True, slots=True)
class Tokens:
    """A pair of requests as the network reads it. `roles` and `waits` are numbers of embeddings, one for each of
    `ids`; the second request lies in [start, end]."""

    ids: tuple[int, ...]
    roles: tuple[int, ...]
    waits: tuple[int, ...]
    start: int
    end: int


class Tuned(nn.Module):  # type: ignore[misc]
    """MiniLM, frozen but for its last layers, before which roles and waits are added."""

    def __init__(self, outputs: int, seed: int) -> None:
        """Raises `ModelsNotInstalled`."""
        super().__init__()
        torch.manual_seed(seed)
        self.body = AutoModel.from_pretrained(minilm_folder())
        self.role = nn.Embedding(_PERSON + 1, WIDTH)
        self.wait = nn.Embedding(len(_WAITS_S) + 2, WIDTH)
        self.out = nn.Linear(WIDTH, outputs)
        for embedding in (self.role, self.wait):
            nn.init.normal_(embedding.weight, std=0.02)
        self.body.requires_grad_(False)
        self.body.encoder.layer[-_TUNED:].requires_grad_(True)
        self._tokenizer = minilm_tokenizer()

    @abstractmethod
    def tokens(self, pair: Candidate) -> Tokens:
        """What the network reads of a pair."""

    @abstractmethod
    def odds_of(self, outputs: Tensor, starts: Tensor, ends: Tensor) -> Tensor:
        """Log-odds of a retry, (cases,), from the outputs at each token, (cases, tokens, outputs)."""

    @abstractmethod
    def loss_of(self, outputs: Tensor, starts: Tensor, ends: Tensor, retry: Tensor) -> Tensor:
        """What to make small."""

    def outputs(self, batch: Sequence[Tokens]) -> tuple[Tensor, Tensor, Tensor]:
        """Those at each token, (cases, tokens, outputs), and where the second requests start and end."""
        width = max(len(one.ids) for one in batch)
        ids, roles, waits = (
            torch.tensor([(*row, *(0,) * (width - len(row))) for row in rows])
            for rows in ([one.ids for one in batch], [one.roles for one in batch], [one.waits for one in batch])
        )
        lengths = torch.tensor([len(one.ids) for one in batch])
        known = torch.arange(width)[None] < lengths[:, None]
        # Half the time on processors that know bfloat16, and as good.
        with torch.autocast("cpu", dtype=torch.bfloat16):
            mask = torch.where(known, 0.0, _NEVER)[:, None, None].to(torch.bfloat16)
            layers = list(self.body.encoder.layer)
            with torch.no_grad():
                states = self.body.embeddings(input_ids=ids)
                for layer in layers[:-_TUNED]:
                    states = layer(states, mask)
            states = states + self.role(roles) + self.wait(waits)
            for layer in layers[-_TUNED:]:
                states = layer(states, mask)
        outputs = self.out(states.float()).masked_fill(~known[..., None], _NEVER)
        return outputs, torch.tensor([one.start for one in batch]), torch.tensor([one.end for one in batch])

    def loss(self, batch: Sequence[Tokens], retry: Sequence[bool]) -> Tensor:
        """Of a batch."""
        return self.loss_of(*self.outputs(batch), torch.tensor(retry))

    def odds(self, pairs: Sequence[Candidate]) -> NDArray[np.float64]:
        """Log-odds that the second request makes the first again."""
        self.eval()
        read = [self.tokens(pair) for pair in pairs]
        order = sorted(range(len(read)), key=lambda at: len(read[at].ids))
        made = np.zeros(len(read))
        with torch.inference_mode():
            for first in range(0, len(order), _CASES_AT_ONCE):
                places = order[first : first + _CASES_AT_ONCE]
                made[places] = self.odds_of(*self.outputs([read[at] for at in places])).double().numpy()
        return made

    def tuned(self) -> dict[str, Tensor]:
        """The weights that are learned."""
        frozen = {name for name, weight in self.named_parameters() if not weight.requires_grad}
        return {name: weight for name, weight in self.state_dict().items() if name not in frozen}

    def _pieces(self, text: str) -> list[int]:
        ids: list[int] = self._tokenizer.encode(text, add_special_tokens=False).ids[:_MOST_OF_TURN]
        return ids or [self._number(_UNKNOWN)]

    def _number(self, token: str) -> int:
        number = self._tokenizer.token_to_id(token)
        assert number is not None
        return number

    def _laid_out(self, turns: Sequence[tuple[str, int, int]], second: int) -> Tokens:
        """From (text, role, wait) of each turn; `second`: which of them is the second request."""
        ids, roles, waits = [self._number(_CLS)], [0], [0]
        start = end = 0
        for at, (text, role, wait) in enumerate(turns):
            pieces = self._pieces(text)
            if at == second:
                start, end = len(ids), len(ids) + len(pieces) - 1
            elif len(ids) + len(pieces) + 1 > MOST_TOKENS:
                continue
            ids += [*pieces, self._number(_SEP)]
            roles += [role] * (len(pieces) + 1)
            waits += [wait] * (len(pieces) + 1)
        return Tokens(tuple(ids), tuple(roles), tuple(waits), start, end)


class Pairwise(Tuned):
    """`[CLS] first [SEP] second [SEP]`, read at `[CLS]`."""

    def __init__(self, seed: int) -> None:
        super().__init__(1, seed)

    def tokens(self, pair: Candidate) -> Tokens:
        return self._laid_out([(pair.first, _SOURCE, 0), (pair.second, _PERSON, 0)], 1)

    def odds_of(self, outputs: Tensor, starts: Tensor, ends: Tensor) -> Tensor:
        return outputs[:, 0, 0]

    def loss_of(self, outputs: Tensor, starts: Tensor, ends: Tensor, retry: Tensor) -> Tensor:
        return nn.functional.binary_cross_entropy_with_logits(outputs[:, 0, 0], retry.float())


class Span(Tuned):
    """`[CLS] source [SEP] the answer [SEP] second [SEP] the request after it [SEP] the one before the source [SEP]`, as
    far as these are known and fit."""

    def __init__(self, seed: int) -> None:
        super().__init__(2, seed)

    def tokens(self, pair: Candidate) -> Tokens:
        waited = 0 if pair.gap_s is None else 1 + int(np.digitize(pair.gap_s, _WAITS_S))
        turns = [(pair.first, _SOURCE, 0)]
        if pair.response:
            turns.append((pair.response, _ASSISTANT, 0))
        second = len(turns)
        turns.append((pair.second, _PERSON, waited))
        turns += [(text, _PERSON, 0) for text in (*pair.later[:1], *pair.earlier[-1:])]
        return self._laid_out(turns, second)

    def odds_of(self, outputs: Tensor, starts: Tensor, ends: Tensor) -> Tensor:
        """How much likelier the whole second request is than none."""
        rows = torch.arange(len(starts))
        return outputs[rows, starts, 0] + outputs[rows, ends, 1] - outputs[:, 0, 0] - outputs[:, 0, 1]

    def loss_of(self, outputs: Tensor, starts: Tensor, ends: Tensor, retry: Tensor) -> Tensor:
        none = torch.zeros_like(starts)
        return cross_entropy(outputs[..., 0], torch.where(retry, starts, none)) + cross_entropy(
            outputs[..., 1], torch.where(retry, ends, none)
        )

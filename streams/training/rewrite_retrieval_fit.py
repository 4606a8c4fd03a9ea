"""Fits the table of the encoder of requests: what was said comes to lie near what was meant (van den Oord et al.,
2018), far from what is like it in letters or sounds and means something else; for all else it is held to MiniLM."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import embedding_bag, normalize

from models.rewrite.learned_encoder import WIDTH
from models.rewrite.lexical import lexical_keys
from models.rewrite.phonetic import phonetic_keys
from models.rewrite.postings import Postings
from models.rewrite.request_rows import PIECES, ROWS, RequestRows

Floats = NDArray[np.float32]
Progress = Callable[[str], None]

STEPS: Final = 1_200
KEPT_EVERY: Final = 250
_TOLD_EVERY: Final = 20_000
_SEEDS: Final = 64
_NEIGHBOURS: Final = 7
_TAUGHT: Final = 512
_RATE: Final = 2e-3
_TEMPERATURE: Final = 0.07
_HOLD: Final = 8.0
"""Weight of MiniLM's cosines beside the pairs."""
_BEGIN: Final = 0.05
"""Spread of rows of letters and sounds at the start."""


class Pair(NamedTuple):
    """What was said, what was meant by it, and what both are about: an intent, a person; empty if nothing is known."""

    said: str
    meant: str
    about: str = ""


@dataclass(frozen=True, slots=True)
class Taught:
    """Texts and their embeddings (texts, 384) by MiniLM."""

    texts: Sequence[str]
    embeddings: Floats


class Bags:
    """The rows of texts, each text's one after the other."""

    def __init__(self, texts: Sequence[str], rows: RequestRows) -> None:
        held = [rows.of_text(text) for text in texts]
        self._rows = np.fromiter(chain.from_iterable(held), dtype=np.int64)
        self._starts = np.zeros(len(held) + 1, dtype=np.int64)
        np.cumsum([len(one) for one in held], out=self._starts[1:])

    def of(self, chosen: NDArray[np.int64], table: Tensor) -> Tensor:
        """(chosen, WIDTH), rows of unit length."""
        starts, ends = self._starts[chosen], self._starts[chosen + 1]
        rows = np.concatenate([self._rows[start:end] for start, end in zip(starts, ends, strict=True)])
        offsets = np.concatenate([[0], np.cumsum(ends - starts)[:-1]])
        return normalize(embedding_bag(torch.from_numpy(rows), table, torch.from_numpy(offsets), mode="sum"))


def fit(
    pairs: Sequence[Pair],
    taught: Taught,
    pieces: Floats,
    rows: RequestRows,
    seed: int,
    progress: Progress,
    checkpoint: Path | None = None,
    steps: int = STEPS,
) -> Floats:
    """(ROWS, WIDTH). `pieces`: (PIECES, 384), MiniLM's embedding of each piece of its vocabulary, where it starts.

    With a `checkpoint` a fit of the same that was interrupted goes on; the file is the caller's to remove.
    """
    torch.set_num_threads(1)
    table = nn.Parameter(torch.from_numpy(start(pieces, seed)))
    optimizer = torch.optim.Adam([table], lr=_RATE)
    began = _resumed(checkpoint, table, optimizer)
    made: Floats = table.detach().numpy()
    if began >= steps:
        return made
    meant = list(dict.fromkeys(pair.meant for pair in pairs))
    place = {text: at for at, text in enumerate(meant)}
    target_of = np.array([place[pair.meant] for pair in pairs], dtype=np.int64)
    near = alike(pairs, meant, place, progress)
    said_bags, meant_bags = Bags([pair.said for pair in pairs], rows), Bags(meant, rows)
    taught_bags = Bags(taught.texts, rows)
    wished = _wishes(meant)
    for step in range(began, steps):
        drawn = np.random.default_rng([seed, step])
        for group in optimizer.param_groups:
            group["lr"] = _RATE * min(1.0, (step + 1) / 50) * (1.0 - step / steps)
        chosen = batch(near, drawn)
        asked, held = said_bags.of(chosen, table), meant_bags.of(target_of[chosen], table)
        some = drawn.choice(len(taught.texts), min(_TAUGHT, len(taught.texts)), replace=False)
        loss = _nearest(asked, held, wished[target_of[chosen]]) + _HOLD * _held(
            taught_bags.of(some, table), torch.from_numpy(taught.embeddings[some].astype(np.float32))
        )
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if (step + 1) % KEPT_EVERY == 0 or step + 1 == steps:
            progress(f"step {step + 1:,} of {steps:,}, loss {loss.item():.3f}")
            _keep(checkpoint, table, optimizer, step + 1)
    return made


def start(pieces: Floats, seed: int) -> Floats:
    """Principal components of MiniLM's pieces, rare ones heavier (Tulkens and van Dongen, Model2Vec, 2024), and little
    noise for letters and sounds."""
    centred = pieces - pieces.mean(axis=0)
    _, _, axes = np.linalg.svd(centred[:: max(1, len(centred) // 8_000)], full_matrices=False)
    components = centred @ axes[:WIDTH].T
    components /= np.linalg.norm(components, axis=1, keepdims=True) + 1e-9
    made = np.random.default_rng(seed).normal(0.0, _BEGIN / np.sqrt(WIDTH), (ROWS, WIDTH)).astype(np.float32)
    made[:PIECES] = components * np.log(2.0 + np.arange(PIECES))[:, None] / np.log(PIECES)
    return made


def alike(
    pairs: Sequence[Pair], meant: Sequence[str], place: dict[str, int], progress: Progress
) -> list[NDArray[np.int64]]:
    """For each pair others that are hard to tell from it: their targets sound or read alike, or are about the same."""
    of_target: dict[int, int] = {place[pair.meant]: at for at, pair in enumerate(pairs)}
    same: dict[str, list[int]] = {}
    for at, pair in enumerate(pairs):
        same.setdefault(pair.about, []).append(at)
    sounds, letters = Postings.of(phonetic_keys, meant), Postings.of(lexical_keys, meant)
    drawn = np.random.default_rng(1)
    found: dict[int, NDArray[np.int64]] = {}
    made = []
    for at, pair in enumerate(pairs):
        if at % _TOLD_EVERY == 0:
            progress(f"texts that are alike: {at:,} of {len(pairs):,} pairs")
        target = place[pair.meant]
        if target not in found:
            near = np.concatenate([channel.search(pair.meant, 6) for channel in (sounds, letters)])
            found[target] = np.array([of_target[int(one)] for one in dict.fromkeys(near.tolist())], dtype=np.int64)
        others = same[pair.about] if pair.about else []
        of_kind = drawn.choice(others, min(6, len(others)), replace=False) if others else np.zeros(0, dtype=np.int64)
        both = np.concatenate([found[target], of_kind])
        made.append(both[both != at])
    return made


def batch(near: Sequence[NDArray[np.int64]], drawn: np.random.Generator) -> NDArray[np.int64]:
    """Pairs drawn at random, each with some of those that are hard to tell from it."""
    chosen: dict[int, None] = {}
    for seed in drawn.choice(len(near), min(_SEEDS, len(near)), replace=False).tolist():
        chosen[seed] = None
        others = near[seed]
        chosen.update(dict.fromkeys(drawn.permutation(others)[:_NEIGHBOURS].tolist()))
    return np.array(list(chosen), dtype=np.int64)


def _wishes(texts: Sequence[str]) -> NDArray[np.int64]:
    """A number for each text, the same for texts with the same words that carry a wish."""
    known: dict[frozenset[str], int] = {}
    return np.array([known.setdefault(frozenset(lexical_keys(text)), len(known)) for text in texts], dtype=np.int64)


def _nearest(asked: Tensor, held: Tensor, wished: NDArray[np.int64]) -> Tensor:
    """Cross-entropy of finding what was meant among the batch, both ways; what is meant alike counts neither way."""
    logits = asked @ held.T / _TEMPERATURE
    wishes = torch.from_numpy(wished)
    others_alike = (wishes[:, None] == wishes[None, :]) & ~torch.eye(len(wished), dtype=torch.bool)
    logits = logits.masked_fill(others_alike, -1e4)
    right = torch.arange(len(wished))
    return nn.functional.cross_entropy(logits, right) + nn.functional.cross_entropy(logits.T, right)


def _held(own: Tensor, teacher: Tensor) -> Tensor:
    return ((own @ own.T - teacher @ teacher.T) ** 2).mean()


def _resumed(checkpoint: Path | None, table: nn.Parameter, optimizer: torch.optim.Optimizer) -> int:
    if checkpoint is None or not checkpoint.exists():
        return 0
    kept = torch.load(checkpoint, weights_only=True)
    with torch.no_grad():
        table.copy_(kept["table"])
    optimizer.load_state_dict(kept["optimizer"])
    return int(kept["step"])


def _keep(checkpoint: Path | None, table: nn.Parameter, optimizer: torch.optim.Optimizer, step: int) -> None:
    if checkpoint is None:
        return
    part = checkpoint.with_name(f"{checkpoint.name}.part")
    torch.save({"table": table.detach(), "optimizer": optimizer.state_dict(), "step": step}, part)
    part.replace(checkpoint)

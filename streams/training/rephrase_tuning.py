"""Tunes the MiniLM judges of retries; a run that was interrupted goes on where it was, to the same weights."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Final

import torch

from streams.training.rephrase_tuned import Tokens, Tuned

_BATCH: Final = 32
_POOL: Final = 20
"""Batches among which cases are sorted by length."""
_KEPT_EVERY: Final = 60
_RATE: Final = 1e-4
_RATE_OF_NEW: Final = 1e-3
_RISING: Final = 0.1
"""Share of the steps in which the rate rises."""

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Lesson:
    """A case to learn from."""

    tokens: Tokens
    retry: bool


def tune(network: Tuned, lessons: Sequence[Lesson], passes: int, seed: int, file: Path, progress: Progress) -> None:
    """Fit to the lessons, or read from `file` what was fitted before; the file keeps how far it came."""
    optimizer = _optimizer(network)
    done = _kept(network, optimizer, file)
    batches = [batch for number in range(passes) for batch in _batches(lessons, Random(f"{seed}/{number}"))]
    total = 0.0
    network.train()
    for step in range(done, len(batches)):
        torch.manual_seed(seed * 100_000 + step)
        way = step / len(batches)
        for group in optimizer.param_groups:
            group["lr"] = group["highest"] * min((way + 1 / len(batches)) / _RISING, (1.0 - way) / (1.0 - _RISING))
        batch = batches[step]
        loss = network.loss([one.tokens for one in batch], [one.retry for one in batch])
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        total += loss.item()
        if (step + 1) % _KEPT_EVERY == 0 or step + 1 == len(batches):
            _keep(network, optimizer, file, step + 1)
            progress(f"{file.stem}: batch {step + 1} of {len(batches)}, loss {total / (step + 1 - done):.3f}")
    network.eval()


def _optimizer(network: Tuned) -> torch.optim.Optimizer:
    """Layers that knew something learn more slowly than what is new."""
    known = [weight for weight in network.body.parameters() if weight.requires_grad]
    new = [*network.role.parameters(), *network.wait.parameters(), *network.out.parameters()]
    return torch.optim.AdamW(
        [{"params": known, "highest": _RATE}, {"params": new, "highest": _RATE_OF_NEW}], lr=_RATE, weight_decay=0.01
    )


def _kept(network: Tuned, optimizer: torch.optim.Optimizer, file: Path) -> int:
    """The batch to go on with."""
    if not file.exists():
        return 0
    step, weights, moments = torch.load(file, weights_only=True)
    network.load_state_dict(weights, strict=False)
    optimizer.load_state_dict(moments)
    return int(step)


def _keep(network: Tuned, optimizer: torch.optim.Optimizer, file: Path, step: int) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    made = file.with_suffix(".new")
    torch.save((step, network.tuned(), optimizer.state_dict()), made)
    made.replace(file)


def _batches(lessons: Sequence[Lesson], rng: Random) -> list[list[Lesson]]:
    order = rng.sample(list(lessons), len(lessons))
    batches: list[list[Lesson]] = []
    for first in range(0, len(order), _BATCH * _POOL):
        pool = sorted(order[first : first + _BATCH * _POOL], key=lambda one: len(one.tokens.ids))
        batches += [pool[at : at + _BATCH] for at in range(0, len(pool), _BATCH)]
    rng.shuffle(batches)
    return batches

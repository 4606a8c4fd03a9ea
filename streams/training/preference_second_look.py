"""Fits the second look of the preference model to what its gate lets through."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from random import Random
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray

from models.folder import save
from models.minilm import WIDTH, input_embeddings
from models.preference.attributes import Attribute
from models.preference.features import Turn
from models.preference.gate import Gate
from models.preference.model import PreferenceModel
from models.preference.second_look import FORMAT, WINDOW, Floats, SecondLook, tokenizer
from streams.training.preference_examples import Example
from streams.training.preference_sets import TEACHING_INTENTS
from streams.training.preference_values import Request
from streams.training.preference_written import Writer

RECALL: Final = 0.998
"""Share of the statements it lets through, among those that the model would hear and that it was not fitted to."""
WRITTEN: Final = 30_000
"""Written statements more than the network learns; of near misses a third as many."""
_PROJECTED, _FILTERS = 48, 96
_EPOCHS: Final = 5
_BATCH: Final = 64
_FAST, _SLOW = 2e-3, 5e-4
_LOST: Final = 0.12
"""Share of the pieces that are hidden, so that no single one decides."""
_DROPPED: Final = 0.3
_SMOOTHED: Final = 0.01
_STATEMENTS_WEIGH: Final = 1 / 3
"""There are far more of them among the rows than in what people say."""
_PADDING, _UNKNOWN, _BEGIN, _END = 0, 100, 101, 102
"""Word pieces of MiniLM's that are no words."""

Row = tuple[str, bool, int]
"""Text, whether it teaches, and its group."""


def rows_of(
    examples: Sequence[Example],
    others: Iterable[Example],
    requests: Sequence[Request],
    values: dict[Attribute, tuple[str, ...]],
    gate: Gate,
    seed: int,
) -> list[Row]:
    """What passes the gate: `examples`, more that are written like them, and all `others` and `requests`, which teach
    nothing."""
    rng = Random(seed)
    usable = [one.text for one in requests if one.intent not in TEACHING_INTENTS and "favorite" not in one.text]
    writer = Writer(values, usable, rng)
    written = [writer.statement(at) for at in range(WRITTEN)] + [writer.near_miss(at) for at in range(WRITTEN // 3)]
    told = {one.turn.text for one in examples}
    hard = [one for one in others if one.turn.text not in told]
    rows = [(one.turn.text, bool(one.teaches), one.group) for one in [*examples, *written, *hard]]
    rows += [(text, False, at) for at, text in enumerate(usable)]
    return [row for row in rows if gate.passes(row[0])]


def fit_second_look(rows: Sequence[Row], model: PreferenceModel, output: Path, seed: int) -> float:
    """Fit to nine tenths of the groups, choose the threshold on the others and write the folder; the share of what
    teaches nothing that is kept back, of the others. `model`: what hears statements, without a second look.

    Raises `ModelFolderError`, `ModelsNotInstalled`.
    """
    embeddings, tokens = input_embeddings(), tokenizer()
    ids = [one.ids for one in tokens.encode_batch([text for text, _, _ in rows])]
    teaches = np.array([row[1] for row in rows])
    fitted = np.array([row[2] % 10 != 0 for row in rows])
    places = np.flatnonzero(fitted)
    tensors = _fitted([ids[at] for at in places], teaches[fitted], embeddings, seed)
    look = SecondLook(tensors, 0.0, embeddings, tokens)
    spare = [row[0] for row, is_fitted in zip(rows, fitted, strict=True) if not is_fitted]
    odds = np.array([look.odds(text) for text in spare])
    told = teaches[~fitted]
    heard = np.array([one.states for one in model.find([Turn(text) for text in spare])])
    passes_from = round(float(np.quantile(odds[told & heard], 1.0 - RECALL)), 4)
    back = float((odds[~told] < passes_from).mean())
    config = {"format": FORMAT, "passes_from": passes_from, "seed": seed}
    save(output, config, tensors, _card(rows, passes_from, back, seed))
    return back


def _fitted(
    ids: Sequence[Sequence[int]], teaches: NDArray[np.bool_], embeddings: Floats, seed: int
) -> dict[str, NDArray[np.float16]]:
    """The tensors of a `SecondLook`, from (rows, pieces) ids and what each row is."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    scale = float(embeddings.std())
    table = torch.from_numpy(embeddings / scale)
    table[_PADDING] = 0.0
    project = torch.nn.Linear(WIDTH, _PROJECTED, bias=False)
    convolve = torch.nn.Conv1d(_PROJECTED, _FILTERS, WINDOW, padding=WINDOW - 1)
    weigh = torch.nn.Linear(_FILTERS, 1)
    parameters = [*project.parameters(), *convolve.parameters(), *weigh.parameters()]
    machine = torch.optim.AdamW(parameters, _FAST, weight_decay=0.01)
    truth = torch.from_numpy(teaches.astype(np.float32))
    for epoch in range(_EPOCHS):
        for group in machine.param_groups:
            group["lr"] = _SLOW if epoch == _EPOCHS - 1 else _FAST
        for batch in _batches(ids, rng):
            pieces = _padded([ids[at] for at in batch])
            lost = (torch.rand(pieces.shape) < _LOST) & (pieces != _PADDING) & (pieces != _BEGIN) & (pieces != _END)
            pieces[lost] = _UNKNOWN
            responses = torch.relu(convolve(project(table[pieces]).transpose(1, 2))).amax(2)
            odds = weigh(torch.nn.functional.dropout(responses, _DROPPED)).squeeze(1)
            wanted = truth[batch]
            loss = torch.nn.functional.binary_cross_entropy_with_logits(
                odds, wanted * (1 - 2 * _SMOOTHED) + _SMOOTHED, weight=1.0 - (1.0 - _STATEMENTS_WEIGH) * wanted
            )
            machine.zero_grad()
            loss.backward()
            machine.step()
    filters = convolve.weight.detach().permute(2, 1, 0).reshape(WINDOW * _PROJECTED, _FILTERS)
    made = {
        "projection": project.weight.detach() / scale,
        "filters": filters,
        "bias": convolve.bias.detach() if convolve.bias is not None else torch.zeros(_FILTERS),
        "weights": weigh.weight.detach()[0],
        "shift": weigh.bias.detach(),
    }
    return {name: tensor.numpy().astype(np.float16) for name, tensor in made.items()}


def _batches(ids: Sequence[Sequence[int]], rng: np.random.Generator) -> list[NDArray[np.int64]]:
    """Places of rows that are about as long."""
    order = np.argsort([len(one) + 3 * rng.random() for one in ids])
    batches = [order[start : start + _BATCH] for start in range(0, len(order), _BATCH)]
    return [batches[at] for at in rng.permutation(len(batches))]


def _padded(ids: Sequence[Sequence[int]]) -> torch.Tensor:
    rows = np.full((len(ids), max(map(len, ids))), _PADDING, dtype=np.int64)
    for row, one in zip(rows, ids, strict=True):
        row[: len(one)] = one
    return torch.from_numpy(rows)


def _card(rows: Sequence[Row], passes_from: float, back: float, seed: int) -> str:
    teaching = sum(row[1] for row in rows)
    return f"""# The second look at what may teach

A convolution of {_FILTERS} filters over {WINDOW} word pieces at a time, as MiniLM embeds them before any context, and
the largest response of each (Kim, EMNLP 2014). It looks at turns that pass the gate of the preference model, so that
few of those that teach nothing take the network's time. English only.

Data: {teaching:,} statements and {len(rows) - teaching:,} other turns that pass the gate, of the same sources as
the preference model, with more that were written and all requests of the training splits. Licence: CC BY 4.0.

Made with `earshot train preference-gate --seed {seed}`, and as the last part of `earshot train preference`.

The threshold, {passes_from}, lets {RECALL:.1%} of the statements through that the model would hear, in a tenth of the
groups that was not fitted to, and keeps {back:.1%} of the other turns of that tenth back. What that costs in recall and
saves in time is printed by `earshot evaluate preference` (`gate_recall`, `gate_share`, 95 % intervals) and by
`tests/bench/preferences.py` (`read_share`).
"""

"""The card of the correction model: what it is, what it learned from, what it was measured at."""

from collections.abc import Mapping, Sequence

import numpy as np
from sklearn.metrics import average_precision_score

from streams.evaluate.figures import Figure, auc, f1, floats, with_interval
from streams.training.correction_examples import Source, Truth
from streams.training.correction_fitting import Fit
from streams.training.correction_thresholds import Judged

_TEXT = """# Corrections

Says of a turn whether it takes something back: a part of itself (self-repair: `play jazz no rock`) or what was made of
an earlier turn (third-position repair: `no, I meant ...`), which words give the new value, and what was meant.

A bidirectional LSTM reads the frozen MiniLM states of the words of the request before, of the response and of the turn.
Heads on it give the label, the words that a self-repair takes back, and the words of values; a GRU that copies words of
the exchange or writes one of a small vocabulary makes the rewrite of a third-position repair. English only.

## Learned from

{sources}

Third-position repairs in the form of question, answer and repair are made from Disfl-QA: what the speaker takes back
becomes the misunderstanding. Repair-QA, which is for non-commercial use only, trained nothing here. A third of the
examples are lower case without marks, as recognisers write. As a part of the examples is under CC BY-SA 4.0, so are
these weights (licence CC BY-SA 4.0); keep the credit to the authors below.

- Disfl-QA, official training split: Gupta et al., Findings of ACL 2021, CC BY 4.0.
- Schema-Guided Dialogue: Rastogi et al., AAAI 2020, CC BY-SA 4.0.
- Topical-Chat, half of the conversations by a hash of their id: Gopalakrishnan et al., Interspeech 2019,
  CDLA-Sharing 1.0.

Made with `earshot train correction --seed {seed}`: {epochs} passes, AdamW at {rate}.

## Measured

On the twelfth of the examples, by question, dialogue or person, that chose the thresholds together with other turns of
chit-chat and was not fitted to; so the decisions are optimistic and the rankings are not. Figures on unseen data are
printed by `earshot evaluate correction`.

| what | value | 95 % interval | n |
|---|---|---|---|
{figures}

A turn is a self-repair from a probability of {self_repair_from} on, a third-position repair from {third_from} on.
"""


def card(
    judged: Sequence[Judged],
    self_repair_from: float,
    third_from: float,
    counts: Mapping[Source, int],
    how: Fit,
    seed: int,
) -> str:
    """The text of the card."""
    sources = "\n".join(f"- {count:,} examples: {source.value}" for source, count in sorted(counts.items()))
    figures = "\n".join(
        f"| {name} | {figure.value:.3f} | {figure.low:.3f} to {figure.high:.3f} | {figure.n} |"
        for name, figure in _figures(judged, self_repair_from, third_from).items()
    )
    return _TEXT.format(
        sources=sources,
        figures=figures,
        seed=seed,
        epochs=how.epochs,
        rate=how.rate,
        self_repair_from=self_repair_from,
        third_from=third_from,
    )


def _figures(judged: Sequence[Judged], self_repair_from: float, third_from: float) -> dict[str, Figure]:
    figures = {}
    for name, source, kind, threshold in (
        ("self-repair", Source.SELF_REPAIRS, Truth.SELF_REPAIR, self_repair_from),
        ("task correction", Source.TASK_TURNS, Truth.THIRD_POSITION, third_from),
    ):
        own = [one for one in judged if one.source is source]
        if not own:
            continue
        truth = np.array([one.truth is kind for one in own])
        scores = floats([one.chances[kind] for one in own])
        groups = np.array([one.group for one in own], dtype=np.int64)
        figures[f"{name}, AUC"] = with_interval(auc, truth, scores, groups)
        figures[f"{name}, AP"] = with_interval(
            lambda true, drawn: float(average_precision_score(true, drawn)), truth, scores, groups
        )
        figures[f"{name}, F1"] = with_interval(f1, truth, (scores >= threshold).astype(np.float64), groups)
    chat = [one for one in judged if one.source is Source.CHAT]
    if chat:
        alarms = floats([one.chances[1] >= self_repair_from or one.chances[2] >= third_from for one in chat])
        groups = np.array([one.group for one in chat], dtype=np.int64)
        figures["false alarms per 100 chit-chat turns"] = with_interval(
            lambda _, drawn: 100.0 * float(drawn.mean()), np.zeros(len(chat), dtype=np.bool_), alarms, groups
        )
    return figures

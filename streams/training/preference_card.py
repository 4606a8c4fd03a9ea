"""The card of the preference model: what it is, what it learned from, what it was measured at."""

from collections.abc import Mapping
from typing import Any

from streams.evaluate.figures import Figure
from streams.training.preference_examples import Source

_TEXT = """# Preferences

Says of a turn whether the person tells the assistant what they like or not, or how they call a thing, and which words
say what, for whom, when and for how long. In a teaching dialogue, in which the assistant asks, it says of an answer
whether it states a preference. English only. Nothing about health, religion, politics, sexuality or children is to be
kept of what it finds: rules see to that (`models/preference/sensitive.py`).

Three parts: a gate of weighed words; a bidirectional LSTM over the frozen MiniLM states of a turn's words, with heads
for teaching, polarity, scope and attribute and a tag for each word; a kernel machine over MiniLM states of answer and
question for teaching dialogues, with a linear model of the answer's states and words for liking.

## Learned from

{sources}
- all interviews of CCPE-M in the data folder: Radlinski et al., SIGDIAL 2019, CC BY 4.0.

Chit-chat and simulated turns that teach nothing are those that the gate lets through, beside some others. Statements
follow what an assistant said, or nothing, and chit-chat follows chit-chat: "I love football" is teaching when it is
said to an assistant, and is none between people.

HWU64: Liu et al., IWSDS 2019, CC BY 4.0. CLINC150: Larson et al., EMNLP 2019, CC BY 3.0. Snips: Coucke et al., 2018,
CC0. DBDC3: Higashinaka et al., 2017, MIT. Topical-Chat: Gopalakrishnan et al., Interspeech 2019, CDLA-Sharing 1.0,
half of the conversations by a hash of their id; two thirds of them are fitted to, one third chose the threshold; that
licence puts no terms on results of computation. Of the simulator's voice packs, a fifth of the phrasings and a fifth of
the values, by a hash, were left out and are the unseen ones of the figures. Licence of these weights: CC BY 4.0.

Made with `earshot train preference --seed {seed}`.

## Measured

While training, on what was not fitted to. Interviews: five folds by interview, thresholds from the other folds.
Calibrating examples: a tenth of them by person or dialogue. Figures on other data are printed by
`earshot evaluate preference`.

| what | value | 95 % interval | n |
|---|---|---|---|
{figures}

A turn teaches from a probability of {teaches_from} on, an answer states a preference from {opinion_from} on.
"""


def card(config: Mapping[str, Any], counts: Mapping[Source, int], figures: Mapping[str, Figure]) -> str:
    """The text of the card."""
    return _TEXT.format(
        sources="\n".join(f"- {count:,} examples: {source.value}" for source, count in sorted(counts.items())),
        figures="\n".join(f"| {name} | {one.value:.3f} | {_between(one)} | {one.n} |" for name, one in figures.items()),
        seed=config["seed"],
        teaches_from=config["teaches_from"],
        opinion_from=config["opinion_from"],
    )


def _between(figure: Figure) -> str:
    return "" if figure.low is None else f"{figure.low:.3f} to {figure.high:.3f}"

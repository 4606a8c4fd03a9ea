"""The card of the rephrase model: what it was made from, how well it does, what it is for."""

from collections.abc import Mapping
from typing import Final

from streams.evaluate.figures import Figure

_LICENCES: Final = {
    "getgoing": "GetGoing Database licence, Carnegie Mellon University (any purpose, keep the notice); real calls",
    "home_a": "simulated; Apache-2.0",
    "home_b": "simulated; Apache-2.0",
    "ccpe": "CC BY 4.0; negatives",
    "taskmaster_rewards": "CC BY 4.0; negatives",
    "dstc10_nbest": "Apache 2.0; negatives, as recognised",
    "hwu64": "CC BY 4.0; pairs made from commands",
    "snips": "CC0 1.0; pairs made from commands",
    "clinc150": "CC BY 3.0; pairs made from utterances of an intent",
    "banking77": "CC BY 4.0; pairs made from utterances of an intent",
    "phoneme_trec": "CC0 1.0; questions and what a recogniser heard",
}

_CARD: Final = """# rephrase

Does a request ask again for what an earlier one did not get: repeat, rephrase, refinement or none?

- **Pairs** (`RetryModel`): two logistic regressions on features that need no encoder - likeness in letters, sounds,
  words and reduced to content words; n-best; gap; what the answer between says of itself; markers such as "no, I
  said"; steering words. One says whether it is asked again, one whether it adds or answers. Fields that are missing
  are hidden in training at random. Repeat and rephrase differ by rule: the same words, or so alike that what differs
  was likely misheard, are a repeat. Calibrated (Platt) on out-of-fold odds of sets with natural shares; operating
  threshold {threshold:.3f}: best F1 there, but at most one ordinary request in a hundred passes.
- **Calls** (`CallModel`): a logistic regression on the MiniLM embeddings of a request and its neighbours in the call,
  its place and its likeness to those before; once with the past alone and once, revised, with two requests after it.
  It learns the course of one service's calls (here the travel line of GetGoing) and is of use only there.
- Made with: `earshot train rephrase --seed {seed}`. numpy at run time; the second needs the sentence encoder.

## Data

| set | pairs | licence, use |
|---|---|---|
{data}

No set with a non-commercial or share-alike licence was used: repair_qa, sgd and topical_chat are only tested on, and
so is disfl_qa (CC BY 4.0). Sets count alike, however large, but real calls six times.

## How well it does

95 % intervals. Pairs: sets left out of training altogether, as made for training (some fields hidden), bootstrap over
cases. Calls: ten-fold by call, bootstrap by call; thresholds from the other folds.

{figures}

`earshot evaluate rephrase` prints more: labels on simulated people, false alarms, and baselines.

## What was tried and left out

Stages had to beat the best simpler one on sets that they had not seen.

{tried}

## Use

For labelling what people do as feedback on answers; not for grading people. English. In any dialogue whose course is
unlike those above the score ranks pairs better than it estimates how likely a retry is.
"""

TRIED: Final = """\
- Pairwise MiniLM. AUC on sets left out of training, minus that of the gate features alone: with the cosines between
  both requests and the answer as further features -.027 [-.035, -.018] on getgoing, -.014 [-.018, -.011] on the
  simulated packs, -.022 [-.025, -.019] on phoneme_trec, +.004 [.003, .005] on hwu64 and snips; with product and
  difference of the embeddings in a small network -.143 [-.189, -.100], -.210 [-.234, -.187], -.057 [-.066, -.049] and
  +.001 [-.002, .003]. What a recogniser garbled means something else, so embeddings mislead where retries are real.
- Contextual span model: MiniLM, its last two layers tuned to point at the start and end of the rephrase or at none,
  with role and gap embeddings, on 3,500 examples (eight minutes of one core). On sets left out of training: AUC .365
  on getgoing, .741 on home_b and .789 on disfl_qa, where gate features reach .737, .939 and .960; adding its margin to
  them made all three worse. More training may change that; this budget did not.
- Gradient-boosted trees and a small network on gate features: better on written pairs (up to .02), worse on real
  calls left out of training (.56 and .63 against .73). Trees that are monotone in every likeness, their odds added to
  the regression's: up to .01 better on simulated and written pairs, .02 worse on real calls left out.
- For calls: a recurrent network over the embeddings instead of the window (.938 with the past alone, .944 whole,
  folds by day, against .945 and .950); a second pass that knows the first one's scores (no gain). Embeddings earn
  their place here: without them AUC is .110 [.084, .139] lower. So does hindsight: +.005 [.001, .009]."""


def card(figures: Mapping[str, Figure], counts: Mapping[str, int], threshold: float, seed: int) -> str:
    """The text. `counts`: pairs of each set."""
    return _CARD.format(
        threshold=threshold,
        seed=seed,
        data="\n".join(f"| {source} | {count:,} | {_LICENCES[source]} |" for source, count in counts.items()),
        figures="\n".join(f"- {name}: {_told(figure)}" for name, figure in figures.items()),
        tried=TRIED,
    )


def _told(figure: Figure) -> str:
    between = "" if figure.low is None else f" [{figure.low:.3f}, {figure.high:.3f}]"
    return f"{figure.value:.3f}{between}, n = {figure.n:,}"

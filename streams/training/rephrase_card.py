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

`earshot evaluate rephrase` prints more: labels on simulated people, false alarms; with `--baselines` what follows.

## What was tried and left out

Stages had to beat the best simpler one on sets that they had not seen.

{tried}

## Use

For labelling what people do as feedback on answers; not for grading people. English. In any dialogue whose course is
unlike those above the score ranks pairs better than it estimates how likely a retry is.
"""

TRIED: Final = """\
- Stages, as `earshot evaluate rephrase --baselines` compares them: all taught by the training sets, AUC of the model
  that ships minus theirs, paired. Pairwise MiniLM (a cross-encoder, last two layers tuned, 12,000 examples once): +.007
  [.004, .011] on disfl_qa, +.025 [.007, .041] on repair_qa, +.048 [.011, .095] on home_a, +.010 [-.030, .049] on
  home_b; on calls, taught by half of them, +.113 [.087, .141] for the model of calls. Contextual span model (the same
  budget, start and end of the rephrase or none, with role and gap embeddings): +.019 [.015, .023], +.047 [.025, .064],
  +.075 [.035, .127], +.042 [.004, .088]; on calls +.115 [.089, .139]. Neither is better anywhere in AUC; the pairwise
  one raises fewer false alarms (.03 in 100 turns of topical_chat against .47, .40 against 1.43 of sgd).
- Gradient-boosted trees on gate features: as good on disfl_qa (-.001 [-.003, .001]), better on simulated people (-.026
  [-.047, -.004] on home_a, -.027 [-.057, .001] on home_b; labels, macro-F1: -.038 [-.105, .014], -.015 [-.062, .024]),
  worse on repair_qa (+.021 [.010, .031]) and with 1.03 false alarms in 100 turns of topical_chat, above the bar of 1.
- With cosines of MiniLM embeddings of both requests and the answer as further features, sets left out: -.027 [-.035,
  -.018] on getgoing, -.014 [-.018, -.011] on the simulated packs, -.022 [-.025, -.019] on phoneme_trec, +.004 [.003,
  .005] on hwu64 and snips: what a recogniser garbled means something else.
- Trees and a small network on gate features, real calls left out of training: .56 and .63 against .73. Trees that are
  monotone in every likeness, their odds added to the regression's: up to .01 better on simulated and written pairs, .02
  worse on real calls left out.
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

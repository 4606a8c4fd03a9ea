"""The card of the ranker of rewrites."""

from collections.abc import Mapping
from typing import Final

import numpy as np

from models.rewrite.features import NAMES
from models.rewrite.own_lessons import OwnLessons
from models.rewrite.ranker import Ranker
from streams.training.rewrite_figures import shown
from streams.training.rewrite_own_fit import Served

_CARD: Final = """# rewrite

How probable is it that a request fails as it is, and that a rewrite that was found for it is what the person means?

- **Ranker**: a logistic regression on {count} features of a request and a candidate: likeness in letters, sounds and
  meaning to what failed before and to what worked; n-best; both posteriors of the rewrite, its support and people;
  whose it is; interpretations; confidences; declared tastes; device, activity, hour and place. Served from a score of
  {threshold:.3f}. What the table holds for the very words, or for what was understood, is judged by the table's own
  posteriors as well, at their lower bounds; the higher score counts. A phrase goes by these alone, from 0.5. What a
  person taught for another request is never served, however alike.
- **A person's own lessons**: of what somebody taught for these very words, or for what was understood, how many lessons
  agree, how many came to something else and how often the source was meant as it is is all that counts. How surely so
  many hold is counted, at the lower end of a 95 % interval, and served from a score of its own, {own_threshold:.3f}:
  {own} (agree/others/as it is); any other is not.
- Made with: `earshot train rewrite --seed {seed}`. numpy at run time; candidates need the sentence encoder and faiss.

## Data

Simulated people of the packs home_a and shop_chat (licence Apache-2.0); seven in ten errors of the pipeline are a
matter of the words, and so the same for everybody; half of the dialogues are about what a person always wants. What is
wanted is what a person came to, with success as `detect` hears it, after a failure; truth is not looked at. 60 % of the
people make the table, the others ask it:
{fitting:,} requests with candidates for fitting, {wanted:,} of them with one that is wanted, and {choosing:,} of other
people for the threshold: the lowest at which at most 5 in 10,000 requests that went well are rewritten and, by a lower
95 % bound, half of what is rewritten is wanted; where there is none, one above all scores that were seen.

The worth of a person's own lessons is learned from other simulated people of home_a, and from the truth, since most
people let a wrong answer pass. No more than 5 in 10,000 requests that were understood right may be spoiled, by an upper
95 % bound. People who were not counted: {served}. The pack home_b, of which nothing was seen: {elsewhere}.

## How well it does

The regression alone, on the pack home_b, of which it saw nothing, judged by the truth: a rewrite is right if its state
is what was meant. 95 % intervals, bootstrap by person. The table is made from 60 % of its people by counting, with no
floor on support, so these figures are about ranking, not about the table that is served.

| figure | value |
|---|---|
{figures}

The weightiest features, in log-odds a standard deviation: {weights}.

## Use

To choose among the rewrites that `serve` finds and to refuse them. Affinity had no examples in training; its weight is
that of the prior, none. Device, activity, hour and place count for nothing: what was learned of them from simulated
habits did harm in a world where they matter.
"""


def card(
    results: Mapping[str, object],
    counts: Mapping[str, int],
    made: Ranker,
    own: OwnLessons,
    served: tuple[Served, Served],
    seed: int,
) -> str:
    """The text of the card. `served`: what own lessons do to people of their pack who were not counted, and to those of
    the other pack."""
    weights = made.logistic.weights[0]
    order = np.argsort(-np.abs(weights))[:10]
    return _CARD.format(
        count=len(NAMES),
        threshold=made.threshold,
        seed=seed,
        own_threshold=own.threshold,
        own=", ".join(
            f"{'/'.join(map(str, one))} {sure:.2f}" for one, sure in own.sure.items() if sure >= own.threshold
        ),
        served=_told(served[0]),
        elsewhere=_told(served[1]),
        figures="\n".join(f"| {name} | {shown(value)} |" for name, value in results.items()),
        weights=", ".join(f"{NAMES[at]} {weights[at]:+.2f}" for at in order),
        **{name: counts[name] for name in ("fitting", "wanted", "choosing")},
    )


def _told(served: Served) -> str:
    return (
        f"{served.won:,} requests set right, {served.lost:,} of {served.clean:,} spoiled, {served.missed:,} changed"
        " that were wrong before and after"
    )

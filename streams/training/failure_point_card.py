"""The card of the judge of failure points: what it was made from, how well it does, what it is for."""

from collections.abc import Mapping
from typing import Final

from streams.evaluate.figures import Figure

_CARD: Final = """# failure_point

Which component broke first in a turn: none (correct), false wake, ASR, NLU, entity or result?

- A mixing encoder after FPI (Khaziev et al., NAACL 2022): one token for each text (request, best alternative,
  interpretation in words, answer, the request and answer before and after), embedded by the shared MiniLM encoder,
  which is frozen, and one for each group of numbers (confidences and margins, counts, status, timing, feedback,
  how slots, entities, results and neighbouring turns relate). Two transformer layers of width 64. Numbers come as
  ramps between quantiles; what is not known has a learned vector.
- One model for both passes: when the answer ends, and when the dialogue has closed and the follow-ups are known.
- It knows no word, domain, intent, entity or version by name except through the sentence encoder.
- Probabilities are calibrated by temperature for failures that are as rare as in the stream. It names no failure
  point when none is likelier than all others together.
- Made with: `earshot train failure-point --seed {seed}`. Served in numpy.

## Data

{turns:,} turns of simulated people (Apache-2.0, `earshot simulate`), nothing else: packs home_a (voice) and
shop_chat (chat) under {profiles} noise profiles drawn around profile A
(`streams/training/failure_point_profiles.py`): other error rates, confusions, n-best lists, calibrations of all
confidences and traits of people. The ranges are wide; who drew them up knew profile B, and what B holds lies within
them. No turn of pack home_b or of profile B was seen. In half of the profiles every component is broken a little, as
failures are rare otherwise. Labels are the simulator's, by counterfactual patching. Split by user: a tenth of the users
of the other half set the temperature and taught nothing.

Hidden in training at random: single texts, all texts of a turn, groups of numbers, single numbers, all numbers. Texts
are hidden most of the time: read more often, the model holds on to the wording of the pack that it knows (macro-F1 on
home_a rises by .02, on another assistant it falls by .03). This rate was chosen among three on 4,000 dialogues of
home_b; figures on home_b are of other people.

## How well it does

On pack home_a under profile A, people who were not met; 95 % intervals, bootstrap by user.

{figures}

`earshot evaluate failure-point` prints what counts: another assistant (home_b under profile B: other users, templates,
entities, confusions, calibration), the estimated Bayes bound, ablations, baselines, and real speech (SLURP).

## What it is for, and what not

Attributing turns of a spoken or typed assistant in aggregate: which component fails more often since when. One
turn's failure point is a guess with the probability that it states. It was taught by simulated people: for another
assistant look at the calibration before the probabilities are trusted. `result` is weak before the dialogue has closed,
as a wrong answer of the right kind looks like a right one until somebody objects; the catalogue would tell more.
"""


def card(figures: Mapping[str, Figure], turns: int, profiles: int, seed: int) -> str:
    """The text of `card.md`."""
    rows = ["| figure | value | 95 % interval | cases |", "|---|---|---|---|"]
    for name, figure in figures.items():
        interval = "" if figure.low is None else f"{figure.low:.3f} - {figure.high:.3f}"
        rows.append(f"| {name.replace('_', ' ')} | {figure.value:.3f} | {interval} | {figure.n or ''} |")
    return _CARD.format(figures="\n".join(rows), turns=turns, profiles=profiles, seed=seed)

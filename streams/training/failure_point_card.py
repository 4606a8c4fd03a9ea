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
- Beside it boosted trees on the same numbers (scikit-learn's, stored as arrays: 100 rounds, 15 leaves, depth 5). The
  logits of both are averaged. Each errs where the other does not: the encoder is better where classes are balanced,
  the trees where they are as rare as they are, the mean at both.
- One model for both passes: when the answer ends, and when the dialogue has closed and the follow-ups are known.
- It knows no word, domain, intent, entity or version by name except through the sentence encoder.
- Probabilities are calibrated by temperature for failures that are as rare as in the stream. It names no failure
  point when none is likelier than all others together.
- Made with: `earshot train failure-point --seed {seed}`. Served in numpy.

## Data

{turns:,} turns of simulated people (licence Apache-2.0, `earshot simulate`), nothing else: packs home_a (voice) and
shop_chat (chat) under {profiles} noise profiles drawn around profile A
(`streams/training/failure_point_profiles.py`): other error rates, confusions, n-best lists, calibrations of all
confidences and traits of people. The ranges are wide; who drew them up knew profile B, and what B holds lies within
them. No turn of pack home_b or of profile B was seen. In half of the profiles every component is broken a little, as
failures are rare otherwise. Labels are the simulator's, by counterfactual patching. Split by user: a tenth of the users
of the other half set the temperature and taught nothing.

Hidden in training at random: single texts, all texts of a turn, groups of numbers, single numbers, all numbers. Texts
are hidden most of the time: read more often, the model holds on to the wording of the pack that it knows (macro-F1 on
home_a rises by .02, on another assistant it falls by .03). Of half of the turns the trees see all numbers.

Chosen on 4,000 dialogues of home_b: this rate among three; the mean of both models instead of either; many profiles
with few dialogues each instead of 20 with 400; and which relations to later turns are looked at. Tried there and left
out, as nothing was gained: words of the intent in the request, likeness of the request to the names of intents, how
rare its words are, sounds as letters (Metaphone), ranks of confidences within a dialogue. Figures on home_b that
`earshot evaluate` prints are of other people.

## How well it does

On pack home_a under profile A, people who were not met; 95 % intervals, bootstrap by user.

{figures}

`earshot evaluate failure-point` prints what counts: another assistant (home_b under profile B: other users, templates,
entities, confusions, calibration), the estimated Bayes bound, ablations, baselines, and real speech (SLURP). Version
1.1 with seed 2, on 23,397 turns of 4,000 dialogues there, macro-F1 with 95 % intervals:

| pass | | natural | balanced |
|---|---|---|---|
| dialogue | this model | 0.782 (0.767 - 0.794) | 0.824 (0.812 - 0.835) |
| dialogue | estimated bound | 0.810 (0.795 - 0.823) | 0.854 (0.842 - 0.864) |
| dialogue | boosted trees on the same numbers | 0.762 (0.747 - 0.775) | 0.796 (0.783 - 0.807) |
| dialogue | boosted trees on metadata | 0.521 (0.507 - 0.535) | 0.617 (0.599 - 0.633) |
| dialogue | embeddings alone | 0.354 (0.341 - 0.368) | 0.473 (0.455 - 0.490) |
| dialogue | rules on confidences | 0.321 (0.311 - 0.332) | 0.281 (0.264 - 0.300) |
| response | this model | 0.698 (0.682 - 0.713) | 0.770 (0.759 - 0.782) |
| response | estimated bound | 0.750 (0.735 - 0.764) | 0.803 (0.791 - 0.815) |

Once the dialogue has closed, every class but NLU reaches at least .95 of its bound. NLU misses the aim of .92: .831
(0.766 - 0.888) natural, .847 (0.802 - 0.890) balanced; about half of what is missed is taken for ASR. When the answer
ends, NLU reaches .664 (0.586 - 0.749) and .770 (0.710 - 0.828), result .911 (0.855 - 0.959) at natural prevalence, all
others .95. Expected calibration error at natural prevalence: .008 (0.006 - 0.011) closed, .010 (0.008 - 0.013) before;
at balanced .053 and .070. Without the embeddings macro-F1 is .003 higher (0.009 higher - 0.003 lower) at natural and
.006 lower at balanced prevalence. With all numbers hidden it is .201: words alone are not enough for this model.

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

"""The cards of the two models: what they were made from, how well they do, what they are for."""

from collections.abc import Mapping

from streams.evaluate.figures import Figure

_KIND = """# barge_in/kind

What an interruption of the assistant was for: stop, correction, continuation, backchannel or other-directed.

- Model: multinomial logistic regression on features of the two turns (words by rule, likeness to the request before,
  status of the answer, wake confidence, timing). numpy only. No text is stored.
- Made with: `earshot train barge-in --seed {seed}`.
- Data: {cases:,} interruptions in {dialogues:,} simulated dialogues for each of packs home_a and home_b with profiles
  A and B, on a clean wire. No person's data.
- Licence: Apache-2.0, as the project.

## How well it does

Macro-F1 over the five kinds, 95 % intervals by user. Each pack is tested with weights that only saw the other pack;
the weights that ship are fitted to both.

{figures}

## What to know

- Simulated people are the only source of truth. A simulated device gives no answer to what it takes for a backchannel
  or for speech to somebody else, and the model leans on that; the figures for devices that answer everything are of
  models fitted without it.
- Half of what it learned from are copies in which no word is on any list of set phrases, as lists are never complete:
  without them macro-F1 from home_a to home_b was .06 lower.
- The cosine between MiniLM embeddings of the two requests gained .005 [-.000, .010] and .007 [-.000, .014] from pack to
  pack; with 32 principal components of the interruption's embedding .002 [-.006, .011] and .011 [.002, .022], and .007
  [-.003, .019] on new people of both packs. Too little for a run of the encoder at every interruption, so left out.
- Intended for labelling feedback, not for deciding in real time whether the assistant should fall silent.
"""

_FLOOR = """# barge_in/floor

Somebody starts to speak while others do: will the start cut them off (take the floor), or is it a backchannel, a
fragment, an overlap by chance? Told after the first word and after the first three.

- Model: for each number of words a logistic regression on timing, pauses, both speakers' past, closed classes of words,
  and the words heard so far (words said in at least five meetings). Only what was heard by then is used; a start with
  fewer words is told 0.3 s after its last. numpy only.
- Made with: `earshot train barge-in`.
- Data: {cases:,} overlapping starts in {meetings} meetings of MRDA (Shriberg et al., SIGDIAL 2004), from the repository
  NathanDuran/MRDA-Corpus. True: annotators marked an act as interrupted that was running at the start and ended within
  a second.

## Licence of the data, and of these weights

The repository is under GPL 3.0. The recordings and annotations come from the ICSI Meeting Corpus; that its makers
publish it under CC BY 4.0 is known to us only from memory and is not stated in that repository. The weights are sums
over the data and hold no passage of it, but their token list is made of words that were said there. Whoever
redistributes them should settle the licence for themselves; to be on the safe side treat this folder as GPL 3.0, or
leave it out: nothing else in the project needs it. Please cite Shriberg et al. 2004 and Janin et al. 2003.

## How well it does

Across meetings (11 folds, no meeting in two), 95 % intervals by meeting. Always-no has an AUC of .5. Some people speak
in more than one meeting.

{figures}

## What to know

- People among people, not a person and a machine; the overlap of an assistant's voice is another thing.
- Act boundaries and word times in the corpus were corrected by hand; a recogniser's are worse and later.
- MiniLM embeddings of the words so far and of the interrupted speaker's last words gained .004 [-.003, .011] AUC after
  one word and -.001 [-.004, .002] after three (intervals by meeting), so they were left out.
"""


def kind_card(figures: Mapping[str, Figure], cases: int, dialogues: int, seed: int) -> str:
    """The card of the judge of kinds."""
    return _KIND.format(figures=_table("macro-F1", figures), cases=cases, dialogues=dialogues, seed=seed)


def floor_card(figures: Mapping[str, Figure], cases: int, meetings: int) -> str:
    """The card of the model of floors."""
    return _FLOOR.format(figures=_table("AUC", figures), cases=cases, meetings=meetings)


def _table(measure: str, figures: Mapping[str, Figure]) -> str:
    lines = [f"| | {measure} | 95 % | cases |", "|---|---|---|---|"]
    for name, figure in figures.items():
        between = "" if figure.low is None else f"{figure.low:.3f} to {figure.high:.3f}"
        lines.append(f"| {name} | {figure.value:.3f} | {between} | {figure.n or ''} |")
    return "\n".join(lines)

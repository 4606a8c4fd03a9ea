"""The card of the encoder of requests."""

from collections.abc import Mapping
from typing import Final

from models.rewrite.learned_encoder import WIDTH
from models.rewrite.likeness import Likeness
from models.rewrite.request_rows import LETTERS, PIECES, SOUNDS
from streams.evaluate.figures import Figure

_CARD: Final = """# rewrite_retrieval

Requests as vectors of {width} numbers, in whose space rewrites are found: what was misheard, broken off or put
differently lies near what was meant. English only.

- **Encoder**: the sum of learned rows, one for each word piece ({pieces:,}), for each three and four letters in a row
  ({letters:,} rows) and for each two and three sounds in a row across the whole request ({sounds:,} rows, Metaphone).
  Word order counts only through sounds. 8 bits a number; numpy at run time, no network.
- Word pieces begin as principal components of MiniLM's embeddings of them (all-MiniLM-L6-v2, Apache-2.0). Fitted by
  InfoNCE within batches of what is hard to tell apart: targets that sound alike, read alike, or belong to the same
  intent; and by keeping to MiniLM's cosines between {taught:,} texts.
- **Likeness**: in what order rewrites are candidates, however they were found: {likeness.held:.2f} x BM25 over each
  three letters in a row of words and sounds, {likeness.letters:.2f} x likeness of letters, {likeness.sounds:.2f} x
  likeness of sounds (insertions and deletions). A conditional logit on pairs of each kind below, both ways round; not
  on meaning, as the encoder has seen these pairs.
- Made with: `earshot train rewrite-retrieval --seed {seed}`. An index made with other weights is refused: the version
  holds their digest.

## Data

Pairs of what was said and what was meant:

- {misheard:,} requests of HWU64 (CC BY 4.0), Snips (CC0), CLINC150 (CC BY 3.0) and Banking77 (CC BY 4.0), as the
  simulator's recogniser mishears them;
- {phoneme_trec:,} questions of Phoneme-BERT's TREC (CC0), as a real recogniser wrote them down;
- {disfl_qa:,} questions of Disfl-QA (CC BY 4.0), with and without a self-repair;
- {simulated:,} of simulated people of home_a and shop_chat (Apache-2.0): what failed and what they came to, with
  success as `detect` hears it; no truth is looked at.

Licence of these weights: CC BY 4.0.

## How well it does

What was meant among the first that are found, on what training saw nothing of; 95 % intervals, bootstrap by person
(home_b) or by question.

| figure | this | MiniLM |
|---|---|---|
{figures}

It ships in MiniLM's place because a request takes it a fifteenth of the processor time (.14 against 2.0 ms), and what
was really misheard is nearer; of what simulated people put differently MiniLM has more among the first 5 and 20.

`earshot evaluate rewrites-real` compares on phone calls and contextual rewrites.

## Use

To find candidates; a ranker and guards decide. It does not know what a request was about before: "what about tomorrow"
is near other such requests, not near its resolution.
"""


def card(
    figures: Mapping[str, Mapping[str, Figure]], counts: Mapping[str, int], taught: int, likeness: Likeness, seed: int
) -> str:
    """The text of the card."""
    lines = [f"| {name} | {_shown(both['this'])} | {_shown(both['MiniLM'])} |" for name, both in figures.items()]
    return _CARD.format(
        width=WIDTH,
        pieces=PIECES,
        letters=LETTERS,
        sounds=SOUNDS,
        taught=taught,
        seed=seed,
        likeness=likeness,
        figures="\n".join(lines),
        **counts,
    )


def _shown(figure: Figure) -> str:
    return f"{figure.value:.3f} [{figure.low:.3f}, {figure.high:.3f}]"

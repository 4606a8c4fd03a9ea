"""Examples made from collections of single utterances: pairs that mean the same, and hard ones that do not.

Two commands of one intent with the same values ask for the same; with other values they do not, however alike they
look. What a recogniser made of a sentence stands for a request that was misheard; its confusions are put into other
requests as well.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from difflib import SequenceMatcher
from pathlib import Path
from random import Random
from typing import Final

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from models.rephrase.candidate import Candidate, Label
from models.rephrase.gate_features import same_words
from models.rephrase.wording import wording_of
from streams.adapters.source import Row, rows_of
from streams.training.rephrase_examples import Example

EXPECTS: Final = "a public data set as JSON lines"
_APOLOGIES: Final = (
    "Sorry, I didn't get that.", "I didn't understand that.", "Sorry, I don't know that one.",
    "Could you say that again?",
    "I'm not sure what you mean.", "Hmm, I don't know how to help with that.", "Sorry, I didn't catch that.",
    "I'm sorry, I can't find that.", "I couldn't find anything like that.", "Please try again.",
    "Sorry, what was that?",
    "I'm having trouble understanding right now.", "Sorry, something went wrong.", "I can't do that yet.",
)  # fmt: skip
_DONE: Final = ("Okay.", "Done.", "Sure.", "Alright, done.", "Here you go.", "Okay, I did that.", "Got it.", "OK")
_MARKERS: Final = (
    "no {}", "no i said {}", "i said {}", "no i meant {}", "i meant {}", "no no {}", "that's wrong {}", "not that {}",
    "{} please", "please {}", "no i want {}", "i asked {}",
)  # fmt: skip
_MARKED: Final = 0.15
_GAPS: Final = {True: (1.6, 0.7), False: (2.3, 1.1)}
"""Median (log s) and spread of the gap before a retry and before another request: retries come sooner."""


class Entity(Row):
    type: str
    value: str
    start: int
    end: int


class Utterance(Row):
    """A line of an intent collection (CLINC150, HWU64, SNIPS, Banking77)."""

    text: str = Field(min_length=1)
    intent: str
    entities: tuple[Entity, ...] = ()


class Transcribed(Row):
    """A line of Phoneme-BERT's TREC: a question and what a recogniser made of it."""

    text: str
    asr_text: str


Neighbours = Callable[[Sequence[str]], NDArray[np.int64]]
"""For each text the place of another one that means nearly the same."""


class Writer:
    """Makes examples with answers and gaps between; everything follows from the seed."""

    def __init__(self, seed: int, transcribed: Sequence[Transcribed], answers: Sequence[str]) -> None:
        """`transcribed` show what a recogniser confuses; `answers` of other dialogues may stand between requests."""
        self.rng = Random(seed)
        self._confusions = _confusions(transcribed)
        self._answers = list(answers)

    def misheard(self, text: str) -> str:
        """The text with one or two of its words heard as something else, or with an end lost."""
        tokens = text.split()
        places = [at for at, token in enumerate(tokens) if token.lower().strip(",.?!") in self._confusions]
        for at in self.rng.sample(places, min(len(places), self.rng.choice((1, 1, 2)))):
            tokens[at] = self.rng.choice(self._confusions[tokens[at].lower().strip(",.?!")])
        if (not places or self.rng.random() < 0.1) and len(tokens) > 2:
            del tokens[self.rng.choice((0, -1))]
        return " ".join(tokens)

    def pair(self, first: str, second: str, label: Label, source: str, group: str) -> Example:
        """An example with a made-up answer and gap; a rephrase sometimes says that it is one."""
        retry = label in (Label.REPEAT, Label.REPHRASE)
        if retry and self.rng.random() < _MARKED:
            second = self.rng.choice(_MARKERS).format(second)
        if retry:
            label = Label.REPEAT if same_words(first, second) else Label.REPHRASE
        centre, spread = _GAPS[retry]
        candidate = Candidate(first, second, self._answer(retry), gap_s=self.rng.lognormvariate(centre, spread))
        return Example(candidate, label, source, group)

    def _answer(self, retry: bool) -> str | None:
        chance = self.rng.random()
        if chance < 0.3:
            return None
        if chance < (0.6 if retry else 0.36):
            return self.rng.choice(_APOLOGIES)
        if chance < (0.75 if retry else 0.7) or not self._answers:
            return self.rng.choice(_DONE)
        return self.rng.choice(self._answers)


def commands(folder: Path, source: str, writer: Writer, most: int) -> Iterator[Example]:
    """From commands with entities: the same values said differently, other values, other intents."""
    rows = list(rows_of(folder, Utterance, EXPECTS))
    rng = writer.rng
    by_shape: dict[tuple[str, tuple[str, ...]], list[Utterance]] = defaultdict(list)
    for row in rows:
        by_shape[row.intent, tuple(sorted({entity.type for entity in row.entities}))].append(row)
    for at, row in enumerate(rng.sample(rows, min(most, len(rows)))):
        group = f"{source}-{at}"
        alike = by_shape[row.intent, tuple(sorted({entity.type for entity in row.entities}))]
        other = rng.choice(alike)
        if row.entities:
            yield writer.pair(row.text, _with_values(other, row), Label.REPHRASE, source, group)
            if {one.value.lower() for one in row.entities}.isdisjoint(one.value.lower() for one in other.entities):
                yield writer.pair(row.text, other.text, Label.NONE, source, group)
                changed = _with_values(row, other)
                if rng.random() < 0.5:
                    yield writer.pair(row.text, changed, Label.NONE, source, group)
        yield writer.pair(writer.misheard(row.text), row.text, Label.REPHRASE, source, group)
        yield writer.pair(row.text, rng.choice(rows).text, Label.NONE, source, group)
        if rng.random() < 0.25:
            yield writer.pair(row.text, row.text, Label.REPEAT, source, group)


def intents(folder: Path, source: str, writer: Writer, most: int, nearest: Neighbours) -> Iterator[Example]:
    """From utterances without entities: those of one intent mean the same; near ones of another do not."""
    rows = writer.rng.sample(list(rows_of(folder, Utterance, EXPECTS)), most)
    by_intent: dict[str, list[Utterance]] = defaultdict(list)
    for row in rows:
        by_intent[row.intent].append(row)
    near = nearest([row.text for row in rows])
    for at, row in enumerate(rows):
        group = f"{source}-{at}"
        other = rows[int(near[at])]
        if other.intent == row.intent != "oos":
            yield writer.pair(row.text, other.text, Label.REPHRASE, source, group)
        elif other.intent != row.intent:
            yield writer.pair(row.text, other.text, Label.NONE, source, group)
        yield writer.pair(row.text, writer.rng.choice(rows).text, Label.NONE, source, group)


def transcripts(rows: Sequence[Transcribed], writer: Writer, most: int, nearest: Neighbours) -> Iterator[Example]:
    """A question as it was heard and then as it was said; and a near other question."""
    source = "phoneme_trec"
    rows = writer.rng.sample(list(rows), min(most, len(rows)))
    near = nearest([row.text for row in rows])
    for at, row in enumerate(rows):
        group = f"{source}-{at}"
        if not row.asr_text.strip():
            continue
        yield writer.pair(row.asr_text, row.text, Label.REPHRASE, source, group)
        yield writer.pair(row.asr_text, rows[int(near[at])].text, Label.NONE, source, group)


def _with_values(template: Utterance, values: Utterance) -> str:
    """The template's text with the values of the other utterance in place of its own."""
    by_type = {entity.type: entity.value for entity in values.entities}
    text = template.text
    for entity in sorted(template.entities, key=lambda one: -one.start):
        if entity.type in by_type:
            text = text[: entity.start] + by_type[entity.type] + text[entity.end :]
    return text


def _confusions(transcribed: Sequence[Transcribed]) -> dict[str, list[str]]:
    """What a recogniser hears instead of a word, from sentences and its transcripts."""
    heard: dict[str, list[str]] = defaultdict(list)
    for one in transcribed:
        said, got = wording_of(one.text).tokens, wording_of(one.asr_text).tokens
        for kind, a, b, c, d in SequenceMatcher(None, said, got, autojunk=False).get_opcodes():
            if kind == "replace" and b - a == 1 and 1 <= d - c <= 2:
                heard[said[a]].append(" ".join(got[c:d]))
    return dict(heard)

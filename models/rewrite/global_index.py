"""What worked for many people: up to a million rewrites, found by exact text, letters, sounds and meaning."""

from collections.abc import Callable, Sequence

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray
from rapidfuzz import process
from rapidfuzz.distance import Indel

from models.rewrite.candidate import Candidate, Channel, Via
from models.rewrite.dense import DenseIndex
from models.rewrite.entry import Entry
from models.rewrite.lexical import lexical_keys
from models.rewrite.phonetic import phonetic_keys, sounds_of
from models.rewrite.postings import Postings

Floats = NDArray[np.float32]
Form = Callable[[str], str]
"""A text as it is compared: as it stands, or its sounds."""

ALIKE_MOST = 4
"""Of the texts that are alike in letters or in sounds, the best are candidates; meaning gives as many as asked for."""

_READ_A_CHANNEL = 16
"""Texts that share keys are compared letter by letter, this many."""


_CLEAR = 0.9
"""Where a text is as near as this in meaning, none is looked for in letters and sounds."""


class Phrase(Struct, gc=False):
    """One text, the rewrites that replace it and those that lead to it."""

    text: str
    sources: tuple[Entry, ...] = ()
    targets: dict[str, Entry] | None = None

    @property
    def used(self) -> bool:
        return bool(self.sources or self.targets)


class GlobalIndex:
    """Not safe for threads: whoever holds it locks. A text's number is its place in every channel."""

    def __init__(self, width: int) -> None:
        self.phrases: list[Phrase] = []
        self.number_of: dict[str, int] = {}
        self.lexical = Postings(lexical_keys)
        self.phonetic = Postings(phonetic_keys)
        self.dense = DenseIndex(width)

    def missing(self, entry: Entry) -> list[str]:
        """Texts of an entry that have no vector yet."""
        return [text for text in dict.fromkeys((*entry.sources, entry.target)) if text not in self.number_of]

    def put(self, entry: Entry, replaced: Entry | None, vectors: Floats | None) -> None:
        """Take an entry, in the place of the one that had its key. `vectors`: of what `missing` named, None if
        nothing."""
        for row, text in enumerate(self.missing(entry)):
            if vectors is None:
                raise ValueError(f"the rewrite {entry.key} comes without a vector for one of its texts")
            self.number_of[text] = len(self.phrases)
            self.phrases.append(Phrase(text))
            self.lexical.add(text)
            self.phonetic.add(text)
            self.dense.add(vectors[row : row + 1])
        if replaced is not None:
            self.remove(replaced)
        self.link(entry)

    def link(self, entry: Entry) -> None:
        """Let the texts of an entry, which are in, lead to it."""
        for text in entry.sources:
            phrase = self.phrases[self.number_of[text]]
            phrase.sources = (*phrase.sources, entry)
        target = self.phrases[self.number_of[entry.target]]
        if target.targets is None:
            target.targets = {entry.key: entry}
        else:
            target.targets[entry.key] = entry

    def remove(self, entry: Entry) -> None:
        """No text leads to this entry any longer."""
        for text in entry.sources:
            phrase = self.phrases[self.number_of[text]]
            phrase.sources = tuple(one for one in phrase.sources if one.key != entry.key)
        target = self.phrases[self.number_of[entry.target]]
        if target.targets is not None:
            target.targets.pop(entry.key, None)
            target.targets = target.targets or None

    def exact(self, text: str) -> list[Candidate]:
        """Rewrites with this very text."""
        number = self.number_of.get(text)
        return _candidates(self.phrases[number], Channel.EXACT, None) if number is not None else []

    def search(self, text: str, vector: Floats | None, most: int) -> list[Candidate]:
        """The nearest in meaning (if there is a vector), in letters and in sounds: `most` by meaning, fewer else."""
        found: dict[int, Channel] = {}
        cosines: dict[int, float] = {}
        if vector is not None:
            for number, cosine in zip(*self.dense.search(vector, most), strict=True):
                found[int(number)] = Channel.DENSE
                cosines[int(number)] = float(cosine)
        if max(cosines.values(), default=0.0) < _CLEAR:
            for channel, postings, form in (
                (Channel.LEXICAL, self.lexical, str),
                (Channel.PHONETIC, self.phonetic, sounds_of),
            ):
                for number in self._alike(postings, form, text):
                    found.setdefault(number, channel)
        others = [number for number in found if number not in cosines]
        if vector is not None and others:
            cosines.update(zip(others, self.dense.cosines(others, vector), strict=True))
        return [
            candidate
            for number, channel in found.items()
            for candidate in _candidates(self.phrases[number], channel, cosines.get(number))
        ]

    def _alike(self, postings: Postings, form: Form, text: str) -> Sequence[int]:
        """Of what shares keys with a text, the nearest by insertions and deletions in some form of both."""
        numbers = [number for number in postings.search(text, _READ_A_CHANNEL).tolist() if self.phrases[number].used]
        held = [form(self.phrases[number].text) for number in numbers]
        best = process.extract(form(text), held, scorer=Indel.normalized_similarity, limit=ALIKE_MOST)
        return [numbers[at] for _, _, at in best]


def _candidates(phrase: Phrase, channel: Channel, cosine: float | None) -> list[Candidate]:
    found = [Candidate(entry, Via.SOURCE, phrase.text, channel, cosine) for entry in phrase.sources]
    if phrase.targets:
        best = next(iter(phrase.targets.values()))
        found.append(Candidate(best, Via.TARGET, phrase.text, channel, cosine))
    return found

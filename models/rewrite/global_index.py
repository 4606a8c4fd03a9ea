"""What worked for many people: up to a million rewrites, found by exact text, letters, sounds and meaning."""

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from models.rewrite.candidate import Candidate, Channel, Via
from models.rewrite.dense import DenseIndex
from models.rewrite.entry import Entry
from models.rewrite.grams import COUNTED_MOST, Grams
from models.rewrite.lexical import lexical_keys
from models.rewrite.phonetic import phonetic_keys
from models.rewrite.phrase_lessons import PhraseLessons, is_lesson
from models.rewrite.postings import Postings

Floats = NDArray[np.float32]
SHARING_MOST = 6
"""Texts that share the rarest keys of letters, and of sounds, are candidates, this many; meaning gives as many as asked
for."""


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
        self.lessons = PhraseLessons()
        self.grams = Grams.of(())

    def missing(self, entry: Entry) -> list[str]:
        """Texts of an entry that have no vector yet."""
        if is_lesson(entry):
            return []
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

    def count_grams(self) -> None:
        """Learn anew what is rare among the texts, if there are many more than when that was last done. Searches may go
        on meanwhile."""
        texts = len(self.phrases)
        if self.grams.outgrown_by(texts):
            sample = self.phrases[:: -(-texts // COUNTED_MOST)]
            self.grams = Grams.of([phrase.text for phrase in sample], drawn_from=texts)

    def link(self, entry: Entry) -> None:
        """Let the texts of an entry, which are in, lead to it."""
        if is_lesson(entry):
            self.lessons.put(entry)
            return
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
        if is_lesson(entry):
            self.lessons.remove(entry)
            return
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
        """The nearest in meaning (if there is a vector), in letters and in sounds: `most` by meaning."""
        found: dict[int, Channel] = {}
        cosines: dict[int, float] = {}
        if vector is not None:
            for number, cosine in zip(*self.dense.search(vector, most), strict=True):
                found[int(number)] = Channel.DENSE
                cosines[int(number)] = float(cosine)
        if max(cosines.values(), default=0.0) < _CLEAR:
            for channel, postings in ((Channel.LEXICAL, self.lexical), (Channel.PHONETIC, self.phonetic)):
                for number in postings.search(text, SHARING_MOST).tolist():
                    found.setdefault(number, channel)
        others = [number for number in found if number not in cosines]
        if vector is not None and others:
            cosines.update(zip(others, self.dense.cosines(others, vector), strict=True))
        return [
            candidate
            for number, channel in found.items()
            for candidate in _candidates(self.phrases[number], channel, cosines.get(number))
        ]


def _candidates(phrase: Phrase, channel: Channel, cosine: float | None) -> list[Candidate]:
    found = [Candidate(entry, Via.SOURCE, phrase.text, channel, cosine) for entry in phrase.sources]
    if phrase.targets:
        best = next(iter(phrase.targets.values()))
        found.append(Candidate(best, Via.TARGET, phrase.text, channel, cosine))
    return found

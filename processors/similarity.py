"""How alike two requests are: in letters, in sounds, in words. Symmetric, in [0, 1], fast enough for every turn."""

from functools import lru_cache
from sys import intern

import jellyfish
from msgspec import Struct
from rapidfuzz.distance import Indel


def spaced(words: str) -> frozenset[str]:
    """The words of a text that lists them."""
    return frozenset(words.split())


alike = Indel.normalized_similarity

_FILLERS = spaced("um uh er erm hmm please hey")

_FUNCTION_WORDS = spaced(
    """a about am an and are at be by can cant could did do does for from get give go going got had has have he her
    his i id ill im ive in is it its let like me my no not of off on or our said say she should so some take tell that
    thats the their them then there they this to up us want wanna was we were what whats which will with would you
    youre your meant mean actually yes"""
)

_PLAIN = str.maketrans(
    dict.fromkeys("'\u2019\u2018`")
    | dict.fromkeys('!"#$%&()*+,-./:;<=>?@[\\]^_{|}~\u201c\u201d\u201e\u00ab\u00bb\u2026\u2013\u2014\u00bf\u00a1', " ")
    | dict.fromkeys("\u3001\u3002\uff0c\uff01\uff1f\u060c\u061f\u0964", " ")
)


_MARKS = 256


class _Marks(dict[str, int]):
    """One bit of `_MARKS` for each word that carries a wish, none for a function word. Two words may share a bit."""

    def __missing__(self, word: str) -> int:
        mark = 0 if word in _FUNCTION_WORDS else _mark(word)
        if len(self) < _WORDS_KEPT:
            self[word] = mark
        return mark


_WORDS_KEPT = 65_536
_marks = _Marks()


def _mark(word: str) -> int:
    return 1 << hash(word) % _MARKS


class Words(Struct, gc=False, eq=False):
    """A request prepared for comparison: lower case, without punctuation, apostrophes and fillers.

    `count` counts words with repetitions. `marks` has a bit for each word of `content`: requests without a common bit
    have no such word in common. What few pairs need is made when it is first asked for.
    """

    text: str
    count: int
    marks: int
    _content: frozenset[str] | None = None
    _sounds: str | None = None

    @property
    def content(self) -> frozenset[str]:
        """The different words that carry the wish; all words where none does."""
        if self._content is None:
            tokens = self.text.split()
            carrying = [intern(token) for token in tokens if token not in _FUNCTION_WORDS]
            self._content = frozenset(carrying or tokens)
        return self._content

    @property
    def vocabulary(self) -> frozenset[str]:
        """All different words."""
        return frozenset(self.text.split())

    @property
    def sounds(self) -> str:
        """Phonetic code."""
        if self._sounds is None:
            self._sounds = "".join(map(sound_of, self.text.split()))
        return self._sounds


@lru_cache(maxsize=65_536)
def sound_of(word: str) -> str:
    """Metaphone code of a word; the word itself where metaphone knows no sound for it (digits, other scripts)."""
    return jellyfish.metaphone(word) or word


@lru_cache(maxsize=16_384)
def words_of(request: str) -> Words:
    """The words of a request as typed or recognised."""
    tokens = request.lower().translate(_PLAIN).split()
    if not _FILLERS.isdisjoint(tokens):
        tokens = [token for token in tokens if token not in _FILLERS]
    text = " ".join(tokens)
    marks, of = 0, _marks
    for token in tokens:
        marks |= of[token]
    if not marks:  # function words are all that was said
        for token in tokens:
            marks |= _mark(token)
    return Words(request if text == request else text, len(tokens), marks)  # what reads the same is kept only once


def characters_alike(one: Words, other: Words, cutoff: float = 0.0) -> float:
    """1 - insertions and deletions between the texts / their joint length. Below `cutoff` it says 0, and faster."""
    return alike(one.text, other.text, score_cutoff=cutoff)


def sounds_alike(one: Words, other: Words, cutoff: float = 0.0) -> float:
    """The same between the phonetic codes: what a recogniser confuses is alike here."""
    return alike(one.sounds, other.sounds, score_cutoff=cutoff)


def words_alike(one: Words, other: Words) -> float:
    """Jaccard index of the sets of words."""
    ours, theirs = one.vocabulary, other.vocabulary
    either = len(ours | theirs)
    return len(ours & theirs) / either if either else 1.0


def content_shared(one: Words, other: Words) -> float:
    """Share of the content words of whichever has fewer that the other has as well."""
    fewest = min(len(one.content), len(other.content))
    return len(one.content & other.content) / fewest if fewest else 0.0

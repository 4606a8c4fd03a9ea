"""The rewrites of phrases as far as kept moves support them, looked for round after round.

Requests in which a phrase failed say which phrases are worth a look. A round goes once through all states, a few at a
time, so that who solves never pauses, and collects the moves of all requests with such a phrase; at its end lessons
are drawn. The first round is gone through at once: a table that starts knows what it can know.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Final
from zlib import crc32

from msgspec.structs import replace

from processors.phrase_lessons import PhraseUses, heard_otherwise, lesson, takes_part, uses_of
from processors.rewrite_choice import Refused, RewriteRules
from processors.source_moves import Kept, SourceState
from schemas.phrase import Phrase, loosened, parts_of_request, phrase_of
from schemas.rewrite import Rewrite

STATES_A_STEP: Final = 2_000

MOST_MOVES: Final = 4_000
"""Of requests with a phrase that is in very many, those of some people stand for all."""

Counts = Callable[[str], bool]


class _Sample:
    """Moves of requests with a phrase: all of them, or those of a half of the people, a quarter and so on; always the
    same people, whatever comes first."""

    __slots__ = ("_mask", "_moves")

    def __init__(self) -> None:
        self._moves: list[tuple[Kept, bool]] = []
        self._mask = 0

    def add(self, move: Kept, counted: bool) -> None:
        """`counted`: the request takes part in rewriting."""
        if self._mask and not self._stands_for_others(move):
            return
        self._moves.append((move, counted))
        while len(self._moves) > MOST_MOVES:
            self._mask = self._mask << 1 | 1
            self._moves = [one for one in self._moves if self._stands_for_others(one[0])]

    def _stands_for_others(self, move: Kept) -> bool:
        return not crc32(move.user.encode()) & self._mask

    def told(self) -> tuple[list[Kept], int]:
        """The moves, and how many are of requests that are never rewritten: these teach nothing else."""
        moves = [move if counted else replace(move, otherwise=()) for move, counted in self._moves]
        return moves, sum(not counted for _, counted in self._moves)


class PhraseTable:
    """`states`: the kept moves of all source states, as the table of rewrites holds them."""

    def __init__(self, states: Mapping[str, SourceState], rules: RewriteRules, refused: Counter[Refused]) -> None:
        """`refused`: where reasons are counted."""
        self._states = states
        self._rules = rules
        self._refused = refused
        self._told_by: dict[str, frozenset[tuple[Phrase, Phrase, str]]] = {}
        self._people: dict[Phrase, dict[Phrase, Counter[str]]] = {}
        self._round: Iterator[bool] | None = None
        self._first = True
        self._found: dict[Phrase, Rewrite] = {}

    def take(self, state: SourceState) -> None:
        """The moves of a state, whole: what they say of phrases replaces what they said before."""
        moves = state.moves if takes_part(state.source) else ()
        told = frozenset(
            (one.heard, one.meant, move.user) for move in moves if move.otherwise for one in heard_otherwise(move)
        )
        before = self._told_by.get(state.source, frozenset())
        for heard, meant, user in told - before:
            self._people.setdefault(heard, {}).setdefault(meant, Counter())[user] += 1
        for heard, meant, user in before - told:
            self._forget(heard, meant, user)
        if told:
            self._told_by[state.source] = told
        else:
            self._told_by.pop(state.source, None)

    def step(self, counts: Counts, now_ms: int) -> dict[Phrase, Rewrite] | None:
        """Go on with a round; at its end all lessons, else None. `counts`: whether the moves of a person do."""
        if self._round is None:
            self._round = self._rounds(counts, now_ms)
        ended = next(self._round)
        while self._first and not ended:
            ended = next(self._round)
        if not ended:
            return None
        self._round, self._first = None, False
        return self._found

    def _rounds(self, counts: Counts, now_ms: int) -> Iterator[bool]:
        watched = self._watched(counts)
        lengths = sorted({len(phrase) for phrase in watched})
        samples: dict[Phrase, _Sample] = defaultdict(_Sample)
        for at, source in enumerate(list(self._states) if watched else (), start=1):
            state, counted = self._states[source], takes_part(source)
            for move in state.moves:
                if not counts(move.user):
                    continue
                for phrase in _phrases_in(move.words, lengths) & watched:
                    samples[phrase].add(move, counted)
            if not at % STATES_A_STEP:
                yield False
        uses: dict[Phrase, PhraseUses] = {}

        def of(phrase: Phrase) -> PhraseUses:
            if phrase not in uses:
                uses[phrase] = uses_of(phrase, *samples[phrase].told(), now_ms)
            return uses[phrase]

        self._found = self._lessons(watched, of)
        yield True

    def _watched(self, counts: Counts) -> frozenset[Phrase]:
        """Phrases that enough people may have meant otherwise, and what they may have meant."""
        fewest = self._rules.users
        watched: set[Phrase] = set()
        for heard, meant in self._people.items():
            for phrase, people in meant.items():
                if len(people) >= fewest and sum(map(counts, people)) >= fewest:
                    watched |= {heard, phrase}
        return frozenset(watched)

    def _lessons(self, watched: frozenset[Phrase], of: Callable[[Phrase], PhraseUses]) -> dict[Phrase, Rewrite]:
        """What is itself rewritten is no target; what is known of a phrase wherever it stands is told once."""
        qualified: dict[Phrase, Rewrite] = {}
        for phrase in sorted(watched & self._people.keys()):
            found = lesson(phrase, of(phrase), of, self._rules)
            if isinstance(found, Refused):
                self._refused[found] += 1
            else:
                qualified[phrase] = found
        sources = {one.source for one in qualified.values()}
        return {
            phrase: one
            for phrase, one in qualified.items()
            if one.target not in sources and not any(map(partial(_says, one, qualified), loosened(phrase)[1:]))
        }

    def _forget(self, heard: Phrase, meant: Phrase, user: str) -> None:
        people = self._people[heard][meant]
        people[user] -= 1
        if not people[user]:
            del people[user]
        if not people:
            del self._people[heard][meant]
        if not self._people[heard]:
            del self._people[heard]


def _says(one: Rewrite, qualified: Mapping[Phrase, Rewrite], looser: Phrase) -> bool:
    """Whether a looser phrase, another one, has the same put in its place."""
    known = qualified.get(looser)
    return known is not None and known is not one and _inner(known.target) == _inner(one.target)


def _inner(key: str) -> Phrase:
    return (phrase_of(key) or ())[1:-1]


def _phrases_in(words: str, lengths: list[int]) -> set[Phrase]:
    """All runs of so many parts of a request."""
    parts = parts_of_request(words)
    return {
        phrase
        for length in lengths
        for at in range(len(parts) - length + 1)
        for phrase in loosened(parts[at : at + length])
    }

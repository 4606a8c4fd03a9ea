"""Who said which word when, several people talking into each other's words, and where somebody starts over others."""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate

LEAST_OVERLAP_S = 0.05
"""Shorter overlaps are within the error of word times: neither a start over somebody nor speech still to come."""

PAUSE_S = 0.3
"""Speech with shorter gaps is one run: below it listeners hear no pause."""

_JITTER_S = 1e-6


@dataclass(frozen=True, slots=True)
class Act:
    """A stretch of one person's speech. Times in seconds from the meeting's start; `word_ends_s` never decreases."""

    id: str
    speaker: str
    start_s: float
    end_s: float
    words: tuple[str, ...]
    word_ends_s: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Overlap:
    """An act that starts while others speak, and those acts of theirs."""

    act: Act
    over: tuple[Act, ...]


class Voice:
    """All that one person says in a meeting, to be asked what of it was heard by a given moment."""

    def __init__(self, acts: Sequence[Act]) -> None:
        """`acts` in the order in which they start."""
        self._acts = acts
        self._starts_s = [act.start_s for act in acts]
        spoken = sorted(
            (end_s, at, word)
            for act in acts
            for at, (end_s, word) in enumerate(zip(act.word_ends_s, act.words, strict=True))
        )
        self._word_ends_s = [end_s for end_s, _, _ in spoken]
        self._words = [word for _, _, word in spoken]
        self._spoken_s = [0.0, *accumulate(act.end_s - act.start_s for act in acts)]
        self._run_starts_s: list[float] = []
        self._ends_s: list[float] = []
        for act in acts:
            goes_on = bool(self._ends_s) and act.start_s - self._ends_s[-1] < PAUSE_S
            self._run_starts_s.append(self._run_starts_s[-1] if goes_on else act.start_s)
            self._ends_s.append(max(act.end_s, self._ends_s[-1]) if self._ends_s else act.end_s)

    def acts_before(self, moment_s: float) -> int:
        """How many acts began before the moment."""
        return bisect_left(self._starts_s, moment_s - _JITTER_S)

    def act(self, number: int) -> Act:
        return self._acts[number]

    def speaks(self, moment_s: float) -> bool:
        """A voice is heard at the moment."""
        began = bisect_right(self._starts_s, moment_s)
        return began > 0 and self._ends_s[began - 1] > moment_s

    def silent_s(self, moment_s: float, most_s: float) -> float:
        """For how long nothing is heard, 0 while the person speaks, `most_s` at most."""
        began = bisect_right(self._starts_s, moment_s)
        return min(most_s, max(0.0, moment_s - self._ends_s[began - 1])) if began else most_s

    def run_s(self, moment_s: float) -> float:
        """For how long the person had been speaking without a pause when last heard; 0 if never."""
        began = bisect_right(self._starts_s, moment_s)
        return min(moment_s, self._ends_s[began - 1]) - self._run_starts_s[began - 1] if began else 0.0

    def run_start_s(self, moment_s: float) -> float:
        """When the run began in which the person was last heard; the moment itself if never."""
        began = bisect_right(self._starts_s, moment_s)
        return self._run_starts_s[began - 1] if began else moment_s

    def words_between(self, from_s: float, to_s: float) -> list[str]:
        """Words that ended after `from_s` and by `to_s`: a word that is not over is not recognised."""
        return self._words[bisect_right(self._word_ends_s, from_s) : bisect_right(self._word_ends_s, to_s + _JITTER_S)]

    def said_from(self, act: Act, most: int) -> list[tuple[float, str]]:
        """(end, word) of the first words from the start of one of the person's acts on, until a pause."""
        said: list[tuple[float, str]] = []
        for at in range(bisect_left(self._starts_s, act.start_s), len(self._acts)):
            if said and self._starts_s[at] - self._ends_s[at - 1] >= PAUSE_S:
                break
            following = self._acts[at]
            said += zip(following.word_ends_s, following.words, strict=True)
            if len(said) >= most:
                break
        return said[:most]

    def last_words(self, moment_s: float, most: int) -> list[str]:
        """The last words that ended by the moment, in order."""
        to = bisect_right(self._word_ends_s, moment_s + _JITTER_S)
        return self._words[max(0, to - most) : to]

    def last_word_s(self, moment_s: float) -> float | None:
        """When the last word ended, None before the first."""
        to = bisect_right(self._word_ends_s, moment_s + _JITTER_S)
        return self._word_ends_s[to - 1] if to else None

    def spoken_s(self, from_s: float, to_s: float) -> float:
        """Seconds of speech in acts that began in [`from_s`, `to_s`), cut at `to_s`."""
        first, last = bisect_left(self._starts_s, from_s), self.acts_before(to_s)
        if last <= first:
            return 0.0
        return self._spoken_s[last] - self._spoken_s[first] - max(0.0, self._acts[last - 1].end_s - to_s)


class Meeting:
    """The voices of one meeting."""

    def __init__(self, acts: Iterable[Act]) -> None:
        self.acts = sorted(acts, key=lambda act: (act.start_s, act.end_s, act.id))
        by_speaker: dict[str, list[Act]] = defaultdict(list)
        for act in self.acts:
            by_speaker[act.speaker].append(act)
        self.voices = {speaker: Voice(own) for speaker, own in by_speaker.items()}

    def overlaps(self) -> list[Overlap]:
        """Every act that starts while others have been speaking and go on to, in the order of starts."""
        found: list[Overlap] = []
        running: list[Act] = []
        for act in self.acts:
            running = [other for other in running if other.end_s > act.start_s]
            over = tuple(other for other in running if _is_under(other, act))
            if over:
                found.append(Overlap(act, over))
            running.append(act)
        return found


def _is_under(other: Act, act: Act) -> bool:
    least_s = LEAST_OVERLAP_S - _JITTER_S
    return (
        other.speaker != act.speaker and act.start_s - other.start_s >= least_s and other.end_s - act.start_s >= least_s
    )

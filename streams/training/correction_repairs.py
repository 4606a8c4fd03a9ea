"""Repairs made from Disfl-QA: the part that a speaker takes back inside a question becomes a misunderstanding.

`What is the name of Spain no Russia's king` was one turn. Taken apart it is three: `What is the name of Spain's king`,
an answer to that, and `No, I meant Russia`, with the fluent question as the rewrite.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Final, NamedTuple

from models.correction.features import Utterances
from models.correction.words import join, plain, split
from streams.training.correction_phrases import ADDS, SAYS

_EDITING: Final = frozenset(
    """no not or rather sorry actually wait i mean meant um umm uh er erm hmm oh well excuse me make that scratch oops
    instead nope never mind nevermind let correction my bad apologies ah hold on""".split()
)
_SUBJECTS: Final = frozenset("what which who whom whose when where how why".split())
_PLACES: Final = frozenset("in on at for by during from of to with under after before between as".split())

_WHOLE: Final = 0.1
_AROUND: Final = 0.3
_ANSWERS: Final = ("{rest}.", "{other} {rest}.", "{rest} {other}.", "It is {other}.", "{other}.", "")


@dataclass(frozen=True, slots=True)
class Parts:
    """A self-repair taken apart, as words: what comes before, what is taken back, and all that follows it."""

    before: tuple[str, ...]
    taken_back: tuple[str, ...]
    after: tuple[str, ...]


class MadeUp(NamedTuple):
    """A misunderstanding and its correction. `value`: for every word of the turn, whether it is of what is meant;
    `replaced`: for every word of the request, whether it is of what was understood."""

    said: Utterances
    value: tuple[bool, ...]
    replaced: tuple[bool, ...]


def left_out(disfluent: str, fluent: str) -> tuple[bool, ...] | None:
    """For every word of `disfluent` whether it must go to get `fluent`; None where leaving out does not get there.

    Where it can be seen in two ways, what is said first is what goes.
    """
    words = split(disfluent)
    spoken = [at for at, word in enumerate(words) if not word.is_mark]
    wanted = [word.plain for word in split(fluent) if not word.is_mark]
    kept: set[int] = set()
    for at in reversed(spoken):
        if wanted and words[at].plain == wanted[-1]:
            wanted.pop()
            kept.add(at)
    if wanted:
        return None
    gone = [not word.is_mark and at not in kept for at, word in enumerate(words)]
    for at, word in enumerate(words):
        if word.is_mark and at + 1 < len(words) and at > 0 and gone[at - 1]:
            gone[at] = True
    return tuple(gone)


def parts_of(disfluent: str, fluent: str) -> Parts | None:
    """What was taken back in one piece, without the words of hesitation; None where there is no such piece."""
    gone = left_out(disfluent, fluent)
    if gone is None or not any(gone):
        return None
    words = split(disfluent)
    first, last = gone.index(True), len(gone) - 1 - gone[::-1].index(True)
    if not all(gone[first : last + 1]):
        return None
    back = [word for word in words[first : last + 1] if not word.is_mark]
    while back and back[-1].plain in _EDITING:
        back.pop()
    while back and back[0].plain in _EDITING:
        back.pop(0)
    after = [word.text for word in words[last + 1 :]]
    if not back or not after:
        return None
    return Parts(tuple(word.text for word in words[:first]), tuple(word.text for word in back), tuple(after))


def replaced(parts: Parts, other: str, rng: Random) -> MadeUp:
    """A misunderstood question and a turn that replaces a part of it, with the words of the new value in that turn."""
    spoken = [word for word in parts.after if word not in "?!.,;:"]
    length = min(len(parts.taken_back), max(1, len(spoken) - 1))
    for shift in (0, 1, -1, 2):
        end = length + shift
        if 0 < end < len(parts.after) and plain(parts.after[end - 1]) == plain(parts.taken_back[-1]):
            length = end
            break
    rest = parts.after[length:]
    request = join([*parts.before, *parts.taken_back, *rest])
    new = parts.after[:length]
    lead, trail = _surroundings(parts.before, [word for word in rest if word not in "?!.,;:"], rng)
    said = [*lead, *new, *trail]
    place = (len(lead), len(lead) + len(new))
    wrong = (len(parts.before), len(parts.before) + len(parts.taken_back))
    return _exchange(request, said, place, wrong, join(parts.taken_back), other, SAYS, rng)


def specified(fluent: str, other: str, rng: Random) -> list[MadeUp]:
    """Questions that lacked a detail of `fluent`, each with a turn that adds it; none where it has none to spare."""
    spoken = [word.text for word in split(fluent) if not word.is_mark]
    made = []
    if (asked := _asked(spoken)) is not None:
        request, new = asked
        made.append(_exchange(request, new, (0, len(new)), (0, 1), plain(request.split()[0]), other, SAYS, rng))
    cuts = [at for at in range(3, len(spoken) - 1) if plain(spoken[at]) in _PLACES]
    if cuts:
        cut = rng.choice(cuts)
        end = next((at for at in cuts if at > cut + 1), len(spoken)) if rng.random() < 0.5 else len(spoken)
        request = join([*spoken[:cut], *spoken[end:], "?"])
        bare = cut + 1 if rng.random() < 0.3 and end > cut + 2 else cut
        lead, trail = _surroundings(spoken[:cut], spoken[end:], rng) if bare == cut else ([], [])
        new = [*lead, *spoken[bare:end], *trail]
        made.append(_exchange(request, new, (len(lead), len(new) - len(trail)), (0, 0), "that", other, ADDS, rng))
    return made


def _surroundings(before: Sequence[str], after: Sequence[str], rng: Random) -> tuple[list[str], list[str]]:
    """The words around what is meant that are said with it: most often none, at times the whole question."""
    drawn = rng.random()
    if drawn < _WHOLE:
        return list(before), list(after)
    lead = list(before[-rng.randint(1, 3) :]) if drawn < _AROUND else []
    trail = list(after[: rng.randint(1, 3)]) if rng.random() < _AROUND else []
    return lead, trail


def _asked(spoken: Sequence[str]) -> tuple[str, list[str]] | None:
    """`Which actress played ...` was misunderstood as `Who played ...`."""
    at = next((at for at in range(min(2, len(spoken))) if plain(spoken[at]) in {"what", "which"}), None)
    if at is None or len(spoken) < at + 5:
        return None
    noun = plain(spoken[at + 1])
    if noun in {"is", "was", "are", "were", "did", "does", "do", "has", "have", "can", "would"}:
        return None
    general = {"year": "When", "date": "When", "century": "When", "country": "Where", "city": "Where", "state": "Where"}
    asks = general.get(noun, "Who")
    return join([asks, *spoken[at + 2 :], "?"]), [word.lower() for word in spoken[: at + 2]]


def _exchange(
    request: str,
    new: Sequence[str],
    place: tuple[int, int],
    wrong: tuple[int, int],
    old: str,
    other: str,
    says: Sequence[str],
    rng: Random,
) -> MadeUp:
    template = rng.choice(says)
    before, _, after = template.partition("{new}")
    before, after = before.format(old=old), after.format(old=old)
    start = len(split(before))
    text = before + join(new) + after
    value = tuple(start + place[0] <= at < start + place[1] for at in range(len(split(text))))
    replaced = tuple(wrong[0] <= at < wrong[1] for at in range(len(split(request))))
    return MadeUp(Utterances(_sentence(text), _sentence(request), _answer(request, other, rng)), value, replaced)


def _answer(request: str, other: str, rng: Random) -> str:
    words = [word.text for word in split(request) if not word.is_mark]
    while words and plain(words[0]) in _SUBJECTS | {"did", "is", "was", "are", "were", "does", "do", "many", "much"}:
        words.pop(0)
    names = re.findall(r"(?:[A-Z]\w+ ?)+|\d[\d,.]*", other[3:]) or ["1987"]
    return _sentence(rng.choice(_ANSWERS).format(rest=" ".join(words), other=rng.choice(names).strip()).strip())


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]

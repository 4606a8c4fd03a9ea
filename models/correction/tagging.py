"""From a log-odds for every word of a turn to what the turn says without its self-repair, and to the values in it."""

from collections.abc import Sequence

import numpy as np

from models.correction.features import Floats
from models.correction.words import Word, join, split


def left_out(text: str, log_odds: Floats) -> str:
    """The text without the stretch of words whose log-odds sum up highest; the text itself if none is above zero.

    A speaker takes back words in one piece, which a single doubtful word must not tear apart.
    """
    words = split(text)
    first, last = best_stretch(log_odds)
    if first == last:
        return text
    kept = [word.text for word in (*words[:first], *words[last:])]
    while kept and kept[0] in ",.;:":
        kept.pop(0)
    if first == 0 and kept and text[:1].isupper():
        kept[0] = kept[0][:1].upper() + kept[0][1:]
    return join(kept)


def substituted(text: str, log_odds: Floats, value: str) -> str | None:
    """The text with the value in place of the stretch of words that it most likely replaces; None if there is none."""
    words = split(text)
    first, last = best_stretch(log_odds)
    if first == last:
        return None
    while words[last - 1].is_mark and last - 1 > first:
        last -= 1
    new = [word.text for word in split(value)]
    if first == 0 and text[:1].isupper():
        new[0] = new[0][:1].upper() + new[0][1:]
    return join([*(word.text for word in words[:first]), *new, *(word.text for word in words[last:])])


def best_stretch(log_odds: Floats) -> tuple[int, int]:
    """[first, last) of the stretch with the highest positive sum; (0, 0) if there is none."""
    best, found = 0.0, (0, 0)
    total, start = 0.0, 0
    for at, odds in enumerate(np.asarray(log_odds, dtype=np.float64).tolist()):
        if total <= 0.0:
            total, start = 0.0, at
        total += odds
        if total > best:
            best, found = total, (start, at + 1)
    return found


def values(words: Sequence[Word], log_odds: Floats) -> list[list[Word]]:
    """Stretches of words that are more likely than not in a value; marks at their ends do not count."""
    found: list[list[Word]] = []
    inside = False
    for word, odds in zip(words, log_odds, strict=True):
        if odds > 0.0:
            if not inside:
                found.append([])
            found[-1].append(word)
        inside = bool(odds > 0.0)
    stripped = [_without_end_marks(value) for value in found]
    return [value for value in stripped if value]


def _without_end_marks(value: list[Word]) -> list[Word]:
    while value and value[-1].is_mark:
        value = value[:-1]
    while value and value[0].is_mark:
        value = value[1:]
    return value

"""Templates, ready to be filled: `play {song} by {artist}` as a format and the names that it takes, in order."""

import re
from collections.abc import Iterable, Sequence
from itertools import product
from string import Formatter
from typing import NamedTuple

from streams.simulator.pack_written import Paraphrase, SlotWritten

_MOST_VARIANTS = 40
_BEFORE_NAME = re.compile(r"\bthe (?:[\w']+ )?$")
_ENDING = re.compile(r"(?:,(?: [\w']+){1,3})?[.!?]$")


class Template(NamedTuple):
    """`pattern % values of names` are the words."""

    pattern: str
    names: tuple[str, ...]


def template(text: str) -> Template:
    """Raises `ValueError` where a brace is not closed or a name is missing."""
    pattern, names = "", []
    for literal, name, _, _ in Formatter().parse(text):
        pattern += literal.replace("%", "%%")
        if name is not None:
            if not name.isidentifier():
                raise ValueError(f"{{{name}}} is not a name")
            pattern += "%s"
            names.append(name)
    return Template(pattern, tuple(names))


def templates(texts: Iterable[str]) -> tuple[Template, ...]:
    """Each once."""
    return tuple(dict.fromkeys(map(template, texts)))


def paraphrased(texts: Iterable[str], rules: Sequence[Paraphrase]) -> tuple[str, ...]:
    """The texts, and each with the words of one rule replaced."""
    variants = dict.fromkeys(texts)
    for text in tuple(variants):
        for rule in rules:
            words = re.compile(rf"(?<![\w{{]){re.escape(rule.words)}(?![\w}}])")
            if words.search(text):
                for other in rule.others:
                    variants[words.sub(other, text, count=1)] = None
    return tuple(variants)


def covering(
    found: Sequence[Template], slots: tuple[str, ...], parts: dict[str, tuple[Template, ...]]
) -> tuple[Template, ...]:
    """Templates that take just these slots; where they are few, smaller ones with the parts of the missing slots."""
    wanted = frozenset(slots)
    exact = [one for one in found if frozenset(one.names) == wanted]
    if len(exact) >= 3 or not wanted:
        return tuple(exact)
    smaller = [one for one in found if frozenset(one.names) < wanted]
    most = max((len(set(one.names)) for one in smaller), default=0)
    made: dict[Template, None] = dict.fromkeys(exact)
    for base in smaller:
        if len(set(base.names)) == most:
            missing = [slot for slot in slots if slot not in base.names]
            for added in product(*(parts[slot] for slot in missing)):
                if len(made) >= _MOST_VARIANTS:
                    return tuple(made)
                made[joined(base, added)] = None
    return tuple(made)


def joined(first: Template, others: Iterable[Template]) -> Template:
    """One template of several, side by side. How the first ends (`.`, `, right?`) goes to the end.

    Where the others are sentences of their own, they just follow.
    """
    pattern, names = first
    others = tuple(others)
    if any(other.pattern.endswith((".", "!", "?")) for other in others):
        following = " ".join(other.pattern for other in others)
        return Template(f"{pattern} {following}", names + tuple(name for other in others for name in other.names))
    end = match[0] if (match := _ENDING.search(pattern)) else ""
    pattern = pattern.removesuffix(end)
    for other in others:
        pattern += " " + other.pattern
        names += other.names
    return Template(pattern + end, names)


def with_pronouns(one: Template, slots: frozenset[str]) -> Template:
    """The template for pronouns in these slots: `play the song {song}` becomes `play {song}`."""
    pieces = one.pattern.split("%s")
    for at, name in enumerate(one.names):
        if name in slots:
            pieces[at] = _BEFORE_NAME.sub("", pieces[at])
    return Template("%s".join(pieces), one.names)


def informing(slots: Sequence[str], written: dict[str, SlotWritten]) -> tuple[Template, ...]:
    """What gives these slots alone: the first in a sentence, the others as parts."""
    first, *others = slots
    starts = templates(written[first].inform)
    endings = [templates(written[slot].part) for slot in others]
    made = (joined(start, added) for start in starts for added in product(*endings))
    return tuple(one for one, _ in zip(dict.fromkeys(made), range(_MOST_VARIANTS), strict=False))

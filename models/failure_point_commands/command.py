"""A spoken command as one row of an assistant's log: what was recognised and what was understood."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

UNKNOWN: Final = "<unk>"
"""A word that the recogniser heard but could not write."""

OUTSIDE: Final = "O"

_UNKNOWN = re.compile(r"<\s?unk\s?>|@@unknown@@", re.IGNORECASE)
_MARKS = re.compile(r"[^a-z0-9' ]+")
_SPELLED = re.compile(r"\b([a-z]) (?=[a-z]\b)")


@dataclass(frozen=True, slots=True)
class Entity:
    """A value that was found in a text, in the text's own words."""

    type: str
    value: str


@dataclass(frozen=True, slots=True)
class Command:
    """The 1-best text, what was made of it, and whether the microphone was far from the speaker.

    `intent` is `scenario_action`, as `alarm_set`.
    """

    text: str
    intent: str
    entities: tuple[Entity, ...] = ()
    far_field: bool = False

    @property
    def scenario(self) -> str:
        return self.intent.partition("_")[0]

    @property
    def action(self) -> str:
        return self.intent.partition("_")[2]


def words_of(text: str) -> list[str]:
    """Lower case, without marks and apostrophes; letters that are spelled out become one word: `b. b. c.` is `bbc`.

    What the recogniser could not write is `UNKNOWN`; a text without words is one such word.
    """
    parts = [_MARKS.sub(" ", part) for part in _UNKNOWN.split(text.lower().replace("\u2019", "'"))]
    plain = f" {UNKNOWN} ".join(_SPELLED.sub(r"\1", " ".join(part.replace(" '", "").split())) for part in parts)
    return plain.replace("'", "").split() or [UNKNOWN]


def tags_of(words: Sequence[str], entities: Sequence[Entity]) -> list[str]:
    """`B-type` for the first word of each entity, `I-type` for its others, `O` elsewhere; the first place wins."""
    tags = [OUTSIDE] * len(words)
    for entity in entities:
        value = words_of(entity.value)
        size = len(value)
        for start in range(len(words) - size + 1):
            if list(words[start : start + size]) == value and set(tags[start : start + size]) == {OUTSIDE}:
                tags[start : start + size] = [f"B-{entity.type}"] + [f"I-{entity.type}"] * (size - 1)
                break
    return tags

"""A rewrite that was found for a request, and how it was found."""

from dataclasses import dataclass
from enum import StrEnum

from models.rewrite.entry import Entry


class Channel(StrEnum):
    """How a candidate was found."""

    EXACT = "exact"  # the very words
    STATE = "state"  # the same was understood
    LEXICAL = "lexical"
    PHONETIC = "phonetic"
    DENSE = "dense"


class Via(StrEnum):
    """Which of a rewrite's texts is like the request."""

    SOURCE = "source"  # what failed before
    TARGET = "target"  # what worked


@dataclass(slots=True)
class Candidate:
    """`found`: the text of the entry that is like the request; `cosine` and `alike` (see `Likeness.of`): None where the
    very words, or what was understood, are known."""

    entry: Entry
    via: Via
    found: str
    channel: Channel
    cosine: float | None = None
    alike: float | None = None

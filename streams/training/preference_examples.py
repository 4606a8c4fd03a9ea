"""What the preference model is fitted to: turns, and what is known of each."""

from dataclasses import dataclass
from enum import StrEnum

from models.correction.words import split
from models.preference.attributes import Attribute, SpanType
from models.preference.features import MOST_WORDS, Known, Turn
from schemas.preference import Polarity, PreferenceScope


class Source(StrEnum):
    """Where an example comes from."""

    SIMULATED = "turns of simulated people (home_a, home_b, shop_chat)"
    TEMPLATES = "statements made from the simulator's voice packs and their catalogues"
    WRITTEN = "statements and near misses written for training"
    REQUESTS = "requests to assistants (HWU64, CLINC150, Snips)"
    SAID = "sentences of chats and interviews (Topical-Chat half, DBDC3, CCPE-M), as if said to an assistant"
    CHAT = "chats of people with bots (DBDC3) and with each other (Topical-Chat, half)"


@dataclass(frozen=True, slots=True)
class Span:
    """Characters `start` to before `end` of a turn's text."""

    type: SpanType
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Example:
    """A turn; None where a thing is not known. `spans`: all of them, where they are known.

    `known`: what a catalogue knows in it, as characters; `group`: turns of one person or dialogue hang together.
    """

    source: Source
    turn: Turn
    teaches: bool | None = None
    polarity: Polarity | None = None
    scope: PreferenceScope | None = None
    attribute: Attribute | None = None
    spans: tuple[Span, ...] | None = None
    known: tuple[tuple[int, int, str], ...] = ()
    group: int = 0


def known_words(example: Example) -> list[Known]:
    """What a catalogue knows, by words instead of characters."""
    words = split(example.turn.text)[:MOST_WORDS]
    found = []
    for start, end, topic in example.known:
        inside = [at for at, word in enumerate(words) if word.start >= start and word.end <= end]
        if inside:
            found.append(Known(inside[0], inside[-1] + 1, topic))
    return found


def tags_of(example: Example) -> list[SpanType | None]:
    """What each word is. The spans must be known."""
    assert example.spans is not None
    words = split(example.turn.text)[:MOST_WORDS]
    return [
        next((span.type for span in example.spans if word.start >= span.start and word.end <= span.end), None)
        for word in words
    ]

"""From what an assistant understood to the key of a state: `domain|intent|type:value;type:value`.

Wordings, misheard or not, of which the same was understood share a state, so that people who say a thing differently
are counted together (Ponnusamy et al., arXiv 1911.02557, who call states interpretations). Where nothing was
understood, the words themselves are the state.

A change of these rules is a new `NORMALISER`: keys of two versions must not be mixed. Dialogues keep what was
understood and the words, so that all keys can be made again from them.
"""

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Final, NamedTuple, Protocol

NORMALISER: Final = "1"

WORDS: Final = "words"
"""Type of the one slot of a state of which nothing but the words is known."""

NO_INTENTS: Final = frozenset({"", "unknown", "fallback", "none"})
"""What assistants name as the intent of words that they did not understand."""

SURE_OF_ENTITY: Final = 0.5
"""An entity of a lower score is a guess: the words say more of what was heard."""

_NOT_A_WORD: Final = re.compile(r"[^\w']+|_+")
_DELIMITERS: Final = str.maketrans("|;", "  ")


class SlotRead(Protocol):
    """A slot as it travels."""

    @property
    def type(self) -> str: ...
    @property
    def value(self) -> str: ...
    @property
    def entity(self) -> str | None: ...
    @property
    def score(self) -> float | None: ...


class StateParts(NamedTuple):
    """A state key taken apart. Domain and intent are empty where they are not known; slots are (type, value)."""

    domain: str
    intent: str
    slots: tuple[tuple[str, str], ...]


def state_key(domain: str | None, intent: str | None, slots: Iterable[SlotRead], words: str) -> str | None:
    """The state of a request; None where nothing was understood of no words.

    Slots stand in one order, values are case-folded. An entity that was found with some certainty counts more than the
    words it was found for.
    """
    if intent is None or intent.casefold() in NO_INTENTS:
        said = plain_words(words)
        return f"{_part(domain or '')}||{WORDS}:{said}" if said else None
    told = sorted({f"{_part(slot.type)}:{_value(slot)}" for slot in slots})
    return f"{_part(domain or '')}|{_part(intent)}|{';'.join(told)}"


def parts_of(key: str) -> StateParts:
    """The parts of a state key."""
    domain, _, rest = key.partition("|")
    intent, _, told = rest.partition("|")
    slots = (slot.partition(":") for slot in told.split(";") if slot)
    return StateParts(domain, intent, tuple((kind, value) for kind, _, value in slots))


def corrected(key: str, by: str) -> str | None:
    """The state of a request after a correction such as "no, the film": with the slots that the correction names.

    None where it names none, or where of the request nothing was understood.
    """
    parts, told = parts_of(key), parts_of(by)
    if not told.slots or not parts.intent or any(kind == WORDS for kind, _ in told.slots):
        return None
    slots = {f"{kind}:{value}" for kind, value in (dict(parts.slots) | dict(told.slots)).items()}
    return f"{parts.domain}|{parts.intent}|{';'.join(sorted(slots))}"


@lru_cache(maxsize=65_536)
def plain_words(text: str) -> str:
    """Case-folded, without punctuation, single spaces."""
    return " ".join(_NOT_A_WORD.sub(" ", text.casefold()).split())


def _value(slot: SlotRead) -> str:
    if slot.entity and (slot.score is None or slot.score >= SURE_OF_ENTITY):
        return _part(slot.entity)
    return plain_words(slot.value)


def _part(text: str) -> str:
    return text.casefold().translate(_DELIMITERS).strip()

"""What the correction model learns from: exchanges with what is true of them."""

from dataclasses import dataclass
from enum import IntEnum, StrEnum

from models.correction.features import Utterances
from models.correction.words import split


class Truth(IntEnum):
    """Numbers of the labels, in the order of the network's outputs."""

    NONE = 0
    SELF_REPAIR = 1
    THIRD_POSITION = 2


class Source(StrEnum):
    """Where an example comes from."""

    SELF_REPAIRS = "self-repairs and fluent questions (Disfl-QA)"
    TAKEN_APART = "third-position repairs made from them"
    TASK_TURNS = "turns of task dialogues (Schema-Guided Dialogue)"
    SIMULATED = "turns of simulated people (packs home_a, home_b and shop_chat)"
    CHAT = "turns of chit-chat (Topical-Chat)"
    MISUNDERSTOOD = "third-position repairs (Repair-QA)"


@dataclass(frozen=True, slots=True)
class Example:
    """An exchange and what is known of it; what is None is not learned from.

    `left_out` and `value`: for every word of the turn, whether it is left out of the rewrite, and whether it belongs to
    a value that the person gives; `replaced`: for every word of the request, whether the turn replaces it. `rewrite`:
    the request as it was meant.
    """

    source: Source
    utterances: Utterances
    truth: Truth | None = None
    left_out: tuple[bool, ...] | None = None
    value: tuple[bool, ...] | None = None
    replaced: tuple[bool, ...] | None = None
    rewrite: str | None = None
    group: int = 0


def bare(text: str) -> str:
    """A text as a recogniser writes it: lower case, no marks."""
    return " ".join(word.text.lower() for word in split(text) if not word.is_mark)

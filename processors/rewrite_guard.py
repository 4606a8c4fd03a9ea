"""What is never rewritten, and why: where a wrong guess costs more than asking again.

Purchases, locks, calls and messages act on the world or reach somebody else; a yes or a no must stay what it is; what
children say stays as it is said. Named by what assistants call their domains, intents and slots: whole words of the
names count, and a deployment with other names adds its own.
"""

import re
from collections.abc import Iterable
from enum import StrEnum
from typing import Final

from processors.interpretation import WORDS, StateParts


class Denied(StrEnum):
    """Why a state takes no part in rewriting."""

    PURCHASE = "purchase"
    LOCK = "lock"
    CALL = "call"
    MESSAGE = "message"
    NEGATION = "negation"
    CONSENT = "consent"
    CHILD = "child-profile"


_NAMES: Final[dict[Denied, frozenset[str]]] = {
    Denied.PURCHASE: frozenset(
        {"order", "buy", "purchase", "pay", "payment", "checkout", "subscribe", "donate", "bank"}
    ),
    Denied.LOCK: frozenset({"lock", "unlock", "arm", "disarm", "security", "garage", "door"}),
    Denied.CALL: frozenset({"call", "calls", "dial", "phone", "emergency", "hang"}),
    Denied.MESSAGE: frozenset({"message", "messages", "text", "sms", "mail", "email", "send", "reply", "announce"}),
    Denied.NEGATION: frozenset({"negate", "deny", "no", "cancel", "stop", "reject", "never"}),
    Denied.CONSENT: frozenset({"affirm", "yes", "confirm", "agree", "select"}),
    Denied.CHILD: frozenset({"kids", "child", "children", "junior"}),
}
"""Words in names of domains and intents."""

PERSONAL_SLOTS: Final = frozenset(
    {"contact", "contacts", "person", "recipient", "message", "body", "text", "email", "phone", "phone_number", "note"}
)
"""Types of slots that hold what a person wrote or whom they know. What has one is no part of the global graph."""

_SAID_NO: Final = frozenset(
    {"no", "not", "don't", "dont", "never", "stop", "cancel", "nope", "without", "doesn't", "isn't", "won't", "can't"}
)
_SPLIT: Final = re.compile(r"[^a-z]+")


def denied(state: StateParts) -> Denied | None:
    """Why nothing that begins or ends at this state is rewritten; None when it may be."""
    names = {*_words(state.domain), *_words(state.intent)}
    for reason, listed in _NAMES.items():
        if names & listed:
            return reason
    if not state.intent and any(kind == WORDS and _SAID_NO & set(value.split()) for kind, value in state.slots):
        return Denied.NEGATION
    return None


def is_personal(state: StateParts) -> bool:
    """Whether the state holds what is nobody else's business."""
    return any(kind in PERSONAL_SLOTS for kind, _ in state.slots)


def flips(source_words: str, target_words: str) -> bool:
    """Whether one text says no and the other does not."""
    return _says_no(source_words.split()) != _says_no(target_words.split())


def _says_no(words: Iterable[str]) -> bool:
    return not _SAID_NO.isdisjoint(word.casefold() for word in words)


def _words(name: str) -> list[str]:
    return [word for word in _SPLIT.split(name.casefold()) if word]

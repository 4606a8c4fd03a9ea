"""A teaching dialogue: ask, clarify, confirm, and store or decline. Says what to say next; waits for nothing."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final

from processors.lessons import CONSENT_VERSION
from processors.phrases import asks_to_stop
from processors.read_back import ASKS, KEEPS
from processors.similarity import words_of
from processors.teachable import SURE, Heard, record_of
from schemas.contract import derived_id
from schemas.preference import Explicitness, Polarity, Preference, PreferenceScope, PreferenceSource, PreferenceStatus

TIMES_OUT: Final = timedelta(minutes=5)
"""Silence after which a teaching dialogue is over."""
MISSES: Final = 2
"""Answers that are not understood before the assistant lets it be."""
DETECTOR: Final = "teaching/1.0"

_YES: Final = re.compile(
    r"(?:yes|yeah|yep|yup|sure|right|correct|exactly|of course|please do|do that|that's right|ok|okay|absolutely)\b",
    re.IGNORECASE,
)
_NO: Final = re.compile(r"(?:no|nope|nah|not|don't|wrong|that's wrong|never)\b", re.IGNORECASE)
_LEAD: Final = re.compile(
    r"^(?:(?:no|yes|well|oh|so|um|uh)\b[, ]*)*"
    r"(?:i (?:said|mean|meant)|it's|it is|that's|that is|the one|i'd say)\b[, ]*",
    re.IGNORECASE,
)

Understand = Callable[[str, str], Heard | None]
"""What a text states, as an answer to a question."""


class TeachingState(StrEnum):
    """Where a teaching dialogue stands."""

    ASKING = "asking"
    CLARIFYING = "clarifying"
    CONFIRMING = "confirming"
    STORED = "stored"
    DECLINED = "declined"
    ENDED = "ended"  # nothing was understood, or nobody answered


OPEN: Final = frozenset({TeachingState.ASKING, TeachingState.CLARIFYING, TeachingState.CONFIRMING})


@dataclass(frozen=True, slots=True)
class TeachingDialogue:
    """One teaching dialogue as it stands. `heard`: what is to be stored; `phrase`: words of a request whose meaning is
    asked for; `pending`: the preference that waits for this; `question`: what was said last."""

    teaching_id: str
    user_id: str
    source: PreferenceSource
    state: TeachingState
    question: str
    touched: datetime
    heard: Heard | None = None
    phrase: str | None = None
    pending: Preference | None = None
    consent_version: str = CONSENT_VERSION
    misses: int = 0


@dataclass(frozen=True, slots=True)
class Said:
    """What the assistant says next, and where the dialogue stands then. `preference`: what is to be stored now."""

    dialogue: TeachingDialogue
    say: str
    preference: Preference | None = None


def begin(
    teaching_id: str,
    user_id: str,
    now: datetime,
    *,
    question: str | None = None,
    phrase: str | None = None,
    pending: Preference | None = None,
    offered: bool = False,
    consent_version: str = CONSENT_VERSION,
) -> Said:
    """Open a dialogue: about a `pending` preference, about what a `phrase` should do, or about anything.

    `question`: what to ask first, of a teachable moment; without one, or where it was `offered`, the person began.
    """
    asks = (question is not None and not offered) or pending is not None
    source = PreferenceSource.SYSTEM_INITIATED if asks else PreferenceSource.CUSTOMER_INITIATED
    opened = TeachingDialogue(teaching_id, user_id, source, TeachingState.ASKING, "", now, None, phrase, pending)
    opened = replace(opened, consent_version=pending.consent_version if pending is not None else consent_version)
    if pending is not None:
        opened = replace(opened, heard=_heard_of(pending))
        return _asks_about(opened, question)
    return _says(opened, TeachingState.ASKING, question or "What would you like me to remember?")


def answer(dialogue: TeachingDialogue, text: str, understand: Understand, now: datetime) -> Said:
    """Take the person's answer, given `now`, in their time zone where it is known. A dialogue that is over says so and
    stores nothing."""
    if dialogue.state not in OPEN:
        return Said(dialogue, "We are done with that.")
    if now - dialogue.touched > TIMES_OUT:
        return Said(replace(dialogue, state=TeachingState.ENDED), "That was a while ago. Let's start again some time.")
    dialogue = replace(dialogue, touched=now)
    if asks_to_stop(words_of(text)):
        return _declines(dialogue, now)
    if dialogue.state is TeachingState.CONFIRMING:
        return _confirmed(dialogue, text, understand, now)
    if dialogue.state is TeachingState.CLARIFYING:
        return _clarified(dialogue, text, understand)
    return _asked(dialogue, text, understand, now)


def _asked(dialogue: TeachingDialogue, text: str, understand: Understand, now: datetime) -> Said:
    if _is(_NO, text, 3):
        return _declines(dialogue, now)
    if dialogue.phrase is not None:
        meant = _LEAD.sub("", text).strip()
        about = understand(f"{dialogue.phrase} {meant}", dialogue.question)
        if about is not None and about.sensitive:
            return _takes(dialogue, about)
        heard = Heard("own-name", dialogue.phrase, 1.0, stands_for=meant) if meant else None
    else:
        heard = understand(text, dialogue.question)
    if heard is None:
        return _missed(dialogue, "I did not get that. You can say, for instance: I like jazz.")
    return _takes(dialogue, heard)


def _clarified(dialogue: TeachingDialogue, text: str, understand: Understand) -> Said:
    before = dialogue.heard
    meant = _LEAD.sub("", text).strip().rstrip(".!?")
    if before is None or not meant:
        return _missed(dialogue, dialogue.question)
    again = understand(text, dialogue.question)
    if again is not None:
        return _takes(dialogue, replace(again, clear=True))
    if before.attribute == "own-name":
        return _takes(dialogue, replace(before, stands_for=meant, canonical_stands_for=None, clear=True))
    return _takes(dialogue, replace(before, value=meant, canonical_value=None, clear=True))


def _confirmed(dialogue: TeachingDialogue, text: str, understand: Understand, now: datetime) -> Said:
    if _is(_YES, text, 5):
        return _stores(dialogue, now)
    corrected = understand(text, dialogue.question)
    if corrected is not None:
        return _takes(dialogue, corrected)
    if _NO.match(text.strip()):
        return _declines(dialogue, now)
    return _missed(dialogue, dialogue.question)


def _takes(dialogue: TeachingDialogue, heard: Heard) -> Said:
    if heard.sensitive:
        over = replace(dialogue, state=TeachingState.DECLINED, heard=None, phrase=None)
        return Said(over, "I don't keep anything about that.")
    return _asks_about(replace(dialogue, heard=heard, misses=0))


def _asks_about(dialogue: TeachingDialogue, question: str | None = None) -> Said:
    heard = dialogue.heard
    assert heard is not None
    if not heard.clear:
        about = f"Which one do you mean by {heard.value}?" if heard.stands_for else f"I don't know {heard.value} yet."
        return _says(
            dialogue, TeachingState.CLARIFYING, question or (about if heard.stands_for else f"{about} What is it?")
        )
    return _says(dialogue, TeachingState.CONFIRMING, question or f"{in_words(heard)}. {ASKS}")


def _says(dialogue: TeachingDialogue, state: TeachingState, text: str) -> Said:
    return Said(replace(dialogue, state=state, question=text), text)


def _missed(dialogue: TeachingDialogue, again: str) -> Said:
    if dialogue.misses + 1 >= MISSES:
        return Said(replace(dialogue, state=TeachingState.ENDED), "Never mind. You can teach me any time.")
    return Said(replace(dialogue, misses=dialogue.misses + 1), again)


def _declines(dialogue: TeachingDialogue, now: datetime) -> Said:
    over = replace(dialogue, state=TeachingState.DECLINED)
    if dialogue.pending is None:
        return Said(over, "All right, I keep nothing.")
    declined = dialogue.pending.model_copy(
        update={
            "event_id": derived_id("teaching", dialogue.pending.event_id),
            "occurred_at": now.astimezone(UTC),
            "status": PreferenceStatus.REVOKED,
            "explicitness": Explicitness.CONFIRMED,
            "supersedes": dialogue.pending.event_id,
            "detector": DETECTOR,
            "revision": 0,
        }
    )
    return Said(over, "All right, I keep nothing.", declined)


def _stores(dialogue: TeachingDialogue, now: datetime) -> Said:
    heard, pending = dialogue.heard, dialogue.pending
    assert heard is not None
    about = derived_id("teaching", pending.event_id if pending is not None else dialogue.teaching_id)
    stored = record_of(
        heard,
        now,
        event_id=about,
        user_id=dialogue.user_id,
        device_id=pending.device_id if pending is not None else None,
        dialogue_id=pending.dialogue_id if pending is not None else None,
        evidence_turn_ids=pending.evidence_turn_ids if pending is not None else (),
        domain=pending.domain if pending is not None else None,
        status=PreferenceStatus.ACTIVE,
        confidence=1.0,
        source=dialogue.source,
        explicitness=Explicitness.CONFIRMED,
        supersedes=pending.event_id if pending is not None else None,
        consent_version=dialogue.consent_version,
        detector=DETECTOR,
    )
    return Said(replace(dialogue, state=TeachingState.STORED), KEEPS, stored)


def in_words(heard: Heard) -> str:
    """What is to be stored, said to the person."""
    if heard.attribute == "own-name":
        return f"When you say {heard.value}, you mean {heard.stands_for}"
    who = {PreferenceScope.HOUSEHOLD: "Your household", PreferenceScope.PERSON: f"Your {heard.person}"}.get(heard.scope)
    liked = heard.polarity is Polarity.LIKE
    if who is None:
        verb = "You like" if liked else "You don't like"
    else:
        verb = f"{who} likes" if liked else f"{who} doesn't like"
    return " ".join(part for part in (verb, heard.value, heard.condition, heard.time) if part)


def _heard_of(pending: Preference) -> Heard:
    return Heard(
        attribute=pending.attribute,
        value=pending.value,
        score=pending.confidence,
        polarity=pending.polarity,
        canonical_value=pending.canonical_value,
        stands_for=pending.stands_for,
        canonical_stands_for=pending.canonical_stands_for,
        scope=pending.scope,
        person=pending.person,
        condition=pending.condition,
        time=pending.time,
        # What was understood well and waits none the less waits for what it stands for.
        clear=pending.confidence < SURE or pending.source is PreferenceSource.INFERRED,
    )


def _is(pattern: re.Pattern[str], text: str, most_words: int) -> bool:
    return pattern.match(text.strip()) is not None and len(text.split()) <= most_words

"""Teachable moments: where asking a person one question would teach what keeps going wrong (Ping et al., 2020).

At most one a person in `every`, and one a dialogue, so that a failure never ends in two questions; who offers to teach
is asked whenever they do, and that counts for nothing else. What was asked
before is known from the topic of moments when a partition is taken over: it is there as soon as anybody could have
seen the question, so a crash asks nobody twice.
"""

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

from processors.exchange import Exchange
from processors.lessons import Taught, pending_of
from processors.result import Emit
from processors.teachable import question_of
from schemas.contract import derived_id
from schemas.feedback import Correction, CorrectionKind, ExplicitAnswer, FeedbackEvent, Refinement, Repeat, Rephrase
from schemas.preference import Preference
from schemas.teachable_moment import MomentKind, TeachableMoment
from schemas.turn import Answer, ResponseStatus

NAME: Final = "teachable"
VERSION: Final = "1.0"
EVERY: Final = timedelta(days=1)
TRIES: Final = 3
"""Times that the same thing is asked before it is worth a question."""
CORRECTIONS: Final = 2
_LOST: Final = frozenset({ResponseStatus.ASKED, ResponseStatus.NOT_UNDERSTOOD, ResponseStatus.UNSUPPORTED})
_MOST_QUOTED: Final = 200
_MOST_PEOPLE: Final = 1_000_000
_WHAT_TO_TELL: Final = "What would you like me to remember?"


class Sensed(NamedTuple):
    """A moment, before it is known whether this person may be asked now."""

    kind: MomentKind
    turn: Exchange
    question: str
    about: str | None = None
    preference_id: str | None = None
    evidence: tuple[str, ...] = ()


class AskedBefore:
    """When each person was last asked, and by which moment."""

    def __init__(self, told: Iterable[TeachableMoment] = (), every: timedelta = EVERY) -> None:
        self._every_s = every.total_seconds()
        self._last: OrderedDict[str, tuple[float, str]] = OrderedDict()
        for moment in told:
            if moment.kind is not MomentKind.OFFERED:
                self._note(moment.user_id, moment.occurred_at.timestamp(), moment.event_id)

    def may_ask(self, user_id: str, at: float, moment_id: str) -> bool:
        """Whether this moment may be told; the same moment always may, as it is the same question."""
        last = self._last.get(user_id)
        if last is not None and last[1] != moment_id and abs(at - last[0]) < self._every_s:
            return False
        self._note(user_id, at, moment_id)
        return True

    def _note(self, user_id: str, at: float, moment_id: str) -> None:
        last = self._last.get(user_id)
        if last is None or at >= last[0]:
            self._last[user_id] = at, moment_id
            self._last.move_to_end(user_id)
            if len(self._last) > _MOST_PEOPLE:
                self._last.popitem(last=False)


def moment_of(sensed: Sensed, segment_id: str, asked: AskedBefore) -> Emit | None:
    """The record of what was sensed in a dialogue; None where the person was asked not long ago."""
    turn = sensed.turn
    if sensed.kind is MomentKind.OFFERED:
        moment_id = derived_id(NAME, segment_id, turn.turn_id)
    else:
        moment_id = derived_id(NAME, segment_id)
        if not asked.may_ask(turn.user_id, turn.at, moment_id):
            return None
    moment = TeachableMoment(
        event_id=moment_id,
        occurred_at=datetime.fromtimestamp(turn.at, UTC),
        user_id=turn.user_id,
        device_id=turn.device_id,
        dialogue_id=turn.dialogue_id,
        turn_id=turn.turn_id,
        kind=sensed.kind,
        question=sensed.question,
        about=sensed.about,
        preference_id=sensed.preference_id,
        evidence_turn_ids=sensed.evidence or (turn.turn_id,),
        detector=f"{NAME}/{VERSION}",
    )
    return Emit(turn.user_id, TeachableMoment.topic_suffix, moment.to_bytes())


def offered(turn: Exchange) -> Sensed:
    """The moment at which somebody offers to teach."""
    return Sensed(MomentKind.OFFERED, turn, _WHAT_TO_TELL)


def sense(exchanges: Sequence[Exchange], signals: Sequence[FeedbackEvent], taught: Taught | None) -> Sensed | None:
    """What a dialogue, as known by now, shows to be worth a question; the most telling first.

    `signals`: those that hold, of all its turns. A pure function of what it is given.
    """
    if taught and (pending := pending_of(taught)) is not None:
        return _unclear(exchanges, pending)
    by_turn = {exchange.turn_id: exchange for exchange in exchanges}
    wrong = [one for one in signals if isinstance(one, ExplicitAnswer) and one.answer is Answer.NO]
    if wrong:
        return _about(MomentKind.DECLARED_WRONG, by_turn[wrong[-1].turn_id], (wrong[-1].turn_id,))
    corrections = [one for one in signals if isinstance(one, Correction) and one.kind is CorrectionKind.THIRD_POSITION]
    if len(corrections) >= CORRECTIONS:
        return _about(MomentKind.CORRECTED, by_turn[corrections[0].turn_id], tuple(_turns(corrections)))
    if (unknown := _unknown_concept(exchanges[-1])) is not None:
        return unknown
    tries = _turns(one for one in signals if isinstance(one, Repeat | Rephrase | Refinement))
    if len(tries) >= TRIES - 1:
        return _about(MomentKind.REPEATED, by_turn[tries[0]], tuple(tries))
    return None


def _unclear(exchanges: Sequence[Exchange], pending: Preference) -> Sensed | None:
    turn = next((one for one in exchanges if one.turn_id in pending.evidence_turn_ids), None)
    if turn is None:
        return None
    unknown = pending.attribute == "own-name" and pending.canonical_stands_for is None
    kind = MomentKind.UNKNOWN_CONCEPT if unknown else MomentKind.UNCLEAR
    return Sensed(kind, turn, question_of(pending), pending.value, pending.event_id)


def _unknown_concept(exchange: Exchange) -> Sensed | None:
    """A name that the assistant gave back without knowing what it stands for."""
    if exchange.status not in _LOST or not exchange.response_text:
        return None
    said = exchange.response_text.lower()
    for slot in exchange.slots:
        if slot.entity is None and slot.value and slot.value.lower() in said:
            question = f"I don't know what {_quoted(slot.value)} is. Can you teach me?"
            return Sensed(MomentKind.UNKNOWN_CONCEPT, exchange, question, slot.value[:_MOST_QUOTED])
    return None


def _about(kind: MomentKind, exchange: Exchange, evidence: tuple[str, ...]) -> Sensed | None:
    if not exchange.request:
        return None
    asked = _quoted(exchange.request)
    question = {
        MomentKind.DECLARED_WRONG: f"I got that wrong. What should I do when you say {asked}?",
        MomentKind.CORRECTED: f"I keep getting this wrong. What should I do when you say {asked}?",
        MomentKind.REPEATED: f"You asked for this several times. What should I do when you say {asked}?",
    }[kind]
    return Sensed(kind, exchange, question, exchange.request[:_MOST_QUOTED], evidence=evidence)


def _turns(signals: Iterable[FeedbackEvent]) -> list[str]:
    return list(dict.fromkeys(one.turn_id for one in signals))


def _quoted(words: str) -> str:
    return f"“{words[:_MOST_QUOTED]}”"

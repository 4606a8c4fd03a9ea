"""What the components of an assistant told of one turn, on the way from what was heard to what was done."""

from typing import Final, NamedTuple

from msgspec import Struct

from schemas.turn import Turn
from schemas.wire import TurnOnWire

ALTERNATIVES: Final = 4
"""Alternatives of the recogniser and of the interpreter."""


class SlotSeen(NamedTuple):
    """A slot: its type, its words, the entity that they were resolved to, and how surely."""

    type: str
    value: str
    entity: str | None = None
    score: float | None = None


class Guess(NamedTuple):
    """An interpretation that was not chosen."""

    domain: str
    intent: str
    confidence: float | None = None


class Trace(Struct, gc=False, frozen=True):
    """What the components told of a turn beyond what `Exchange` keeps.

    `heard`: texts of the recogniser with their confidences, best first; empty for what was typed. `result`: the entity
    that the action came back with.
    """

    heard: tuple[tuple[str, float | None], ...]
    understood: float | None
    guesses: tuple[Guess, ...]
    slots: tuple[SlotSeen, ...]
    response: str | None
    action: str | None
    result: str | None
    rewritten: bool

    @classmethod
    def of(cls, turn: Turn | TurnOnWire) -> "Trace":
        """The trace of a valid turn, whichever way it was read."""
        asr, nlu, response = turn.asr, turn.nlu, turn.response
        heard: tuple[tuple[str, float | None], ...] = ()
        if asr is not None:
            others = [(one.text, one.confidence) for one in asr.n_best if one.text != asr.text]
            heard = ((asr.text, asr.confidence), *others[:ALTERNATIVES])
        return cls(
            heard,
            nlu.confidence if nlu is not None else None,
            tuple([Guess(one.domain, one.intent, one.confidence) for one in nlu.n_best[:ALTERNATIVES]]) if nlu else (),
            tuple([SlotSeen(one.type, one.value, one.entity, one.score) for one in nlu.slots]) if nlu else (),
            response.text if response is not None else None,
            response.action if response is not None else None,
            response.entity if response is not None else None,
            turn.rewrite is not None,
        )

"""What the simulated assistant asks Earshot, and what it is told."""

from collections.abc import Callable
from typing import NamedTuple, Protocol

from processors.interpretation import state_key
from schemas.rewrite_decision import DecisionArm, DecisionReason
from schemas.turn import Asr, AsrHypothesis, Interpretation, Slot
from streams.serve.asked import MOST_WORDS, DeviceContext, RewriteRequest
from streams.serve.decide import Verdict
from streams.serve.service import rewritten
from streams.serve.table import key_of
from streams.simulator.closed_loop import Asked, Rewriting
from streams.simulator.fleet import time_of
from streams.simulator.meaning import Meaning, Understanding


class Decides(Protocol):
    """Whoever decides on requests."""

    def decide(self, request: RewriteRequest) -> Verdict: ...


class Decided(NamedTuple):
    """A decision on a turn: when it was asked for (ms since the epoch), what state its words had (empty: none), what
    came of it, and the words."""

    turn_id: str
    user: str
    at_ms: int
    state: str
    arm: DecisionArm
    reason: DecisionReason | None
    rewrite_id: str | None
    text: str = ""


class Advice:
    """An advisor that answers as `serve` would, and notes every decision. Without a `decider` it changes nothing.

    `told`: called with every request and its verdict.
    """

    def __init__(self, decider: Decides | None, told: Callable[[RewriteRequest, Verdict], None] | None = None) -> None:
        self._decider = decider
        self._told = told
        self.decided: list[Decided] = []

    def rewrite(self, text: str, asked: Asked) -> Rewriting | None:
        """What `serve` says to these words."""
        understood = interpretation_of(asked.heard)
        state = key_of(understood, text) or state_key(None, None, (), text) or ""
        if self._decider is None or not text:
            self._note(asked, text, state, Verdict(DecisionArm.NONE, DecisionReason.NOTHING_FOUND))
            return None
        request = request_of(text, asked, understood)
        verdict = self._decider.decide(request)
        self._note(asked, text, state, verdict)
        if self._told is not None:
            self._told(request, verdict)
        if verdict.arm is not DecisionArm.SERVED or verdict.entry is None:
            return None
        answer = rewritten(verdict.entry)
        return Rewriting(answer.rewrite_id, answer.text, answer.interpretation)

    def preference(self, domain: str, slot: str, value: str, asked: Asked) -> str | None:
        """Nothing: this is about rewrites."""
        return None

    def _note(self, asked: Asked, text: str, state: str, verdict: Verdict) -> None:
        rewrite_id = verdict.entry.rewrite_id if verdict.entry is not None else None
        self.decided.append(
            Decided(asked.turn_id, asked.user_id, asked.at_ms, state, verdict.arm, verdict.reason, rewrite_id, text)
        )


def request_of(text: str, asked: Asked, understood: Interpretation | None) -> RewriteRequest:
    """What the assistant asks before it answers."""
    heard = asked.heard
    return RewriteRequest(
        text=text[:MOST_WORDS],
        user_id=asked.user_id,
        turn_id=asked.turn_id,
        dialogue_id=asked.dialogue_id,
        asr=Asr(
            text=text,
            confidence=heard.asr_confidence,
            n_best=tuple(AsrHypothesis(text=said, confidence=sure) for said, sure in heard.n_best),
        ),
        interpretation=understood,
        device=DeviceContext(
            device_id=asked.device_id,
            type=asked.device_type,
            state=asked.device_state,
            activity=asked.activity,
            local_time=asked.local_time,
            place=asked.place,
        ),
        asked_at=time_of(asked.at_ms),
    )


def interpretation_of(heard: Understanding) -> Interpretation | None:
    """What was understood, as it goes over the wire."""
    meaning: Meaning | None = heard.meaning
    if meaning is None:
        return None
    sure = heard.entity_scores
    slots = tuple(
        Slot(type=slot.slot, value=slot.value, entity=slot.entity, score=sure[at] if at < len(sure) else None)
        for at, slot in enumerate(meaning.slots)
    )
    return Interpretation(domain=meaning.domain, intent=meaning.intent, slots=slots, confidence=heard.nlu_confidence)

"""Joins what was decided on a turn with the verdict on it, whichever comes first.

What is told of it names nobody: people and turns are hashes, as in kept moves, since it is enough to tell them apart.
"""

from collections import OrderedDict
from datetime import datetime
from typing import Final, NamedTuple, TypeVar

from schemas.contract import derived_id, hashed
from schemas.dialogue import Dialogue, TurnVerdict
from schemas.rewrite import RewriteLayer
from schemas.rewrite_decision import DecisionArm, DecisionLayer, RewriteDecision
from schemas.rewrite_outcome import RewriteOutcome

PROCESSOR: Final = "rewrite-outcome"

T = TypeVar("T")


class _Verdict(NamedTuple):
    at: datetime
    rewritten: bool
    good: bool
    revision: int


class OutcomeJoin:
    """The decisions and verdicts of one partition of people. Memory is bounded: of `most` turns each is kept.

    Open dialogues count: a verdict that a later revision changes is told again, with that revision.
    """

    def __init__(self, most: int = 20_000) -> None:
        self._most = most
        self._decisions: OrderedDict[str, RewriteDecision] = OrderedDict()
        self._verdicts: OrderedDict[str, _Verdict] = OrderedDict()
        self._told: OrderedDict[str, bool] = OrderedDict()
        self._awaited: OrderedDict[str, None] = OrderedDict()

    def awaits(self, user_id: str) -> bool:
        """Whether a decision was made for this person that no closed dialogue has said the last of."""
        return user_id in self._awaited

    def decided(self, decision: RewriteDecision) -> list[RewriteOutcome]:
        """Take a decision; what is known of its turn by now."""
        if decision.turn_id is None or decision.arm is DecisionArm.NONE:
            return []
        turn = f"{decision.user_id}/{decision.turn_id}"
        self._keep(self._decisions, turn, decision)
        verdict = self._verdicts.get(turn)
        if verdict is None:
            self._keep(self._awaited, decision.user_id, None)
            return []
        return self._joined(turn, decision, verdict)

    def judged(self, dialogue: Dialogue) -> list[RewriteOutcome]:
        """Take a dialogue; what it says of turns that were decided on."""
        found: list[RewriteOutcome] = []
        for judged in dialogue.turns:
            turn = f"{dialogue.user_id}/{judged.turn_id}"
            known = self._verdicts.get(turn)
            if judged.asked_back or (known is not None and known.revision >= dialogue.revision):
                continue
            verdict = _verdict(judged, dialogue.revision)
            self._keep(self._verdicts, turn, verdict)
            decision = self._decisions.get(turn)
            if decision is not None:
                found += self._joined(turn, decision, verdict)
        if dialogue.closed:
            self._awaited.pop(dialogue.user_id, None)
        return found

    def _joined(self, turn: str, decision: RewriteDecision, verdict: _Verdict) -> list[RewriteOutcome]:
        # Who was given a rewrite and answered without it, or the other way round, is of neither arm.
        if verdict.rewritten != (decision.arm is DecisionArm.SERVED) or self._told.get(turn) is verdict.good:
            return []
        self._keep(self._told, turn, verdict.good)
        assert decision.rewrite_id is not None
        assert decision.turn_id is not None
        personal = decision.layer is DecisionLayer.PERSONAL
        return [
            RewriteOutcome(
                event_id=derived_id(PROCESSOR, decision.user_id, decision.turn_id),
                occurred_at=verdict.at,
                rewrite_id=decision.rewrite_id,
                layer=RewriteLayer.PERSONAL if personal else RewriteLayer.GLOBAL,
                user_id=hashed(decision.user_id),
                turn_id=hashed(f"{decision.user_id}/{decision.turn_id}"),
                arm=decision.arm,
                propensity=decision.propensity,
                good=verdict.good,
                revision=verdict.revision,
            )
        ]

    def _keep(self, held: OrderedDict[str, T], name: str, value: T) -> None:
        held[name] = value
        held.move_to_end(name)
        while len(held) > self._most:
            held.popitem(last=False)


def _verdict(turn: TurnVerdict, revision: int) -> _Verdict:
    return _Verdict(turn.occurred_at, turn.rewrite_id is not None, not turn.defect, revision)

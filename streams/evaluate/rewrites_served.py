"""What stands behind the answers of one arm: an index and a decider, and what changes them while people talk."""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import NamedTuple

from infra.settings import Settings
from models.rewrite.encoder import RequestEncoder
from models.rewrite.index import RewriteIndex
from models.rewrite.ranker import Ranker
from processors.personal_rewrites import PersonalRewrites
from processors.rewrite_outcomes import OutcomeJoin
from processors.rewrite_trials import OnTrial, RewriteTrials
from schemas.contract import derived_id
from schemas.dialogue import DIALOGUE, Dialogue
from schemas.rewrite import Rewrite
from schemas.rewrite_decision import DecisionArm, RewriteDecision
from schemas.rewrite_outcome import RewriteOutcome
from streams.delivery import Message
from streams.evaluate.rewrites_earshot import Hearing, Learned, exact_index, filled
from streams.evaluate.rewrites_fleet import Stretch
from streams.rewrite_table import RewriteTable
from streams.serve.asked import RewriteRequest
from streams.serve.decide import Decider, Verdict
from streams.serve.table import entry_of

REFRESH_MS = 600_000
"""The table is solved anew this often, in event time; a broker's is every second."""

_NOTHING_FAILED = b'"defects":0,'


class Arm(StrEnum):
    """Each does what the one before it does, and more."""

    OFF = "off"
    PRECOMPUTED = "precomputed"  # a table mined before, looked up
    GLOBAL = "global"  # the table is searched, and learned on
    PERSONAL = "personal"  # and what each person came to is theirs at once


class Past(NamedTuple):
    """What was learned before the arms begin: kept moves by source state, and personal rewrites by their key."""

    kept: dict[str, bytes]
    personal: dict[str, Rewrite]


class Learner:
    """Learns from what people do, for an index. `personal`: for single people too."""

    def __init__(self, settings: Settings, past: Past, index: RewriteIndex | None, *, personal: bool) -> None:
        self._hearing = Hearing(settings)
        self._index = index
        self._own = PersonalRewrites(past.personal.values()) if personal else None
        self.personal = dict(past.personal) if personal else {}
        self.learned = Learned(settings, past.kept.values(), index)
        self._join = OutcomeJoin()
        self._trials = RewriteTrials(table=self._on_trial)
        self._key_of: dict[str, str] = {}
        self.blocked: list[str] = []
        """keys of rewrites that a trial blocked"""
        self.moves: list[Message] = []
        """transitions, where `keeps_moves` is set"""
        self.keeps_moves = False
        self._solved_ms = 0
        if index is not None:
            for rewrite in self.personal.values():
                index.put(entry_of(rewrite))

    def learn(self, stretch: Stretch) -> None:
        """Take in what was sent, and change what is served."""
        self._take(*self._hearing.hear(stretch.events))
        if stretch.until_ms - self._solved_ms >= REFRESH_MS:
            self._solved_ms = stretch.until_ms
            self.learned.refresh()

    def end(self) -> Past:
        """Close what is open; what is known then."""
        self._take(*self._hearing.end())
        self.learned.refresh()
        return Past(self.learned.kept, self.personal)

    def decided(self, request: RewriteRequest, verdict: Verdict) -> None:
        """A rewrite was served or held out: its trial waits for the verdict on the turn."""
        if verdict.arm is DecisionArm.NONE or verdict.entry is None:
            return
        self._key_of[verdict.entry.rewrite_id] = verdict.entry.key
        self._count(self._join.decided(_decision(request, verdict)))

    def _take(self, dialogues: Sequence[Message], moves: Sequence[Message]) -> None:
        if self.keeps_moves:
            self.moves += moves
        self.learned.count(moves)
        for message in dialogues:
            self._judge(message)
        for trial in self._trials.tell():
            if trial.blocked_because is not None:
                self._block(trial.rewrite_id, trial.blocked_because)

    def _judge(self, message: Message) -> None:
        """What a dialogue, open or closed, teaches about its person and about the rewrites that they got."""
        user, value = (message.key or b"").decode(), message.value or b""
        awaited = self._join.awaits(user)
        taught = self._own is not None and (_NOTHING_FAILED not in value or self._own.knows(user))
        if not awaited and not taught:
            return
        dialogue = DIALOGUE.validate_json(value)
        if awaited:
            self._count(self._join.judged(dialogue))
        if taught:
            self._learn_of(dialogue)

    def _learn_of(self, dialogue: Dialogue) -> None:
        assert self._own is not None
        for _, key, rewrite in self._own.process(dialogue):
            if rewrite is None:
                self.personal.pop(key, None)
                if self._index is not None:
                    self._index.remove(key)
            else:
                self.personal[key] = rewrite
                if self._index is not None:
                    self._index.put(entry_of(rewrite))

    def _count(self, outcomes: Iterable[RewriteOutcome]) -> None:
        for outcome in outcomes:
            self._trials.take(outcome)

    def _on_trial(self, rewrite_id: str) -> OnTrial | None:
        rewrite = self.learned.table.rewrites.get(self._key_of[rewrite_id].partition("/")[2])
        if rewrite is None or rewrite.event_id != rewrite_id:
            return None
        return OnTrial(rewrite.source, rewrite.target, rewrite.source_success)

    def _block(self, rewrite_id: str, because: str) -> None:
        key = self._key_of[rewrite_id]
        held = self.personal.get(key)
        known = held or self.learned.table.rewrites.get(key.partition("/")[2])
        if known is None or known.event_id != rewrite_id or known.blocked or self._index is None:
            return
        stopped = known.model_copy(update={"blocked": True, "blocked_because": because})
        self.blocked.append(key)
        self._index.put(entry_of(stopped))
        if held is None:
            self.learned.table.hear(stopped.source, stopped)
        elif self._own is not None:
            self.personal[key] = stopped
            self._own.hear(stopped.user_id or "", stopped.source, stopped)


Decide = Callable[[RewriteIndex], Decider]


def decider_of(settings: Settings, ranker: Ranker) -> Decide:
    """Makes the decider of an index; nobody has declared any taste."""
    return lambda index: Decider(index, ranker, lambda _user: {}, settings.rewrite_holdout)


def index_of(arm: Arm, encoder: RequestEncoder, table: RewriteTable) -> RewriteIndex | None:
    """What an arm answers from at its beginning; None: from nothing."""
    if arm is Arm.OFF:
        return None
    return exact_index(encoder, table) if arm is Arm.PRECOMPUTED else filled(RewriteIndex(encoder), table)


def _decision(request: RewriteRequest, verdict: Verdict) -> RewriteDecision:
    assert verdict.entry is not None
    return RewriteDecision(
        event_id=derived_id("serve", request.user_id or "", request.turn_id or "", request.text),
        occurred_at=request.asked_at or datetime.now(UTC),
        user_id=request.user_id or "",
        device_id=request.device.device_id,
        turn_id=request.turn_id,
        dialogue_id=request.dialogue_id,
        arm=verdict.arm,
        reason=verdict.reason,
        rewrite_id=verdict.entry.rewrite_id,
        layer=verdict.layer,
        score=verdict.score,
        propensity=verdict.propensity,
        index_version="memory",
        latency_ms=0.0,
    )

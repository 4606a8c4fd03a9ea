"""Whether to rewrite, and to what: search, guards, ranking, holdout. The same request gets the same decision as long as
the index is the same."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Final

from models.rewrite.candidate import Candidate, Channel, Via
from models.rewrite.entry import Entry, plain, state_of
from models.rewrite.fidelity import faithful
from models.rewrite.index import RewriteIndex
from models.rewrite.lexical import letters_alike
from models.rewrite.query import Query
from models.rewrite.ranker import Ranker
from processors.rewrite_holdout import holdout_share
from schemas.rewrite_decision import DecisionArm, DecisionLayer, DecisionReason
from streams.serve.asked import RewriteRequest
from streams.serve.guard import may_not_be_rewritten, may_not_be_said
from streams.serve.table import key_of

INTENT_CHANGE_MARGIN: Final = 0.5
"""Of what is left above the threshold, the share that a rewrite to another intent has to reach beyond it."""

_REJECTED_NEAR: Final = 0.8

Tastes = Callable[[str], Mapping[str, int]]
"""What a person likes (1) and dislikes (-1), in plain words."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What to do, and with which rewrite. `entry` is the best that was found, also where it is refused."""

    arm: DecisionArm
    reason: DecisionReason
    entry: Entry | None = None
    layer: DecisionLayer | None = None
    score: float | None = None
    propensity: float = 1.0


@dataclass(slots=True)
class Considered:
    """How a verdict came about, for a person to read."""

    candidates: list[tuple[Candidate, float]] = field(default_factory=list)
    """ranked, the best first"""
    notes: list[str] = field(default_factory=list)


class Decider:
    """Decides on requests. Safe for threads. `holdout`: share of a rewrite's uses that is suppressed where it is known
    how its source does by itself."""

    def __init__(self, index: RewriteIndex, ranker: Ranker, tastes: Tastes, holdout: float) -> None:
        self.index = index
        self.ranker = ranker
        self._tastes = tastes
        self._holdout = holdout

    def decide(self, request: RewriteRequest, considered: Considered | None = None) -> Verdict:
        """The verdict; what led to it goes into `considered`."""
        said = considered or Considered()
        query, found, refusal = self.find(request, said)
        said.candidates = self.ranker.rank(query, found)
        if not said.candidates:
            return _none(refusal)
        best, score = said.candidates[0]
        layer = _layer(best)
        if score < (threshold := self.ranker.threshold_of(best)):
            said.notes.append(f"the best scores {score:.2f}, below {threshold:.2f}")
            return Verdict(DecisionArm.NONE, DecisionReason.TOO_UNSURE, best.entry, layer, score)
        if (against := self._against(query, best, score, said)) is not None:
            return Verdict(DecisionArm.NONE, against, best.entry, layer, score)
        return self._with_arm(request, best.entry, layer, score)

    def find(self, request: RewriteRequest, said: Considered) -> tuple[Query, list[Candidate], DecisionReason]:
        """What may be ranked, and the reason to give if that is nothing."""
        query = self.query(request)
        if request.already_rewritten:
            return query, [], DecisionReason.ALREADY_REWRITTEN
        why = may_not_be_rewritten(request.text, query.state, request.device.child_profile)
        if why is not None:
            said.notes.append(f"what was said is never rewritten: {why}")
            return query, [], DecisionReason.DENIED
        found = self.index.search(request.text, query.user, query.state)
        if _works(found):
            said.notes.append("these words are known to work")
            return query, [], DecisionReason.WORKS_AS_IT_IS
        allowed, refusal = _allowed(plain(request.text), query.state, found, said)
        return query, allowed, refusal

    def query(self, request: RewriteRequest) -> Query:
        """The request as the index and the ranker ask."""
        return query_of(request, self._tastes(request.user_id) if request.user_id else {})

    def _against(self, query: Query, best: Candidate, score: float, said: Considered) -> DecisionReason | None:
        entry = best.entry
        why = may_not_be_said(query.text, entry.said, entry.target_state)
        if why is not None:
            said.notes.append(f"nothing is rewritten to that: {why}")
            return DecisionReason.DENIED
        text = plain(query.text)
        exact = best.channel in (Channel.EXACT, Channel.STATE)
        if not exact and not faithful(text, best.found, self.index.encoder, best.cosine):
            said.notes.append(f"{best.found!r}, through which it was found, does not say the same")
            return DecisionReason.NOT_ALIKE
        if _changes_intent(query.state, entry.target_state):
            threshold = self.ranker.threshold_of(best)
            needed = threshold + INTENT_CHANGE_MARGIN * (1 - threshold)
            if score < needed or not faithful(text, entry.target, self.index.encoder):
                said.notes.append(f"it changes the intent, which takes {needed:.2f} and words that say the same")
                return DecisionReason.INTENT_CHANGED
        return None

    def _with_arm(self, request: RewriteRequest, entry: Entry, layer: DecisionLayer, score: float) -> Verdict:
        source, usual = entry.source_success, self._holdout
        share = usual if entry.personal else holdout_share(source.good, source.bad, usual)
        if held_out(entry.rewrite_id, request, share):
            return Verdict(DecisionArm.HOLDOUT, DecisionReason.HELD_OUT, entry, layer, score, share)
        return Verdict(DecisionArm.SERVED, DecisionReason.REWRITTEN, entry, layer, score, 1.0 - share)


def query_of(request: RewriteRequest, tastes: Mapping[str, int] | None = None) -> Query:
    """A request as the index and the ranker ask, of a person with these tastes."""
    asr, device, understood = request.asr, request.device, request.interpretation
    alternatives = tuple(one.text for one in asr.n_best) if asr is not None else request.n_best
    return Query(
        text=request.text,
        n_best=tuple(one for one in alternatives if one != request.text),
        state=key_of(understood, request.text),
        user=request.user_id or "",
        asr_confidence=asr.confidence if asr is not None else None,
        nlu_confidence=understood.confidence if understood is not None else None,
        device_type=device.type,
        device_state=device.state,
        hour=int(device.local_time[:2]) if device.local_time else None,
        place=device.place,
        now_ms=int((request.asked_at or datetime.now(UTC)).timestamp() * 1000),
        affinity=tastes or {},
    )


def held_out(rewrite_id: str, request: RewriteRequest, share: float) -> bool:
    """Whether this use of a rewrite is suppressed: a fixed share of each rewrite's turns, the same when asked again."""
    unit = request.turn_id or f"{request.user_id}/{request.text}"
    drawn = int.from_bytes(blake2b(f"{rewrite_id}/{unit}".encode(), digest_size=8).digest())
    return drawn < share * 2**64


def _none(reason: DecisionReason) -> Verdict:
    return Verdict(DecisionArm.NONE, reason)


def _layer(candidate: Candidate) -> DecisionLayer:
    if candidate.entry.personal:
        return DecisionLayer.PERSONAL
    exact = candidate.channel in (Channel.EXACT, Channel.STATE) and candidate.via is Via.SOURCE
    return DecisionLayer.PRECOMPUTED if exact else DecisionLayer.GLOBAL


def _works(found: Sequence[Candidate]) -> bool:
    """Whether the very words are what others, or this person, came to with success. A person's own word counts more."""
    exact = [one for one in found if one.channel in (Channel.EXACT, Channel.STATE) and not one.entry.blocked]
    own = [one for one in exact if one.entry.personal]
    deciding = own or exact
    return bool(deciding) and all(one.via is Via.TARGET for one in deciding)


def _allowed(
    text: str, state: str, found: Sequence[Candidate], said: Considered
) -> tuple[list[Candidate], DecisionReason]:
    """Candidates that nothing forbids, and the reason to give if none is left."""
    rejected = {
        one.entry.target
        for one in found
        if one.entry.personal
        and one.entry.blocked
        and any(letters_alike(text, source) >= _REJECTED_NEAR for source in one.entry.sources)
    }
    allowed: list[Candidate] = []
    refusal = DecisionReason.NOTHING_FOUND
    for one in found:
        if _changes_nothing(text, state, one):
            continue
        if one.entry.target in rejected:
            refusal = DecisionReason.REJECTED
            said.notes.append(f"this person rejected {one.entry.said!r}")
        elif one.entry.blocked:
            refusal = DecisionReason.BLOCKED if refusal is DecisionReason.NOTHING_FOUND else refusal
            said.notes.append(f"{one.entry.said!r} is blocked: {one.entry.blocked_because}")
        else:
            allowed.append(one)
    return allowed, refusal


def _changes_nothing(text: str, state: str, one: Candidate) -> bool:
    """The same words change something where this person said that they mean something else by them."""
    entry = one.entry
    if entry.personal and entry.target_state == state:
        return True
    return entry.target == text and not (entry.personal and one.via is Via.SOURCE and state == entry.source_state)


def _changes_intent(ours: str, theirs: str) -> bool:
    one, other = state_of(ours), state_of(theirs)
    return one is not None and other is not None and (one.domain, one.intent) != (other.domain, other.intent)

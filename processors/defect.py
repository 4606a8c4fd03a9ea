"""Was an answer a defect? The strongest source decides: the person's word, then behaviour, then the answer's status.

The order is the waterfall of Park et al., arXiv 2006.07113: explicit feedback is never overruled. Signals of behaviour
are fused as independent causes (noisy-or) after signals of one and the same act are reduced to the strongest.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

from processors.exchange import Exchange
from processors.thresholds import THRESHOLDS, Thresholds
from schemas.dialogue import TurnVerdict, VerdictTier
from schemas.feedback import (
    BargeIn,
    BargeInKind,
    Correction,
    CorrectionKind,
    ExplicitAnswer,
    FeedbackEvent,
    Repeat,
    Rephrase,
    Termination,
    TerminationKind,
)
from schemas.turn import Answer, Playback, PlaybackKind, PlaybackState, ResponseStatus, Slot
from schemas.wire import SlotOnWire

PRIOR = 0.05
"""Probability of a defect when nothing says anything. Silence is weak evidence of success, not proof."""

SAID_NO = 0.98
SAID_YES = 0.02
"""People misspeak and mishear the question now and then; two in a hundred is a guess on the careful side."""

PLAYED_ON = 0.02
"""Media that was let play."""

_LOW_RATING, _HIGH_RATING = 2, 4

BARGE_IN_WEIGHTS = {BargeInKind.STOP: 0.7, BargeInKind.CORRECTION: 0.9}
"""Probability that the answer was a defect given a certain interruption of this kind; the other kinds are no complaint:
going on before a prompt ends saves time, a backchannel listens, speech to others says nothing of the answer."""

TERMINATION_WEIGHTS = {
    TerminationKind.STOP_REQUEST: 0.7,
    TerminationKind.PLAYBACK_STOPPED: 0.6,
    TerminationKind.HANG_UP: 0.6,
}
"""The same for endings. Below a retry: people also stop what they got because they have heard enough."""

RETRY_WEIGHT = 0.9
"""The same for repeats, rephrases and corrections of what was understood; a refinement is no complaint, and neither is
a turn that repairs itself."""

STATUS_WEIGHTS = {
    ResponseStatus.NOT_UNDERSTOOD: 0.95,
    ResponseStatus.FAILED: 0.95,
    ResponseStatus.UNSUPPORTED: 0.85,
}
"""The same for what the assistant says of its answer. Set by hand, as are all weights here."""


class Judgement(NamedTuple):
    """What signals say of an answer: the probability of a defect, what it rests on, and the names of the signals."""

    score: float
    tier: VerdictTier
    evidence: tuple[str, ...]


_ALTERNATIVES: Final = 4
"""Hypotheses of the recogniser that are told of a request that may have been misheard."""

NOTHING_SAID = Judgement(PRIOR, VerdictTier.NONE, ())


_SAYS_NOTHING = frozenset({None, *ResponseStatus} - STATUS_WEIGHTS.keys())


def verdict(exchange: Exchange, signals: Sequence[FeedbackEvent], thresholds: Thresholds = THRESHOLDS) -> TurnVerdict:
    """The verdict on `exchange` from the signals that are about it. Retracted signals do not count."""
    judgement = judge(exchange, signals, thresholds)
    defect = is_defect(judgement, thresholds)
    return TurnVerdict(
        turn_id=exchange.turn_id,
        occurred_at=exchange.occurred_at,
        request=exchange.request,
        facets=exchange.facets,
        defect=defect,
        score=judgement.score,
        tier=judgement.tier,
        evidence=judgement.evidence,
        slots=tuple(map(_plain, exchange.slots)) or None,
        rewrite_id=exchange.rewrite_id,
        rewritten_to=exchange.rewritten_to,
        alternatives=alternatives_of(exchange, defect) or None,
        asked_back=exchange.asked,
    )


def alternatives_of(exchange: Exchange, defect: bool) -> tuple[str, ...]:
    """What else the recogniser heard, of a request that it may have misheard."""
    if not (defect or exchange.asked):
        return ()
    return tuple([text for text in exchange.n_best if text != exchange.request][:_ALTERNATIVES])


def _plain(slot: Slot | SlotOnWire) -> Slot:
    return Slot(type=slot.type, value=slot.value, entity=slot.entity, score=slot.score)


def says_nothing(exchange: Exchange) -> bool:
    """Neither the answer's status nor a player says anything of it."""
    return exchange.status in _SAYS_NOTHING and not exchange.playbacks


def is_defect(judgement: Judgement, thresholds: Thresholds = THRESHOLDS) -> bool:
    """Whether the answer counts as a defect."""
    return judgement.score >= thresholds.defect_score


def judge(exchange: Exchange, signals: Sequence[FeedbackEvent], thresholds: Thresholds = THRESHOLDS) -> Judgement:
    """What the signals that are about `exchange`, its playbacks and its status say of its answer."""
    if not signals and says_nothing(exchange):
        return NOTHING_SAID
    live = [signal for signal in signals if not signal.retracted]
    evidence = tuple(_name(signal) for signal in live)
    explicit = _explicit(live)
    if explicit is not None:
        return Judgement(explicit, VerdictTier.EXPLICIT, evidence)
    if exchange.status in STATUS_WEIGHTS:
        assert exchange.status is not None
        evidence = (*evidence, f"status:{exchange.status.value}")
    of_status = STATUS_WEIGHTS.get(exchange.status, 0.0) if exchange.status is not None else 0.0
    of_acts: dict[str, float] = {}
    for signal in live:
        act = signal.by_turn_id or signal.event_id
        of_acts[act] = max(of_acts.get(act, 0.0), _weight(signal) * signal.score)
    unhappy = [weight for weight in of_acts.values() if weight]
    if unhappy:
        fine = (1.0 - PRIOR) * (1.0 - of_status)
        for weight in unhappy:
            fine *= 1.0 - weight
        return Judgement(1.0 - fine, VerdictTier.IMPLICIT, evidence)
    if of_status:
        return Judgement(of_status, VerdictTier.STATUS, evidence)
    if played_on(exchange.playbacks, thresholds):
        return Judgement(PLAYED_ON, VerdictTier.IMPLICIT, (*evidence, "playback:played-on"))
    return Judgement(PRIOR, VerdictTier.NONE, evidence)


def played_on(playbacks: Sequence[Playback], thresholds: Thresholds = THRESHOLDS) -> bool:
    """Media finished or was heard for as long as a play counts."""
    return any(
        playback.kind is PlaybackKind.MEDIA
        and (
            playback.state is PlaybackState.FINISHED
            or (playback.position_ms is not None and playback.position_ms >= thresholds.media_stopped_s * 1000)
        )
        for playback in playbacks
    )


def _explicit(signals: Sequence[FeedbackEvent]) -> float | None:
    """The last clear answer: yes or no, or a rating that is not in the middle."""
    for signal in reversed(signals):
        if not isinstance(signal, ExplicitAnswer):
            continue
        if signal.answer is Answer.NO:
            return SAID_NO
        if signal.answer is Answer.YES:
            return SAID_YES
        if signal.rating is not None and signal.rating <= _LOW_RATING:
            return SAID_NO
        if signal.rating is not None and signal.rating >= _HIGH_RATING:
            return SAID_YES
    return None


def _weight(signal: FeedbackEvent) -> float:
    if isinstance(signal, Repeat | Rephrase):
        return RETRY_WEIGHT
    if isinstance(signal, Correction):
        return RETRY_WEIGHT if signal.kind is CorrectionKind.THIRD_POSITION else 0.0
    if isinstance(signal, BargeIn):
        return BARGE_IN_WEIGHTS.get(signal.kind, 0.0)
    if isinstance(signal, Termination):
        return TERMINATION_WEIGHTS[signal.kind]
    return 0.0


def _name(signal: FeedbackEvent) -> str:
    kind = signal.type  # type: ignore[attr-defined]
    if isinstance(signal, BargeIn | Correction | Termination):
        return f"{kind}:{signal.kind.value}"
    if isinstance(signal, ExplicitAnswer):
        return f"{kind}:{signal.answer.value}"
    return str(kind)

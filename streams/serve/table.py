"""The rewrite table's records as the index holds them, and back."""

from datetime import UTC, datetime
from sys import intern

from models.rewrite.entry import Entry
from models.rewrite.entry import Success as Posterior
from processors.interpretation import state_key
from schemas.contract import Instant
from schemas.rewrite import Rewrite, RewriteLayer, Success
from schemas.turn import Interpretation


def entry_of(rewrite: Rewrite) -> Entry:
    """A record as the index takes it."""
    return Entry(
        key=rewrite.key,
        rewrite_id=rewrite.event_id,
        user=rewrite.user_id or "",
        sources=rewrite.source_texts,
        target=rewrite.target_text,
        source_success=_posterior(rewrite.source_success),
        target_success=_posterior(rewrite.target_success),
        source_state=rewrite.source,
        target_state=rewrite.target,
        score=rewrite.score,
        leave_alone=rewrite.leave_alone,
        agreement=rewrite.agreement,
        support=rewrite.support,
        users=rewrite.users,
        first_seen_ms=_ms(rewrite.first_seen),
        last_seen_ms=_ms(rewrite.last_seen),
        blocked_because=rewrite.blocked_because,
        reason=intern(rewrite.reason),
        normaliser=intern(rewrite.normaliser),
        solver=intern(rewrite.solver),
    )


def rewrite_of(entry: Entry) -> Rewrite:
    """The record of an entry; its source texts as the index compares them, its times to the millisecond."""
    last_seen = _instant(entry.last_seen_ms)
    return Rewrite(
        event_id=entry.rewrite_id,
        occurred_at=last_seen,
        layer=RewriteLayer.PERSONAL if entry.personal else RewriteLayer.GLOBAL,
        user_id=entry.user or None,
        source=entry.source_state,
        source_texts=entry.sources,
        target=entry.target_state,
        target_text=entry.said,
        score=entry.score,
        leave_alone=entry.leave_alone,
        agreement=entry.agreement,
        support=entry.support,
        users=entry.users,
        source_success=_success(entry.source_success),
        target_success=_success(entry.target_success),
        first_seen=_instant(entry.first_seen_ms),
        last_seen=last_seen,
        reason=entry.reason,
        blocked=entry.blocked,
        blocked_because=entry.blocked_because,
        normaliser=entry.normaliser,
        solver=entry.solver,
    )


def key_of(understood: Interpretation | None, text: str) -> str:
    """The key of what was understood; empty if nothing was given."""
    if understood is None:
        return ""
    return state_key(understood.domain, understood.intent, understood.slots, text) or ""


def _posterior(success: Success) -> Posterior:
    return Posterior(success.good, success.bad, success.low, success.high)


def _success(posterior: Posterior) -> Success:
    return Success(good=posterior.good, bad=posterior.bad, low=posterior.low, high=posterior.high)


def _ms(instant: Instant) -> int:
    return int(instant.timestamp() * 1000)


def _instant(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)

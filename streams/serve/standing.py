"""Rewrites with how they do and what waits, as it all stands on its topics, for who looks after them."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError

from infra import telemetry
from infra.kafka.topics import REWRITE_REFRESHES, REWRITE_TRIALS, REWRITES
from infra.settings import Settings
from schemas.contract import Event
from schemas.rewrite import REWRITE, Rewrite, Success
from schemas.rewrite_refresh import REWRITE_REFRESH, RefreshState, RewriteRefresh
from schemas.rewrite_trial import REWRITE_TRIAL, RewriteTrial
from streams.errors import StreamError
from streams.serve.table_writer import TableWriter
from streams.topic_reader import TopicReader, TopicRecord

log = logging.getLogger(__name__)

E = TypeVar("E", bound=Event)

_REASONS: Final = 3


class NothingHeldBack(StreamError):
    """No refresh of that domain waits."""


class Shown(BaseModel):
    """A rewrite and its trial, as JSON for programs. The outcomes that a trial keeps are left out."""

    rewrite: Rewrite
    trial: RewriteTrial | None = None


@dataclass(slots=True)
class Standing:
    """The last word on every rewrite by its key, every trial by its rewrite's id, every refresh by its domain."""

    rewrites: dict[str, Rewrite] = field(default_factory=dict)
    trials: dict[str, RewriteTrial] = field(default_factory=dict)
    refreshes: dict[str, RewriteRefresh] = field(default_factory=dict)

    @property
    def held(self) -> list[RewriteRefresh]:
        """Refreshes that wait for somebody."""
        return [one for _, one in sorted(self.refreshes.items()) if one.state is RefreshState.HELD]

    def shown(self, rewrite: Rewrite) -> Shown:
        """One rewrite with how it does."""
        trial = self.trials.get(rewrite.event_id)
        return Shown(rewrite=rewrite, trial=trial.model_copy(update={"outcomes": ()}) if trial is not None else None)


def read_standing(settings: Settings) -> Standing:
    """All of it. Records that cannot be read are told of, counted and left out. Raises `TopicMissing`,
    `BrokerUnavailable`."""
    standing = Standing()
    rewrites, trials, refreshes = (topic.full_name(settings) for topic in (REWRITES, REWRITE_TRIALS, REWRITE_REFRESHES))
    with TopicReader(settings, [rewrites, trials, refreshes]) as reader:
        for record in reader.rest():
            if record.topic == rewrites:
                put_record(standing.rewrites, REWRITE, record)
            elif record.topic == trials:
                put_record(standing.trials, REWRITE_TRIAL, record)
            else:
                put_record(standing.refreshes, REWRITE_REFRESH, record)
    return standing


def let_pass(settings: Settings, writer: TableWriter, domain: str) -> RewriteRefresh:
    """Let the refresh of a domain pass that waits. Raises `NothingHeldBack`, `TopicMissing`, `BrokerUnavailable`."""
    standing = read_standing(settings)
    held = {one.domain: one for one in standing.held}
    if domain not in held:
        waiting = ", ".join(sorted(held)) or "none"
        raise NothingHeldBack(f"no refresh of domain {domain!r} is held back; those that are: {waiting}")
    accepted = held[domain].model_copy(update={"state": RefreshState.ACCEPTED, "occurred_at": datetime.now(UTC)})
    writer.put_refresh(accepted)
    return accepted


def told(shown: Shown) -> Iterator[str]:
    """One rewrite in full, for a person, a line each."""
    one, trial = shown.rewrite, shown.trial
    yield f"{one.event_id}  {one.layer.value}{f' of {one.user_id}' if one.user_id else ''}"
    yield f"  source     {one.source}"
    for text in one.source_texts:
        yield f"             {text!r}"
    yield f"  target     {one.target}"
    yield f"             {one.target_text!r}"
    yield f"  learned    source works {_percent(one.source_success)}, target {_percent(one.target_success)}"
    yield f"  rests on   {one.support:.1f} moves of {one.users:,} people, {one.first_seen:%Y-%m-%d %H:%M} to"
    yield f"             {one.last_seen:%Y-%m-%d %H:%M} UTC"
    yield f"  because    {one.reason}"
    for chain in one.chains:
        yield f"  chain      {' -> '.join(chain.states)} ({chain.people:,} people)"
    if trial is None:
        yield "  trial      nothing is known yet of turns that got it"
    else:
        yield f"  trial      served {_percent(trial.served)} in {trial.uses:,} turns, held back"
        yield f"             {_percent(trial.held_out)}; worse with it: P = {trial.worse:.3f}"
    yield f"  blocked    {one.blocked_because or 'no'}"
    if one.cleared_at is not None:
        yield f"  unblocked  {one.cleared_at:%Y-%m-%d %H:%M} UTC"


def told_held(refresh: RewriteRefresh) -> str:
    """A refresh that waits, in a line."""
    return (
        f"held back: {refresh.changes:,} changes in domain {refresh.domain!r} would change the answers to"
        f" {refresh.share:.1%} of its requests, above {refresh.bound:.1%};"
        f" `earshot rewrites accept {refresh.domain}` lets them pass"
    )


def _percent(success: Success) -> str:
    return f"{success.mean:.0%} [{success.low:.0%}, {success.high:.0%}]"


def put_record(held: dict[str, E], adapter: TypeAdapter[E], record: TopicRecord) -> None:
    """Let the last word on its key stand, as a record has it. One that cannot be read is told of and left out."""
    key = (record.key or b"").decode("utf-8", "replace")
    held.pop(key, None)
    if record.value is None:
        return
    try:
        held[key] = adapter.validate_json(record.value)
    except ValidationError as fault:
        telemetry.SERVED_INVALID.labels(record.topic).inc()
        reasons = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in fault.errors()[:_REASONS])
        log.warning(
            "%s, partition %d, offset %d is left out: %s", record.topic, record.partition, record.offset, reasons
        )

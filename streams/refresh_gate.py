"""The gate between what was solved and what is served: refreshes that change too much wait, and are told of."""

import logging
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Final

from infra import telemetry
from infra.settings import Settings
from processors.interpretation import parts_of
from processors.refresh_guard import PHRASES, Proposed, RefreshGuard
from processors.state_counts import StateCounts
from schemas.contract import derived_id
from schemas.phrase import phrase_of
from schemas.rewrite import Rewrite
from schemas.rewrite_refresh import REWRITE_REFRESH, RefreshState, RewriteRefresh
from streams.delivery import Message
from streams.learn_partition import partition_of
from streams.rewrite_table import Change, RewriteTable

log = logging.getLogger(__name__)

PROCESSOR: Final = "rewrite-refresh"
_NAMED: Final = 20


class RefreshGate:
    """What `RewriteTable` asks before it takes a change; what it said is told as records of `rewrite-refreshes`."""

    def __init__(self, settings: Settings, guard: RefreshGuard | None = None) -> None:
        self._topic = f"{settings.topic_prefix}.{RewriteRefresh.topic_suffix}"
        self._partitions = settings.kafka_partitions
        self._guard = guard or RefreshGuard(settings.rewrite_refresh_bound)
        self._standing: dict[str, RewriteRefresh] = {}
        self._messages: list[Message] = []

    def hear(self, value: bytes, solve_again: Callable[[frozenset[str]], None]) -> None:
        """A record of the topic. Raises pydantic's `ValidationError`."""
        refresh = REWRITE_REFRESH.validate_json(value)
        before = self._standing.get(refresh.domain)
        self._standing[refresh.domain] = refresh
        if refresh.state is RefreshState.ACCEPTED and (before is None or before.state is not RefreshState.ACCEPTED):
            log.info("the refresh of %r is let pass", refresh.domain)
            solve_again(self._guard.accept(refresh.domain))

    def passes(self, table: RewriteTable, changes: list[Change]) -> list[Change]:
        """Those that may be taken now."""
        answers = [change for change in changes if _changes_answers(table.rewrites.get(change.source), change.rewrite)]
        if not answers:
            return changes
        counts, waited = table.counts, self._guard.held
        proposed = [Proposed(one.source, _weight(one, table)) for one in answers]
        let, held = self._guard.judge(proposed, lambda domain: _requests(counts, domain), table.now_ms)
        for one in held:
            self._note(RefreshState.HELD, one.domain, one.share, one.sources, table.now_ms)
        passed = {one.domain for one in proposed if one.source in let}
        for domain in (waited | self._accepted()) - self._guard.held:
            if domain in passed:
                self._note(RefreshState.PASSED, domain, 0.0, (), table.now_ms)
        telemetry.REFRESHES_HELD.set(len(self._guard.held))
        kept_back = {one.source for one in answers} - let
        return [change for change in changes if change.source not in kept_back]

    def messages(self) -> list[Message]:
        """What is to be told since the last time."""
        told, self._messages = self._messages, []
        return told

    def _accepted(self) -> set[str]:
        return {name for name, one in self._standing.items() if one.state is RefreshState.ACCEPTED}

    def _note(self, state: RefreshState, domain: str, share: float, sources: tuple[str, ...], now_ms: int) -> None:
        before = self._standing.get(domain)
        if before is not None and (before.state, before.changes) == (state, len(sources)):
            return
        refresh = RewriteRefresh(
            event_id=derived_id(PROCESSOR, domain),
            occurred_at=datetime.fromtimestamp(now_ms / 1000, UTC),
            domain=domain,
            state=state,
            share=share,
            bound=self._guard.bound,
            changes=len(sources),
            sources=sources[:_NAMED],
        )
        if state is RefreshState.HELD and (before is None or before.state is not RefreshState.HELD):
            log.warning(
                "the refresh of domain %r is held back: it would change the answers to %.1f %% of its requests, above"
                " %.1f %%; `earshot rewrites accept %s` lets it pass", domain, 100 * share, 100 * self._guard.bound,
                domain,
            )  # fmt: skip
        self._standing[domain] = refresh
        key = domain.encode()
        self._messages.append(Message(self._topic, partition_of(key, self._partitions), key, refresh.to_bytes()))


def _changes_answers(before: Rewrite | None, after: Rewrite | None) -> bool:
    """Whether a request would be answered differently, not only for other reasons."""
    served = None if before is None or before.blocked else (before.target, before.target_text)
    to_serve = None if after is None or after.blocked else (after.target, after.target_text)
    return served != to_serve


def _weight(change: Change, table: RewriteTable) -> float:
    """Of the requests with that source: of a state as they are counted, of a phrase as its rewrite has it."""
    if phrase_of(change.source) is None:
        counts = table.counts.get(change.source)
        return counts.weight if counts is not None else 0.0
    rewrite = change.rewrite or table.rewrites[change.source]
    return rewrite.source_success.good + rewrite.source_success.bad


def _requests(counts: Mapping[str, StateCounts], domain: str) -> float:
    return sum(one.weight for state, one in counts.items() if domain in (PHRASES, parts_of(state).domain))

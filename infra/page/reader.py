"""Calls to the store, off the event loop, with a word on whether it answers."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar, TypeVarTuple

from anyio import CapacityLimiter, to_thread

from infra.clickhouse.errors import StoreError
from infra.page import metrics

_log = logging.getLogger(__name__)
_AT_ONCE = 4

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class StoreAway(Exception):
    """The store did not answer; the message says why, in one line."""


@dataclass(frozen=True, slots=True)
class StoreState:
    """Whether the last call was answered, and since when not."""

    ok: bool = True
    since: datetime | None = None
    reason: str = ""


class Reader:
    """Runs blocking queries in a few threads and remembers whether the store answers."""

    def __init__(self) -> None:
        self._limiter = CapacityLimiter(_AT_ONCE)
        self.state = StoreState()

    async def ask(self, query: Callable[[*Ts], T], *arguments: *Ts) -> T:
        """The result of `query(*arguments)`. Raises StoreAway."""
        with metrics.QUERY_SECONDS.labels(getattr(query, "__name__", "query")).time():
            try:
                found = await to_thread.run_sync(query, *arguments, limiter=self._limiter)
            except StoreError as error:
                if self.state.ok:
                    _log.warning("the store does not answer: %s", error)
                    self.state = StoreState(False, datetime.now(UTC), str(error))
                metrics.STORE_UP.set(0)
                raise StoreAway(str(error)) from error
        if not self.state.ok:
            _log.info("the store answers again")
            self.state = StoreState()
        metrics.STORE_UP.set(1)
        return found

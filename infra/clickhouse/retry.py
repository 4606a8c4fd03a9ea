"""Patience with a store that is down: wait longer and longer, never give up by itself, stop when told to."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception_type,
    sleep_using_event,
    stop_when_event_set,
    wait_exponential_jitter,
)

from infra.clickhouse.errors import StoreUnavailable

T = TypeVar("T")


@dataclass(frozen=True)
class Retry:
    """A call failed and will be made again. `attempt` counts from 1."""

    error: StoreUnavailable
    attempt: int
    wait_s: float
    waited_s: float


class Patience:
    """Repeats a call while the store is unavailable: exponential back-off with jitter, `first_s` to `longest_s`."""

    def __init__(
        self,
        stop: threading.Event | None = None,
        on_retry: Callable[[Retry], None] = lambda retry: None,
        first_s: float = 0.1,
        longest_s: float = 10.0,
    ) -> None:
        """`stop` ends a wait at once, and the call raises its last error. `on_retry` is told of each wait."""
        self._stop = stop or threading.Event()
        self._on_retry = on_retry
        self._wait = wait_exponential_jitter(multiplier=first_s, max=longest_s, jitter=first_s)

    def call(self, attempt: Callable[[], T]) -> T:
        """What `attempt` returns in the end. Raises StoreUnavailable when told to stop, anything else at once."""
        retrying = Retrying(
            retry=retry_if_exception_type(StoreUnavailable),
            wait=self._wait,
            stop=stop_when_event_set(self._stop),
            sleep=sleep_using_event(self._stop),
            before_sleep=self._tell,
            reraise=True,
        )
        return retrying(attempt)

    def _tell(self, state: RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome is not None else None
        if isinstance(error, StoreUnavailable):
            waited = state.seconds_since_start or 0.0
            self._on_retry(Retry(error, state.attempt_number, state.upcoming_sleep, waited))

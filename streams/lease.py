"""Whether a worker may still speak for its partitions, asked before it writes what would overwrite its successor's."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final

FROZEN_S: Final = 5.0
"""After standing still for so long, half a session, somebody else may have been given what was ours."""

_AGAIN_S: Final = 0.2


class Lease:
    """A worker that has gone on without a pause hears of a rebalance before it can do harm. One that was frozen, with
    its machine or by a signal, does not: it wakes up in the middle of a step and believes that nothing has happened.
    So it notices the gap and asks the group's coordinator, who refuses members it has given up.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._last = clock()
        self._doubtful = False

    def beat(self) -> None:
        """To be called at least every second or two while all is well."""
        now = self._clock()
        if now - self._last > FROZEN_S:
            self._doubtful = True
        self._last = now

    async def holds(self, still_ours: Callable[[], bool], confirm: Callable[[], Awaitable[bool]]) -> bool:
        """Whether to go on. `still_ours`: by what this worker knows; `confirm`: the coordinator took something that it
        takes from members only. It is asked again for as long as only the latter says no."""
        self.beat()
        while still_ours():
            if not self._doubtful:
                return True
            if await confirm():
                self._doubtful = False
                self._last = self._clock()
            else:
                await asyncio.sleep(_AGAIN_S)
        return False

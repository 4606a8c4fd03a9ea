"""Whose behaviour counts for everybody: accounts of which more is known than one story.

Ten accounts that were made to teach the world something have a history of just that. So an account counts once several
requests of it, of different kinds and at different times, have worked. That makes an attack as slow and as much work as
ten people's ordinary use; it does not make it impossible.
"""

from collections.abc import Iterable
from datetime import timedelta
from typing import Final

from processors.source_moves import SourceState
from schemas.transition import Outcome

REQUESTS: Final = 3
"""Different requests of an account that must have worked."""

APART: Final = timedelta(minutes=5)
"""The least time between two of them."""

_APART_MS: Final = APART // timedelta(milliseconds=1)


class Standings:
    """Which accounts count, as far as kept moves show, in whatever order they come. Who counts goes on counting."""

    def __init__(self, requests: int = REQUESTS) -> None:
        """`requests`: 0 makes everybody count."""
        self._requests = requests
        self._known: set[str] = set()
        self._strangers: dict[str, dict[str, int | None]] = {}
        """account -> source states that it was in -> when its request first worked there, None: it never did"""

    def counts(self, user: str) -> bool:
        """Whether the moves of this account (a hash) count."""
        return not self._requests or user in self._known

    def take(self, state: SourceState) -> set[str]:
        """Learn from a state's moves. Returns the other states with moves of accounts that count from now on."""
        if not self._requests:
            return set()
        worked: dict[str, int | None] = {}
        for move in state.moves:
            if move.user in self._known:
                continue
            before = worked.setdefault(move.user, None)
            if move.outcome is Outcome.SUCCESS and (before is None or move.at_ms < before):
                worked[move.user] = move.at_ms
        changed: set[str] = set()
        for user, at_ms in worked.items():
            history = self._strangers.setdefault(user, {})
            history[state.source] = at_ms
            if _visits(at for at in history.values() if at is not None) >= self._requests:
                self._known.add(user)
                changed.update(self._strangers.pop(user))
        return changed


def _visits(times: Iterable[int]) -> int:
    """The most of these times that are apart."""
    count, last = 0, None
    for at_ms in sorted(times):
        if last is None or at_ms - last >= _APART_MS:
            count, last = count + 1, at_ms
    return count

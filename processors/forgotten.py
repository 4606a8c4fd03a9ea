"""Who asked to be forgotten: what is older than their wish is not taken again, by the rule of the store."""

from collections import OrderedDict
from typing import Final

_MOST_WISHES: Final = 100_000


class ForgottenUntil:
    """Up to which moment (ms since the epoch) what a person did is dropped. The last `most` wishes are kept."""

    def __init__(self, most: int = _MOST_WISHES) -> None:
        self._most = most
        self._until: OrderedDict[str, int] = OrderedDict()

    def __len__(self) -> int:
        return len(self._until)

    def add(self, user_id: str, until_ms: int) -> None:
        """Take a wish, with the broker's time of its record."""
        self._until[user_id] = max(until_ms, self._until.pop(user_id, until_ms))
        while len(self._until) > self._most:
            self._until.popitem(last=False)

    def covers(self, user_id: str, *moments_ms: float) -> bool:
        """Whether something of this person, that happened or was told at these moments, is to be dropped: one of them
        is enough, as clocks of devices may be wrong."""
        until = self._until.get(user_id)
        return until is not None and any(moment <= until for moment in moments_ms)

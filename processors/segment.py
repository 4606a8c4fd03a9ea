"""A stretch of one dialogue: its turns in event-time order, each with what belongs to it."""

from bisect import bisect_left
from datetime import datetime
from typing import Final

from processors.exchange import Exchange
from processors.signals import WINDOW_TURNS
from schemas.turn import ExplicitFeedback, Playback

UNPLACED: Final = -1
"""The turn that an event is about has not come yet."""


def _order(exchange: Exchange) -> tuple[float, str]:
    return exchange.at, exchange.event_id


class Segment:
    """The turns of a dialogue between two silences.

    A dialogue id that is used again after a silence opens a new segment, so that what is known of the earlier one is
    never overwritten by less.
    """

    __slots__ = (
        "_events",
        "_turns",
        "_waiting",
        "dialogue_id",
        "exchanges",
        "first_offset",
        "gap",
        "opened",
        "over_limit",
        "resume_watermark",
        "touched",
        "user_id",
    )

    def __init__(
        self,
        event: Exchange | Playback | ExplicitFeedback,
        offset: int,
        watermark_before: float,
        watermark: float,
    ):
        self.dialogue_id = event.dialogue_id
        self.user_id = event.user_id
        self.first_offset = offset
        self.resume_watermark = watermark_before
        self.opened = watermark
        self.touched = watermark
        self.over_limit = False
        self.gap = 0.0
        self.exchanges: list[Exchange] = []
        self._events: set[str] = set()
        self._turns: set[str] = set()
        self._waiting: dict[str, list[Playback | ExplicitFeedback]] | None = None

    @property
    def known(self) -> int:
        """Distinct events known."""
        return len(self._events)

    def knows(self, event: Exchange | Playback | ExplicitFeedback) -> bool:
        """Whether the event is a duplicate."""
        return event.event_id in self._events

    def place(self, event: Exchange | Playback | ExplicitFeedback) -> int | None:
        """Take an event in. None for a duplicate, else where in `exchanges` the turn stands that it is or is about;
        `UNPLACED` when that has not come yet."""
        if event.event_id in self._events:
            return None
        if isinstance(event, Exchange):
            return self._insert(event)
        self._events.add(event.event_id)
        for place, exchange in enumerate(self.exchanges):
            if exchange.turn_id == event.turn_id:
                _attach(exchange, event)
                return place
        self._waiting = self._waiting or {}
        self._waiting.setdefault(event.turn_id, []).append(event)
        return UNPLACED

    def _insert(self, exchange: Exchange) -> int | None:
        exchanges = self.exchanges
        self._share_ids(exchange)
        place = len(exchanges)
        if place and exchange.at <= exchanges[-1].at:
            place = bisect_left(exchanges, _order(exchange), key=_order)
        turn_id = exchange.turn_id
        if turn_id in self._turns:
            return None
        self._turns.add(turn_id)
        self._events.add(exchange.event_id)
        if self._waiting:
            for early in self._waiting.pop(turn_id, ()):
                _attach(exchange, early)
        exchanges.insert(place, exchange)
        if place >= WINDOW_TURNS:
            exchanges[place - WINDOW_TURNS].forget_words()
        return place

    def _share_ids(self, exchange: Exchange) -> None:
        """Keep the ids that all turns here have in common once."""
        exchange.dialogue_id = self.dialogue_id
        if exchange.user_id == self.user_id:
            exchange.user_id = self.user_id
        if self.exchanges and self.exchanges[-1].device_id == exchange.device_id:
            exchange.device_id = self.exchanges[-1].device_id

    def forget_words(self) -> None:
        """The person is silent: nothing will be compared, unless a turn comes late."""
        for exchange in self.exchanges:
            exchange.forget_words()


def _attach(exchange: Exchange, event: Playback | ExplicitFeedback) -> None:
    if isinstance(event, Playback):
        exchange.playbacks = tuple(sorted((*exchange.playbacks, event), key=_event_order))
    else:
        exchange.answers = tuple(sorted((*exchange.answers, event), key=_event_order))


def _event_order(event: Playback | ExplicitFeedback) -> tuple[datetime, str]:
    return event.occurred_at, event.event_id

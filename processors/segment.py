"""A stretch of one dialogue: its turns in event-time order and what is known of them."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from datetime import datetime

from processors.defect import NOTHING_SAID, Judgement, is_defect, judge, says_nothing
from processors.exchange import Exchange
from processors.hearing import Hearing
from processors.signals import RULES, WINDOW_TURNS, signals_of
from processors.telling import dialogue_json
from schemas.contract import derived_id
from schemas.dialogue import ClosedBy
from schemas.feedback import ExplicitAnswer, FeedbackEvent
from schemas.turn import Answer, ExplicitFeedback, Playback

PROCESSOR = "dialogue"


def _order(exchange: Exchange) -> tuple[float, str]:
    return exchange.at, exchange.event_id


class Segment:
    """The turns of a dialogue between two silences.

    A dialogue id that is used again after a silence opens a new segment, so that what is known of the earlier one is
    never overwritten by less.
    """

    __slots__ = (
        "_events",
        "_hearing",
        "_judgements",
        "_reported",
        "_signals",
        "_turns",
        "_waiting",
        "dialogue_id",
        "exchanges",
        "first_offset",
        "gap",
        "id",
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
        hearing: Hearing = RULES,
    ):
        self._hearing = hearing
        self.id = derived_id(PROCESSOR, event.dialogue_id, event.event_id)
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
        self._signals: list[Sequence[FeedbackEvent]] = []  # what the exchange at the same place shows
        self._judgements: list[Judgement | None] = []  # on the exchange at the same place
        self._waiting: dict[str, list[Playback | ExplicitFeedback]] | None = None
        self._reported = 0

    @property
    def known(self) -> int:
        """Distinct events known."""
        return len(self._events)

    def knows(self, event: Exchange | Playback | ExplicitFeedback) -> bool:
        """Whether the event is a duplicate."""
        return event.event_id in self._events

    def add(self, event: Exchange | Playback | ExplicitFeedback) -> tuple[list[FeedbackEvent], bool] | None:
        """Place an event; None for a duplicate, else (feedback to send, whether a verdict has changed)."""
        if event.event_id in self._events:
            return None
        if isinstance(event, Exchange):
            exchange, exchanges = event, self.exchanges
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
            self._signals.insert(place, ())
            self._judgements.insert(place, None)
            if place >= WINDOW_TURNS:
                exchanges[place - WINDOW_TURNS].forget_words()
            return self._evaluate(place)
        self._events.add(event.event_id)
        for place, exchange in enumerate(self.exchanges):
            if exchange.turn_id == event.turn_id:
                _attach(exchange, event)
                return self._evaluate(place)
        self._waiting = self._waiting or {}
        self._waiting.setdefault(event.turn_id, []).append(event)
        return [], False

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

    def _evaluate(self, first: int) -> tuple[list[FeedbackEvent], bool]:
        """Recompute the signals that a change at `first` can have changed; what differs is sent."""
        changed: list[FeedbackEvent] = []
        exchanges, known = self.exchanges, len(self._events)
        for place in range(first, min(len(exchanges), first + WINDOW_TURNS + 1)):
            new = signals_of(exchanges, place, known, self._hearing)
            old = self._signals[place]
            if new or old:
                self._signals[place], sent = _difference(old, new, known)
                changed += sent
        if not changed and self._judgements[first] is None and says_nothing(exchanges[first]):
            self._judgements[first] = NOTHING_SAID  # what `_judge` says of most turns, without asking it
            return changed, False
        verdict_changed = self._judge(first)  # a playback may change its verdict without showing a signal
        if changed:
            judged = {signal.turn_id for signal in changed}
            for place, exchange in enumerate(exchanges):
                if place != first and exchange.turn_id in judged:
                    verdict_changed |= self._judge(place)
        return changed, verdict_changed

    def _judge(self, place: int) -> bool:
        exchange, before = self.exchanges[place], self._judgements[place]
        about = [
            signal
            for signals in self._signals[place : place + WINDOW_TURNS + 1]
            for signal in signals
            if signal.turn_id == exchange.turn_id
        ]
        after = self._judgements[place] = judge(exchange, about)
        return is_defect(after) if before is None else after != before

    def _all_signals(self) -> Iterator[FeedbackEvent]:
        for signals in self._signals:
            yield from signals

    def state(self, closed_by: ClosedBy | None = None) -> bytes | None:
        """The dialogue as known by now, as JSON; None when it has no turn or when this was already told."""
        if not self.exchanges:
            return None
        revision = 2 * self.known + (closed_by is not None)
        if revision <= self._reported:
            return None
        self._reported = revision
        judgements = [judgement for judgement in self._judgements if judgement is not None]
        return dialogue_json(self.id, self.exchanges, judgements, closed_by, self._goal_reached(), revision)

    def _goal_reached(self) -> Answer | None:
        answers = [signal.answer for signal in self._all_signals() if isinstance(signal, ExplicitAnswer)]
        return answers[-1] if answers else None


def _attach(exchange: Exchange, event: Playback | ExplicitFeedback) -> None:
    if isinstance(event, Playback):
        exchange.playbacks = tuple(sorted((*exchange.playbacks, event), key=_event_order))
    else:
        exchange.answers = tuple(sorted((*exchange.answers, event), key=_event_order))


def _event_order(event: Playback | ExplicitFeedback) -> tuple[datetime, str]:
    return event.occurred_at, event.event_id


def _difference(
    old: Sequence[FeedbackEvent], new: list[FeedbackEvent], revision: int
) -> tuple[list[FeedbackEvent], list[FeedbackEvent]]:
    """(what holds now, what must be sent): new and changed signals, and retractions of those that no longer hold."""
    if not old:
        return new, list(new)
    before = {signal.event_id: signal for signal in old}
    kept: list[FeedbackEvent] = []
    sent: list[FeedbackEvent] = []
    for signal in new:
        earlier = before.pop(signal.event_id, None)
        if earlier is not None and signal.model_copy(update={"revision": earlier.revision}) == earlier:
            kept.append(earlier)
        else:
            kept.append(signal)
            sent.append(signal)
    sent += [gone.model_copy(update={"retracted": True, "revision": revision}) for gone in before.values()]
    return kept, sent

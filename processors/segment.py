"""A stretch of one dialogue: its turns in event-time order and what is known of them."""

from bisect import bisect_left
from collections.abc import Iterator
from datetime import datetime

from processors.defect import verdict
from processors.exchange import Exchange
from processors.signals import WINDOW_TURNS, signals_of
from schemas.contract import SCHEMA_VERSION, derived_id
from schemas.dialogue import ClosedBy, Dialogue, TurnVerdict
from schemas.feedback import ExplicitAnswer, FeedbackEvent
from schemas.turn import Answer, ExplicitFeedback, Playback, Turn

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
        "_reported",
        "_signals",
        "_verdicts",
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
        self, event: Turn | Playback | ExplicitFeedback, offset: int, watermark_before: float, watermark: float
    ):
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
        self._signals: list[list[FeedbackEvent]] = []
        self._verdicts: dict[str, TurnVerdict] = {}
        self._waiting: dict[str, list[Playback | ExplicitFeedback]] = {}
        self._reported = 0

    @property
    def known(self) -> int:
        """Distinct events known."""
        return len(self._events)

    def knows(self, event: Turn | Playback | ExplicitFeedback) -> bool:
        """Whether the event is a duplicate."""
        return event.event_id in self._events

    def add(self, event: Turn | Playback | ExplicitFeedback) -> tuple[list[FeedbackEvent], bool] | None:
        """Place an event; None for a duplicate, else (feedback to send, whether a verdict has changed)."""
        if event.event_id in self._events:
            return None
        if isinstance(event, Turn):
            exchange = Exchange(event)
            place = len(self.exchanges)
            if place and _order(exchange) < _order(self.exchanges[-1]):
                place = bisect_left(self.exchanges, _order(exchange), key=_order)
            if any(other.turn_id == exchange.turn_id for other in self.exchanges):
                return None
            self._events.add(event.event_id)
            for early in self._waiting.pop(exchange.turn_id, ()):
                _attach(exchange, early)
            self.exchanges.insert(place, exchange)
            self._signals.insert(place, [])
            return self._evaluate(place)
        self._events.add(event.event_id)
        for place, exchange in enumerate(self.exchanges):
            if exchange.turn_id == event.turn_id:
                _attach(exchange, event)
                return self._evaluate(place)
        self._waiting.setdefault(event.turn_id, []).append(event)
        return [], False

    def _evaluate(self, first: int) -> tuple[list[FeedbackEvent], bool]:
        """Recompute the signals that a change at `first` can have changed; what differs is sent."""
        changed: list[FeedbackEvent] = []
        last = min(len(self.exchanges), first + WINDOW_TURNS + 1)
        for place in range(first, last):
            new = signals_of(self.exchanges, place, self.known)
            old = self._signals[place]
            if new or old:
                kept, sent = _difference(old, new, self.known)
                self._signals[place] = kept
                changed += sent
        verdict_changed = False
        judged = {signal.turn_id for signal in changed}
        judged.add(self.exchanges[first].turn_id)  # a playback may change its verdict without showing a signal
        for exchange in self.exchanges:
            if exchange.turn_id in judged:
                verdict_changed |= self._judge(exchange)
        return changed, verdict_changed

    def _judge(self, exchange: Exchange) -> bool:
        before = self._verdicts.get(exchange.turn_id)
        after = verdict(exchange, [s for s in self._all_signals() if s.turn_id == exchange.turn_id])
        self._verdicts[exchange.turn_id] = after
        return after.defect if before is None else after != before

    def _all_signals(self) -> Iterator[FeedbackEvent]:
        for signals in self._signals:
            yield from signals

    def state(self, closed_by: ClosedBy | None = None) -> Dialogue | None:
        """The dialogue as known by now; None when it has no turn or when this was already told."""
        if not self.exchanges:
            return None
        revision = 2 * self.known + (closed_by is not None)
        if revision <= self._reported:
            return None
        self._reported = revision
        first = self.exchanges[0]
        turns = tuple(self._verdicts[exchange.turn_id] for exchange in self.exchanges)
        return Dialogue(
            schema_version=SCHEMA_VERSION,
            event_id=self.id,
            occurred_at=first.occurred_at,
            dialogue_id=self.dialogue_id,
            user_id=self.user_id,
            device_id=first.device_id,
            facets=first.facets,
            started_at=first.occurred_at,
            ended_at=max(exchange.occurred_at for exchange in self.exchanges),
            closed=closed_by is not None,
            closed_by=closed_by,
            turns=turns,
            defects=sum(turn.defect for turn in turns),
            goal_reached=self._goal_reached(),
            satisfaction=max(0.0, min(1.0, 1.0 - sum(turn.score for turn in turns) / len(turns))),
            revision=revision,
        )

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
    old: list[FeedbackEvent], new: list[FeedbackEvent], revision: int
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

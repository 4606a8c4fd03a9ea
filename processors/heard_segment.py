"""A stretch of one dialogue with what was heard in it: the signals of its turns and what they say of the answers."""

from collections.abc import Iterator, Sequence

from processors.defect import NOTHING_SAID, Judgement, is_defect, judge, says_nothing
from processors.exchange import Exchange
from processors.hearing import Hearing
from processors.lessons import Taught
from processors.obeyed import Judged
from processors.segment import UNPLACED, Segment
from processors.signals import RULES, WINDOW_TURNS, signals_of
from processors.telling import dialogue_json
from schemas.contract import derived_id
from schemas.dialogue import ClosedBy
from schemas.feedback import ExplicitAnswer, FeedbackEvent
from schemas.turn import Answer, ExplicitFeedback, Playback

PROCESSOR = "dialogue"


class HeardSegment(Segment):
    """What `detect` knows of a segment."""

    __slots__ = ("_hearing", "_judgements", "_reported", "_signals", "asked", "id", "judged", "shown", "taught")

    def __init__(
        self,
        event: Exchange | Playback | ExplicitFeedback,
        offset: int,
        watermark_before: float,
        watermark: float,
        hearing: Hearing = RULES,
    ):
        super().__init__(event, offset, watermark_before, watermark)
        self.id = derived_id(PROCESSOR, event.dialogue_id, event.event_id)
        self._hearing = hearing
        self._signals: list[Sequence[FeedbackEvent]] = []  # what the exchange at the same place shows
        self._judgements: list[Judgement | None] = []  # on the exchange at the same place
        self._reported = 0
        self.taught: Taught | None = None
        self.judged: Judged | None = None
        self.asked = False
        """whether this dialogue has led to a teachable moment"""
        self.shown = False
        """whether what it shows of choices was counted"""

    def add(self, event: Exchange | Playback | ExplicitFeedback) -> tuple[list[FeedbackEvent], bool] | None:
        """Place an event; None for a duplicate, else (feedback to send, whether a verdict has changed)."""
        place = self.place(event)
        if place is None:
            return None
        if place == UNPLACED:
            return [], False
        if isinstance(event, Exchange):
            self._signals.insert(place, ())
            self._judgements.insert(place, None)
        return self._evaluate(place)

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

    def all_signals(self) -> Iterator[FeedbackEvent]:
        """Those that hold, of all turns."""
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
        answers = [signal.answer for signal in self.all_signals() if isinstance(signal, ExplicitAnswer)]
        return answers[-1] if answers else None


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

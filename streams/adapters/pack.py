"""Two years of calls within the hour: whole dialogues moved in time so that some run at once and none waits long."""

import heapq
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from schemas.turn import Response, Span, Turn, TurnEvent
from streams.adapters.source import RecordedDialogue

CONCURRENT = 20
IDLE = timedelta(seconds=15)


def pack(
    dialogues: Iterable[RecordedDialogue],
    start: datetime | None = None,
    concurrent: int = CONCURRENT,
    idle: timedelta = IDLE,
) -> Iterator[TurnEvent]:
    """The events in event-time order, with at most `concurrent` dialogues at a time.

    `start`: when the first begins; by default when it really did. The first ones begin `idle` apart, each further one
    `idle` after the end of the one whose place it takes. Times within a dialogue and all ids stay. The same input
    always gives the same output.
    """
    if concurrent < 1:
        raise ValueError(f"{concurrent} dialogues at a time; at least 1 is needed")
    places: list[datetime] = []  # when each place is free for its next dialogue
    pending: list[tuple[datetime, str, TurnEvent]] = []
    begins: datetime | None = None
    for dialogue in dialogues:
        first = dialogue.events[0].occurred_at
        if begins is None:
            begins = start or first
        elif len(places) < concurrent:
            begins += idle
        else:
            begins = max(begins, heapq.heappop(places))
        heapq.heappush(places, begins + (end_of(dialogue) - first) + idle)
        while pending and pending[0][0] < begins:
            yield heapq.heappop(pending)[2]
        for event in dialogue.events:
            moved = shifted(event, begins - first)
            heapq.heappush(pending, (moved.occurred_at, moved.event_id, moved))
    while pending:
        yield heapq.heappop(pending)[2]


def shifted(event: TurnEvent, by: timedelta) -> TurnEvent:
    """The event moved in time, with all its times. Its ids stay."""
    if not by:
        return event
    changes: dict[str, object] = {"occurred_at": event.occurred_at + by}
    if isinstance(event, Turn):
        if event.speech is not None:
            changes["speech"] = _moved(event.speech, by)
        if event.response is not None and event.response.span is not None:
            changes["response"] = _answered(event.response, event.response.span, by)
    return event.model_copy(update=changes)


def _moved(span: Span, by: timedelta) -> Span:
    return Span(started_at=span.started_at + by, ended_at=span.ended_at + by)


def _answered(response: Response, span: Span, by: timedelta) -> Response:
    return response.model_copy(update={"span": _moved(span, by)})


def end_of(dialogue: RecordedDialogue) -> datetime:
    """The last time that any of its events knows."""
    end = dialogue.events[0].occurred_at
    for event in dialogue.events:
        end = max(end, event.occurred_at)
        if isinstance(event, Turn):
            if event.speech is not None:
                end = max(end, event.speech.ended_at)
            if event.response is not None and event.response.span is not None:
                end = max(end, event.response.span.ended_at)
    return end

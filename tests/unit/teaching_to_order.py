"""Turns that teach, and a finder that knows what each sentence states."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from processors.teachable import Heard, StatementCase
from schemas.turn import Channel, Device, Response, ResponseStatus, Turn

MONDAY = datetime(2026, 3, 2, 18, tzinfo=UTC)
JAZZ = Heard("music", "jazz", 0.95)


class Finder:
    """Knows what each sentence states; `asked` counts the turns it was asked about."""

    version = "1.0.0"

    def __init__(self, heard: Mapping[str, Heard]) -> None:
        self._heard = heard
        self.asked: list[StatementCase] = []

    def passes(self, text: str) -> bool:
        return text in self._heard

    def offers(self, text: str) -> bool:
        return text == "learn my preferences"

    def sensitive(self, text: str) -> bool:
        return "insulin" in text

    def find(self, cases: Sequence[StatementCase]) -> list[Heard | None]:
        self.asked += cases
        return [self._heard.get(case.text) for case in cases]


def turn(
    at: float,
    text: str,
    dialogue: str = "d",
    user: str = "u",
    answer: str | None = None,
    status: ResponseStatus = ResponseStatus.ANSWERED,
) -> Turn:
    """What a person says, so many seconds after the start."""
    return Turn(
        event_id=f"e-{dialogue}-{at:g}",
        occurred_at=MONDAY + timedelta(seconds=at),
        turn_id=f"t-{dialogue}-{at:g}",
        dialogue_id=dialogue,
        user_id=user,
        device=Device(id="dev", type="speaker"),
        channel=Channel.VOICE,
        text=text,
        response=Response(status=status, text=answer) if answer is not None else None,
    )

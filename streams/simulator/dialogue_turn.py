"""One turn: what is said, how it is understood, what is answered, when all of that is heard."""

from random import Random

from schemas.turn import Channel, ResponseStatus
from streams.simulator.closed_loop import Rewriting
from streams.simulator.events import DialogueEvents
from streams.simulator.meaning import Move
from streams.simulator.pipeline import Heard
from streams.simulator.wire import RIGHT_CLOCK, DeviceClock


class Turn:
    """A turn that is not sent yet: until the person has reacted, nobody knows when its answer ends.

    Times are true ones in ms since the epoch; the device's clocks stamp them when it is sent. `answer` None: the
    device says nothing. `right_before`: of a rewritten turn, whether what was understood of its own words was right.
    """

    __slots__ = (
        "answer",
        "answer_text",
        "heard",
        "number",
        "response_began_ms",
        "response_ends_ms",
        "rewriting",
        "right",
        "right_before",
        "speech_began_ms",
        "speech_ended_ms",
        "status",
        "turn_id",
    )

    def __init__(self, number: int, turn_id: str, heard: Heard, speech_ms: tuple[int, int]) -> None:
        self.number = number
        self.turn_id = turn_id
        self.heard = heard
        self.speech_began_ms, self.speech_ended_ms = speech_ms
        self.response_began_ms = self.response_ends_ms = self.speech_ended_ms
        self.answer: Move | None = None
        self.answer_text = ""
        self.status = ResponseStatus.ANSWERED
        self.right = True
        self.right_before = True
        self.rewriting: Rewriting | None = None

    def say(self, answer: Move, text: str, status: ResponseStatus, began_ms: int, length_ms: int) -> None:
        """The assistant answers, unless it is interrupted for `length_ms`."""
        self.answer, self.answer_text, self.status = answer, text, status
        self.response_began_ms, self.response_ends_ms = began_ms, began_ms + length_ms

    def cut(self, at_ms: int) -> None:
        """The answer ends early."""
        self.response_ends_ms = min(self.response_ends_ms, max(at_ms, self.response_began_ms))


class Sender:
    """Sends the events of one dialogue: stamps them and notes when they leave the device."""

    __slots__ = ("_channel", "_clock", "_context", "_events", "_key", "_records", "_rng")

    def __init__(
        self,
        events: DialogueEvents,
        clock: DeviceClock,
        channel: Channel,
        context: str,
        records: "list[tuple[int, str, bytes, bytes]]",
        rng: Random,
    ) -> None:
        self._events = events
        self._clock = clock
        self._channel = channel
        self._context = context
        self._records = records
        self._rng = rng
        self._key = events.user_id.encode()

    def turn(self, turn: Turn, device_state: str) -> str:
        """Send a turn; returns the event's id."""
        clock, answer = self._clock, turn.answer
        response = None
        span = None
        speech = (turn.speech_began_ms, turn.speech_ended_ms)
        if clock is not RIGHT_CLOCK:
            speech = (clock.microphone(speech[0]), clock.microphone(speech[1]))
        if answer is not None:
            api = answer.call.api if answer.call is not None and turn.status is ResponseStatus.ANSWERED else None
            response = (turn.answer_text, turn.status, api, answer.result)
            span = (turn.response_began_ms, turn.response_ends_ms)
            if clock is not RIGHT_CLOCK:
                span = (clock.player(span[0]), clock.player(span[1]))
        event_id, value = self._events.turn(
            turn.turn_id,
            speech,
            span,
            turn.heard.understanding,
            self._channel,
            response,
            f'"device_state":"{device_state}",{self._context}',
            turn.rewriting,
        )
        self.send(turn.response_ends_ms, event_id, value)
        return event_id

    def send(self, happened_ms: int, event_id: str, value: bytes) -> None:
        """Send an event some time after it was over."""
        sent_ms = happened_ms + 80 + int(self._rng.random() * 320)
        self._records.append((sent_ms, event_id, self._key, value))

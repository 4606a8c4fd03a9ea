"""One turn of a dialogue with all that belongs to it, small enough to keep millions of them.

A validated `Turn` takes about 10 kB of memory; detectors need a tenth of it. So an exchange keeps what they read and
lets the turn go. It saves time as well: much of what a turn costs is waiting for memory.
"""

from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple

import orjson

from processors.similarity import Words, words_of
from schemas.feedback import Facets
from schemas.turn import Channel, ExplicitFeedback, Playback, ResponseStatus, Turn

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ASKED = ResponseStatus.ASKED


class Dimensions(NamedTuple):
    """Facets of a turn, and the same as JSON."""

    facets: Facets
    json: orjson.Fragment


@lru_cache(maxsize=65_536)
def _dimensions(
    domain: str | None,
    intent: str | None,
    device_type: str | None,
    locale: str | None,
    channel: Channel,
    versions: tuple[tuple[str, str], ...],
) -> Dimensions:
    """They repeat from turn to turn: one object for all turns that share them."""
    facets = Facets(
        domain=domain,
        intent=intent,
        device_type=device_type,
        locale=locale,
        channel=channel,
        versions=dict(versions),
    )
    return Dimensions(facets, orjson.Fragment(facets.__pydantic_serializer__.to_json(facets, exclude_none=True)))


class Exchange:
    """A turn as detectors see it.

    `at`, `speech`, `response` and `end` are in seconds since the epoch, by the device's clock: when the turn
    began, when the person spoke (start, end), when the answer was heard (start, end), and the last of these that
    is known. `status` is None when nothing was answered; `response_words` counts the words that were meant to be said.
    `words` is the request prepared for comparison, or None when it was forgotten.
    `playbacks` and `answers` are in event-time order.
    """

    __slots__ = (
        "answers",
        "at",
        "device_id",
        "device_state",
        "dialogue_id",
        "dimensions",
        "end",
        "event_id",
        "playbacks",
        "request",
        "response",
        "response_words",
        "speech",
        "status",
        "turn_id",
        "user_id",
        "wake_confidence",
        "words",
    )

    def __init__(self, turn: Turn) -> None:
        nlu, device, response, speech = turn.nlu, turn.device, turn.response, turn.speech
        self.event_id = turn.event_id
        self.turn_id = turn.turn_id
        self.dialogue_id = turn.dialogue_id
        self.user_id = turn.user_id
        self.device_id = device.id
        self.at = self.end = (turn.occurred_at - _EPOCH).total_seconds()
        asr = turn.asr
        self.request: str = asr.text if asr is not None else turn.text or ""
        self.words: Words | None = words_of(self.request)
        self.speech: tuple[float, float] | None = None
        if speech is not None:
            self.end = (speech.ended_at - _EPOCH).total_seconds()
            began = (speech.started_at - _EPOCH).total_seconds()
            self.speech = (began, self.end)
        self.response: tuple[float, float] | None = None
        self.response_words = 0
        self.status: ResponseStatus | None = None
        if response is not None:
            self.status = response.status
            span, text = response.span, response.text
            if span is not None:
                self.end = (span.ended_at - _EPOCH).total_seconds()
                self.response = ((span.started_at - _EPOCH).total_seconds(), self.end)
            if text:
                self.response_words = text.count(" ") + 1
        self.device_state: str | None = turn.context.device_state if turn.context is not None else None
        self.wake_confidence: float | None = turn.wake.confidence if turn.wake is not None else None
        self.dimensions: Dimensions = _dimensions(
            nlu.domain if nlu is not None else None,
            nlu.intent if nlu is not None else None,
            device.type,
            device.locale,
            turn.channel,
            tuple(device.versions.items()),
        )
        self.playbacks: tuple[Playback, ...] = ()
        self.answers: tuple[ExplicitFeedback, ...] = ()

    @property
    def facets(self) -> Facets:
        """Dimensions of the turn, for events about it."""
        return self.dimensions.facets

    @property
    def occurred_at(self) -> datetime:
        """`at` in UTC, exact to the microsecond."""
        return datetime.fromtimestamp(self.at, UTC)

    @property
    def asked(self) -> bool:
        """The answer was a question back."""
        return self.status is _ASKED

    def recall_words(self) -> Words:
        """`words`, made again when they were forgotten."""
        words = self.words
        if words is None:
            words = self.words = words_of(self.request)
        return words

    def forget_words(self) -> None:
        """Nobody will compare the request any more; its words take as much memory as all the rest."""
        self.words = None

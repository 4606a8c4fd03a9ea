"""One turn of a dialogue with all that belongs to it, small enough to keep millions of them.

A validated `Turn` takes about 10 kB of memory; detectors need a tenth of it. So an exchange keeps what they read and
lets the turn go. It saves time as well: much of what a turn costs is waiting for memory.
"""

from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple

import orjson
from msgspec import Struct

from processors.similarity import Words, words_of
from processors.trace import Trace
from schemas.feedback import Facets
from schemas.turn import Channel, ExplicitFeedback, Playback, ResponseStatus, Slot, Span, Turn
from schemas.wire import SlotOnWire, TurnOnWire, read_versions

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ASKED = ResponseStatus.ASKED


class Dimensions(NamedTuple):
    """Facets of a turn, and the same as JSON."""

    facets: Facets
    json: orjson.Fragment


_MOST_BYTES = 2_048
"""Versions that are longer are not remembered, or a hostile fleet could fill the memory with them."""


def dimensions_of(
    domain: str | None,
    intent: str | None,
    device_type: str | None,
    locale: str | None,
    channel: Channel,
    versions: bytes,
) -> Dimensions:
    """They repeat from turn to turn: one object for all turns that share them.

    `versions` is a JSON object of strings; raises `msgspec.DecodeError` when it is not.
    """
    find = _dimensions if len(versions) <= _MOST_BYTES else _dimensions.__wrapped__
    return find(domain, intent, device_type, locale, channel, versions)


@lru_cache(maxsize=65_536)
def _dimensions(
    domain: str | None,
    intent: str | None,
    device_type: str | None,
    locale: str | None,
    channel: Channel,
    versions: bytes,
) -> Dimensions:
    facets = Facets(
        domain=domain,
        intent=intent,
        device_type=device_type,
        locale=locale,
        channel=channel,
        versions=read_versions(versions),
    )
    return Dimensions(facets, orjson.Fragment(facets.__pydantic_serializer__.to_json(facets, exclude_none=True)))


class Exchange(Struct, gc=False, eq=False):
    """A turn as detectors see it.

    `at`, `speech`, `response` and `end` are in seconds since the epoch, by the device's clock: when the turn
    began, when the person spoke (start, end), when the answer was heard (start, end), and the last of these that
    is known. `status` is None when nothing was answered; `response_words` counts the words that were meant to be said.
    `words` is the request prepared for comparison, or None when it was forgotten. `confidence` and `n_best` are those
    of the recogniser for the request.
    `playbacks` and `answers` are in event-time order. `trace` is what else the components told, for those who judge
    where a turn failed; None for all others. `slots` are those that were understood, `rewrite_id` is of the rewrite
    that had replaced the words, `entity` is the one of the result. `local_time` is HH:MM where the device stands.
    """

    event_id: str
    turn_id: str
    dialogue_id: str
    user_id: str
    device_id: str
    at: float
    speech: tuple[float, float] | None
    response: tuple[float, float] | None
    end: float
    request: str
    words: Words | None
    response_words: int
    status: ResponseStatus | None
    device_state: str | None
    wake_confidence: float | None
    dimensions: Dimensions
    response_text: str | None
    confidence: float | None
    n_best: tuple[str, ...]
    playbacks: tuple[Playback, ...] = ()
    answers: tuple[ExplicitFeedback, ...] = ()
    trace: Trace | None = None
    slots: tuple[Slot | SlotOnWire, ...] = ()
    rewrite_id: str | None = None
    rewritten_to: str | None = None
    entity: str | None = None
    local_time: str | None = None

    @classmethod
    def of(cls, turn: Turn) -> "Exchange":
        """The exchange of a validated turn."""
        response = turn.response
        return cls.seen(
            turn,
            _seconds(turn.occurred_at),
            None if turn.speech is None else _stretch(turn.speech),
            None if response is None or response.span is None else _stretch(response.span),
            orjson.dumps(turn.device.versions),
        )

    @classmethod
    def seen(
        cls,
        turn: Turn | TurnOnWire,
        at: float,
        speech: tuple[float, float] | None,
        heard: tuple[float, float] | None,
        versions: bytes,
    ) -> "Exchange":
        """The exchange of a turn whose times are known as numbers, and its versions as a JSON object.

        Raises `msgspec.DecodeError` when `versions` are not strings by name.
        """
        nlu, device, response, asr, context, wake = (
            turn.nlu, turn.device, turn.response, turn.asr, turn.context, turn.wake,
        )  # fmt: skip
        request = asr.text if asr is not None else turn.text or ""
        text = response.text if response is not None else None
        domain, intent = (nlu.domain, nlu.intent) if nlu is not None else (None, None)
        return cls(
            turn.event_id,
            turn.turn_id,
            turn.dialogue_id,
            turn.user_id,
            device.id,
            at,
            speech,
            heard,
            heard[1] if heard is not None else speech[1] if speech is not None else at,
            request,
            words_of(request),
            text.count(" ") + 1 if text else 0,
            response.status if response is not None else None,
            context.device_state if context is not None else None,
            wake.confidence if wake is not None else None,
            dimensions_of(domain, intent, device.type, device.locale, turn.channel, versions),
            text,
            asr.confidence if asr is not None else None,
            tuple([other.text for other in asr.n_best]) if asr is not None and asr.n_best else (),
            slots=nlu.slots if nlu is not None else (),
            rewrite_id=turn.rewrite.rewrite_id if turn.rewrite is not None else None,
            rewritten_to=turn.rewrite.target if turn.rewrite is not None else None,
            entity=response.entity if response is not None else None,
            local_time=context.local_time if context is not None else None,
        )

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

    def forget_hints(self) -> None:
        """No model will be asked: what only models read is let go."""
        self.response_text = self.confidence = self.entity = self.local_time = None

    def forget_words(self) -> None:
        """Nobody will compare the request any more; its words take as much memory as all the rest."""
        self.words = None


def _stretch(span: Span) -> tuple[float, float]:
    return _seconds(span.started_at), _seconds(span.ended_at)


def _seconds(at: datetime) -> float:
    return (at - _EPOCH).total_seconds()

"""One turn of a dialogue with all that belongs to it, small enough to keep millions of them.

A validated `Turn` takes about 10 kB of memory; detectors need a tenth of it. So an exchange keeps what they read and
lets the turn go.
"""

from functools import lru_cache

from schemas.feedback import Facets
from schemas.turn import Channel, ExplicitFeedback, Playback, ResponseStatus, Span, Turn


def _seconds(span: Span | None) -> tuple[float, float] | None:
    return None if span is None else (span.started_at.timestamp(), span.ended_at.timestamp())


@lru_cache(maxsize=65_536)
def _facets(
    domain: str | None,
    intent: str | None,
    device_type: str | None,
    locale: str | None,
    channel: Channel,
    versions: tuple[tuple[str, str], ...],
) -> Facets:
    """Facets repeat from turn to turn: one object for all turns that share them."""
    return Facets(
        domain=domain,
        intent=intent,
        device_type=device_type,
        locale=locale,
        channel=channel,
        versions=dict(versions),
    )


class Exchange:
    """A turn as detectors see it.

    `at`, `speech` and `response` are in seconds since the epoch, by the device's clock: when the turn began, when the
    person spoke (start, end), when the answer was heard (start, end). `status` is None when nothing was answered;
    `response_words` counts the words that were meant to be said.
    `playbacks` and `answers` are in event-time order. `woken` is None when the turn does not say how it was addressed.
    """

    __slots__ = (
        "answers",
        "at",
        "device_id",
        "device_state",
        "dialogue_id",
        "event_id",
        "facets",
        "n_best",
        "occurred_at",
        "playbacks",
        "request",
        "response",
        "response_words",
        "rewritten",
        "slots",
        "speech",
        "status",
        "turn_id",
        "user_id",
        "wake_confidence",
    )

    def __init__(self, turn: Turn) -> None:
        nlu, device, response = turn.nlu, turn.device, turn.response
        self.event_id = turn.event_id
        self.turn_id = turn.turn_id
        self.dialogue_id = turn.dialogue_id
        self.user_id = turn.user_id
        self.device_id = device.id
        self.occurred_at = turn.occurred_at
        self.at: float = turn.occurred_at.timestamp()
        self.request: str = turn.request
        self.n_best: tuple[str, ...] = tuple(h.text for h in turn.asr.n_best) if turn.asr and turn.asr.n_best else ()
        self.speech = _seconds(turn.speech)
        self.response = _seconds(response.span) if response is not None else None
        self.response_words: int = response.text.count(" ") + 1 if response is not None and response.text else 0
        self.status: ResponseStatus | None = response.status if response is not None else None
        self.slots: tuple[tuple[str, str], ...] = (
            tuple((s.type, s.value) for s in nlu.slots) if nlu is not None and nlu.slots else ()
        )
        self.device_state: str | None = turn.context.device_state if turn.context is not None else None
        self.wake_confidence: float | None = turn.wake.confidence if turn.wake is not None else None
        self.rewritten: bool = turn.rewrite is not None
        self.facets: Facets = _facets(
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
    def asked(self) -> bool:
        """The answer was a question back."""
        return self.status is ResponseStatus.ASKED

    @property
    def end(self) -> float:
        """The last time that is known of it: when the answer was over, or the speech, or when the turn began."""
        if self.response is not None:
            return self.response[1]
        if self.speech is not None:
            return self.speech[1]
        return self.at

"""What a device fleet sends: a turn, what its player did, an answer to "did I get that right?"."""

from enum import StrEnum
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, TypeAdapter, model_validator

from schemas.contract import Contract, Event, Id, Instant, Score


class Channel(StrEnum):
    """How people talk to the assistant."""

    VOICE = "voice"
    CHAT = "chat"


class ResponseStatus(StrEnum):
    """What the assistant says of its own answer."""

    ANSWERED = "answered"
    ASKED = "asked"  # a question back: a prompt, a confirmation, a clarification
    NOT_UNDERSTOOD = "not-understood"
    UNSUPPORTED = "unsupported"
    FAILED = "failed"


class PlaybackState(StrEnum):
    """What a player did."""

    STARTED = "started"
    PAUSED = "paused"
    RESUMED = "resumed"
    STOPPED = "stopped"
    FINISHED = "finished"


class PlaybackKind(StrEnum):
    """What is played. A ringing alarm that is stopped did its job; a song that is stopped may not have."""

    SPEECH = "speech"
    MEDIA = "media"
    ALARM = "alarm"
    TIMER = "timer"


class StoppedBy(StrEnum):
    """Who ended a playback."""

    VOICE = "voice"
    BUTTON = "button"
    SYSTEM = "system"


class Answer(StrEnum):
    """A person's own verdict."""

    YES = "yes"
    NO = "no"
    UNCLEAR = "unclear"


class Device(Contract):
    """The device and the versions of the components that answered (`asr`, `nlu`, `entity`, `dialogue`, ...)."""

    id: Id
    type: str | None = Field(None, description="speaker, display, phone, car, ...")
    screen: bool | None = None
    locale: str | None = Field(None, description="BCP 47 tag, such as en-US")
    versions: dict[str, str] = Field(default_factory=dict)


class Wake(Contract):
    """How the device was addressed."""

    word: str | None = None
    confidence: Score | None = None


class AsrHypothesis(Contract):
    text: str
    confidence: Score | None = None


class Asr(Contract):
    """What the recogniser heard: its best text and the alternatives, best first."""

    text: str
    confidence: Score | None = None
    n_best: tuple[AsrHypothesis, ...] = ()


class Slot(Contract):
    """A part of an interpretation: type, the words, the entity they were resolved to and how surely."""

    type: str
    value: str
    entity: str | None = None
    score: Score | None = None


class Interpretation(Contract):
    """domain | intent | slots."""

    domain: str
    intent: str
    slots: tuple[Slot, ...] = ()
    confidence: Score | None = None


class Nlu(Interpretation):
    """The chosen interpretation and the alternatives, best first."""

    n_best: tuple[Interpretation, ...] = ()


class Span(Contract):
    """A stretch of time."""

    started_at: Instant
    ended_at: Instant

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.ended_at < self.started_at:
            raise ValueError(f"ended_at {self.ended_at.isoformat()} is before started_at {self.started_at.isoformat()}")
        return self


class Response(Contract):
    """What the assistant answered and did. `span` is when it was heard (voice) or shown (chat)."""

    text: str | None = None
    status: ResponseStatus = ResponseStatus.ANSWERED
    action: str | None = Field(None, description="the API or skill that was called")
    entity: str | None = Field(None, description="the entity of the result, such as the track that plays")
    span: Span | None = None


class Context(Contract):
    """What the device knew when it was addressed."""

    device_state: str | None = Field(None, description="idle, playing, alarm-ringing, in-call, ...")
    activity: str | None = None
    local_time: str | None = Field(None, pattern=r"^\d{2}:\d{2}$", description="HH:MM where the device stands")
    place: str | None = None


class AppliedRewrite(Contract):
    """The rewrite that replaced the words before they were understood."""

    rewrite_id: Id
    source: str
    target: str


class DeviceEvent(Event):
    """What all events of a device carry. A user's events share a partition: the key is `user_id`."""

    topic_suffix: ClassVar[str] = "turn-events.v1"

    turn_id: Id
    dialogue_id: Id
    user_id: Id
    device: Device


class Turn(DeviceEvent):
    """One request and its answer. Parts that a real assistant would not have are left out."""

    type: Literal["turn"] = "turn"
    channel: Channel = Channel.VOICE
    wake: Wake | None = None
    asr: Asr | None = None
    text: str | None = Field(None, description="what was typed, on a chat channel")
    speech: Span | None = Field(None, description="when the person spoke, by the device's clock")
    nlu: Nlu | None = None
    response: Response | None = None
    context: Context | None = None
    rewrite: AppliedRewrite | None = None
    synthetic_timing: bool = Field(False, description="times were made by an adapter, the source has none")

    @property
    def request(self) -> str:
        """The words as the assistant got them; empty when it heard none."""
        return self.asr.text if self.asr is not None else self.text or ""


class Playback(DeviceEvent):
    """A player started, paused, stopped or finished what a turn asked for."""

    type: Literal["playback"] = "playback"
    kind: PlaybackKind = PlaybackKind.MEDIA
    state: PlaybackState
    position_ms: int | None = Field(None, ge=0)
    stopped_by: StoppedBy | None = None
    domain: str | None = None


class ExplicitFeedback(DeviceEvent):
    """A person answered when asked whether the turn was right. `propensity`: probability of having been asked."""

    type: Literal["explicit-feedback"] = "explicit-feedback"
    question: str | None = None
    answer: Answer
    rating: int | None = Field(None, ge=1, le=5)
    text: str | None = None
    propensity: Score | None = None


TurnEvent = Annotated[Turn | Playback | ExplicitFeedback, Field(discriminator="type")]
"""What travels on `turn-events`."""

TURN_EVENT: TypeAdapter[Turn | Playback | ExplicitFeedback] = TypeAdapter(TurnEvent)

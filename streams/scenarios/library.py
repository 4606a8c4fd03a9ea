"""The hand-written scenarios, as typed data."""

import tomllib
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from schemas.turn import Answer, Channel, PlaybackKind, ResponseStatus, StoppedBy

LIBRARY = Path(__file__).with_name("library.toml")


class _Written(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Play(_Written):
    """What the player did with the answer, `seconds` long."""

    kind: PlaybackKind
    seconds: float
    ends: Literal["finished", "stopped"]
    by: StoppedBy | None = None


class Ask(_Written):
    """The person was asked whether the answer was right."""

    answer: Answer
    question: str | None = None
    rating: int | None = None


class ScriptedTurn(_Written):
    """One turn as it is written down; times in seconds."""

    say: str
    heard: str | None = None
    domain: str | None = None
    intent: str
    slots: dict[str, str] = Field(default_factory=dict)
    answer: str
    status: ResponseStatus = ResponseStatus.ANSWERED
    action: str | None = None
    entity: str | None = None
    wait: float = 3.0
    interrupts: Annotated[float, Field(gt=0, lt=1)] | None = None
    confidence: float = 0.94
    wake: float = 0.97
    state: str | None = None
    play: Play | None = None
    ask: Ask | None = None


class Scenario(_Written):
    """One dialogue as it is written down."""

    name: str
    domain: str
    language: str = "en"
    channel: Channel = Channel.VOICE
    weight: float = 1.0
    incident_weight: float | None = None
    devices: tuple[str, ...] = ("speaker", "display", "phone", "car")
    turns: tuple[ScriptedTurn, ...]


class Library(_Written):
    """All scenarios, and the values that their placeholders stand for."""

    values: dict[str, tuple[str, ...]]
    scenario: tuple[Scenario, ...]


@cache
def library() -> Library:
    """The scenarios of `library.toml`. Raises pydantic's `ValidationError` when one is not written as it should be."""
    return Library.model_validate(tomllib.loads(LIBRARY.read_text()), strict=False)

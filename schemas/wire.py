"""A turn as it is read off the wire fast: the same fields as `schemas.turn.Turn`, for msgspec.

The models of `schemas.turn` are the contract. What is here accepts less: each struct takes only fields that the model
knows, of exactly the type that JSON gives them, within the model's ranges. So whoever reads with `read_turn` asks the
model about all that is refused here. Patterns, times and the order of spans are left to `streams.proof`, which knows
what of them it can prove. A test holds these structs to the models, field by field.
"""

from typing import Annotated, Literal, NamedTuple

from msgspec import Meta, Raw, Struct
from msgspec.json import Decoder

from schemas.contract import SCHEMA_VERSION
from schemas.turn import Channel, ResponseStatus, Turn

_Id = Annotated[str, Meta(min_length=1, max_length=128)]
_Score = Annotated[float, Meta(ge=0.0, le=1.0)]


class _OnWire(Struct, forbid_unknown_fields=True, gc=False):
    """What holds nothing that could hold it is no work for the garbage collector."""


class DeviceOnWire(_OnWire):
    """`schemas.turn.Device`, its versions as they are written: a fleet has few sets of them, no need to read each."""

    id: _Id
    type: str | None = None
    screen: bool | None = None
    locale: str | None = None
    versions: Raw = Raw(b"{}")


class WakeOnWire(_OnWire):
    """`schemas.turn.Wake`"""

    word: str | None = None
    confidence: _Score | None = None


class AsrHypothesisOnWire(_OnWire):
    """`schemas.turn.AsrHypothesis`"""

    text: str
    confidence: _Score | None = None


class AsrOnWire(_OnWire):
    """`schemas.turn.Asr`"""

    text: str
    confidence: _Score | None = None
    n_best: tuple[AsrHypothesisOnWire, ...] = ()


class SlotOnWire(_OnWire):
    """`schemas.turn.Slot`"""

    type: str
    value: str
    entity: str | None = None
    score: _Score | None = None


class InterpretationOnWire(_OnWire):
    """`schemas.turn.Interpretation`"""

    domain: str
    intent: str
    slots: tuple[SlotOnWire, ...] = ()
    confidence: _Score | None = None


class NluOnWire(InterpretationOnWire):
    """`schemas.turn.Nlu`"""

    n_best: tuple[InterpretationOnWire, ...] = ()


class SpanOnWire(_OnWire):
    """`schemas.turn.Span`, its times as they are written and in any order."""

    started_at: str
    ended_at: str


class ResponseOnWire(_OnWire):
    """`schemas.turn.Response`"""

    text: str | None = None
    status: ResponseStatus = ResponseStatus.ANSWERED
    action: str | None = None
    entity: str | None = None
    span: SpanOnWire | None = None


class ContextOnWire(_OnWire):
    """`schemas.turn.Context`, its local time as it is written."""

    device_state: str | None = None
    activity: str | None = None
    local_time: str | None = None
    place: str | None = None


class AppliedRewriteOnWire(_OnWire):
    """`schemas.turn.AppliedRewrite`"""

    rewrite_id: _Id
    source: str
    target: str


class TurnOnWire(_OnWire, kw_only=True):
    """`schemas.turn.Turn`, its version and time as they are written."""

    schema_version: str = SCHEMA_VERSION
    event_id: _Id
    occurred_at: str
    turn_id: _Id
    dialogue_id: _Id
    user_id: _Id
    device: DeviceOnWire
    type: Literal["turn"]
    channel: Channel = Channel.VOICE
    wake: WakeOnWire | None = None
    asr: AsrOnWire | None = None
    text: str | None = None
    speech: SpanOnWire | None = None
    nlu: NluOnWire | None = None
    response: ResponseOnWire | None = None
    context: ContextOnWire | None = None
    rewrite: AppliedRewriteOnWire | None = None
    synthetic_timing: bool = False


class TimedTurn(NamedTuple):
    """A valid turn, whichever way it was read, with what the two ways read differently: its times and its versions.

    `at`, `speech` and `heard` are in seconds since the epoch: when the turn began, when the person spoke (start, end)
    and when the answer was heard (start, end).
    """

    turn: Turn | TurnOnWire
    at: float
    speech: tuple[float, float] | None
    heard: tuple[float, float] | None
    versions: dict[str, str]


read_turn = Decoder(TurnOnWire).decode
"""The turn in a record's bytes; raises `msgspec.DecodeError` for all that the model has to judge."""

read_versions = Decoder(dict[str, str]).decode
"""The versions of a device by component; raises `msgspec.DecodeError` when they are not strings by name."""

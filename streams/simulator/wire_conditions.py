"""What a network and cheap clocks do to a fleet's events, in numbers."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

_Share = Annotated[float, Field(ge=0.0, le=1.0)]
_Amount = Annotated[float, Field(ge=0.0)]


class WireConditions(BaseModel):
    """Probabilities are of one event; the default changes nothing.

    `skew_ms` and `drift_ppm` are standard deviations over devices, of the clock's error and of how fast it grows.
    `player_skew_ms` is that of the player's clock against the microphone's, on the same device. Late events are delayed
    by up to `most_delay_ms`; every event takes `delay_ms` on average.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    skew_ms: _Amount = 0.0
    drift_ppm: _Amount = 0.0
    player_skew_ms: _Amount = 0.0
    loss: _Share = 0.0
    duplicates: _Share = 0.0
    late: _Share = 0.0
    delay_ms: _Amount = 0.0
    most_delay_ms: Annotated[float, Field(ge=0.0, le=600_000.0)] = 20_000.0

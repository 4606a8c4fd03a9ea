"""How far a device's two clocks are apart: the one that stamps speech and the one that stamps answers."""

from typing import ClassVar, Literal

from pydantic import Field, TypeAdapter

from schemas.contract import Event, Id


class ClockSkew(Event):
    """What is known of one device. The topic is compacted by `device_id`; a later event replaces an earlier one.

    `occurred_at`: event time of the last turn it rests on, by the device's own clock.
    """

    topic_suffix: ClassVar[str] = "clock-skew.v1"

    type: Literal["clock-skew"] = "clock-skew"
    device_id: Id
    offset_ms: float = Field(description="the answer clock minus the speech clock: take it off times of answers")
    spread_ms: float = Field(ge=0.0, description="standard error of the offset")
    latency_ms: float = Field(description="low quantile of the time from a request's end to its answer, as stamped")
    samples: int = Field(ge=0, description="turns it rests on")


CLOCK_SKEW: TypeAdapter[ClockSkew] = TypeAdapter(ClockSkew)

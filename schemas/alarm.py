"""A component broke: where, since when, how badly, and whether it is over."""

from typing import ClassVar, Literal, Self

from pydantic import Field, TypeAdapter, model_validator

from schemas.contract import Contract, Event, Instant, Score
from schemas.failure_point import FailurePoint


class AlarmScope(Contract):
    """Where a component broke: everywhere, or only where all that is set here holds."""

    domain: str | None = None
    device_type: str | None = None
    locale: str | None = None
    component: str | None = Field(None, description="the component whose version is named, as devices call it")
    version: str | None = Field(None, description="of `component`; both are set or none")

    @model_validator(mode="after")
    def _a_version_of_something(self) -> Self:
        if (self.component is None) != (self.version is None):
            raise ValueError("component and version are both set or both left out")
        return self


class Alarm(Event):
    """A component fails more often than its own past explains, somewhere, since some minute.

    `occurred_at` is the first minute of it and never changes; a later revision of the same `event_id` replaces an
    earlier one. Rates are shares of the turns within the scope.
    """

    topic_suffix: ClassVar[str] = "alarms.v1"

    type: Literal["alarm"] = "alarm"
    failure_point: FailurePoint = Field(description="the component that broke; never `correct`")
    scope: AlarmScope
    raised_at: Instant = Field(description="event time up to which turns were known when it was raised")
    ended_at: Instant | None = Field(None, description="the first minute in which the rate was back")
    expected: Score = Field(description="the rate before")
    observed: Score = Field(description="the rate since")
    turns: int = Field(ge=0, description="turns in the scope that the observed rate rests on")
    evidence: float = Field(description="natural logarithm of the evidence for a break over none")
    test: str = Field(description="name/version of the test")
    summary: str = Field(description="all of it in words")
    revision: int = Field(0, ge=0)

    @model_validator(mode="after")
    def _something_broke(self) -> Self:
        if self.failure_point is FailurePoint.CORRECT:
            raise ValueError("an alarm names the component that broke; `correct` is none")
        return self

    @property
    def open(self) -> bool:
        """Whether it still goes on, as far as is known."""
        return self.ended_at is None


ALARM: TypeAdapter[Alarm] = TypeAdapter(Alarm)

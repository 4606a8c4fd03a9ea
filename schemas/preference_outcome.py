"""Whether an answer did as a person had taught; without words."""

from typing import ClassVar, Literal

from pydantic import Field, TypeAdapter

from schemas.contract import Event, Id


class PreferenceOutcome(Event):
    """What an answer made of a preference that the request went by. `event_id` is derived from turn and preference.

    `occurred_at` is that of the turn. Records go to the partition of `user_id`.
    """

    topic_suffix: ClassVar[str] = "preference-outcomes.v1"

    type: Literal["preference-outcome"] = "preference-outcome"
    preference_id: Id = Field(description="event_id of the preference")
    user_id: Id
    turn_id: Id = Field(description="the turn whose answer shows it")
    attribute: str = Field(min_length=1, description="what the preference is about")
    obeyed: bool = Field(description="the answer did as it says; otherwise it was ignored")
    retracted: bool = Field(False, description="a late turn showed that the request did not go by it")
    detector: str = Field(description="name/version of what compared them")
    revision: int = Field(0, ge=0)


PREFERENCE_OUTCOME: TypeAdapter[PreferenceOutcome] = TypeAdapter(PreferenceOutcome)

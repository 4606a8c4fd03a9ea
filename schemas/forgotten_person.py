"""A person asked to be forgotten: whoever keeps something of them drops it."""

from typing import ClassVar, Literal

from pydantic import Field, TypeAdapter

from schemas.contract import Event, Id


class ForgottenPerson(Event):
    """Everything that happened or was said of `user_id` up to this record's time on the broker is to be dropped.

    What comes later is kept again: somebody who goes on using the assistant begins anew. `occurred_at` is when it was
    asked for. Taking it twice is taking it once.
    """

    topic_suffix: ClassVar[str] = "forgotten-people.v1"

    type: Literal["forgotten-person"] = "forgotten-person"
    user_id: Id
    asked_by: str | None = Field(None, description="where it was asked for, such as http/1 or command/1")


FORGOTTEN_PERSON: TypeAdapter[ForgottenPerson] = TypeAdapter(ForgottenPerson)

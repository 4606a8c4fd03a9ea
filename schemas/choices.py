"""What a person chose of late, so that what they always choose can be asked about whoever counts."""

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, StringConstraints, TypeAdapter, model_validator

from schemas.contract import Contract, Event, Id

Mark = Annotated[str, StringConstraints(min_length=1, max_length=32)]


class ChosenAt(Contract):
    """What was chosen for one slot, the latest last: `entities[i]` in the dialogue with the mark `dialogues[i]`."""

    domain: str
    slot: str
    entities: tuple[str, ...]
    dialogues: tuple[Mark, ...]

    @model_validator(mode="after")
    def _one_a_dialogue(self) -> Self:
        if len(self.entities) != len(self.dialogues):
            raise ValueError(f"{len(self.entities)} entities of {len(self.dialogues)} dialogues; one of each is due")
        return self


class Choices(Event):
    """The last choices of one person. The topic is compacted by `user_id`; no value forgets them.

    `occurred_at`: of the last turn that they rest on.
    """

    topic_suffix: ClassVar[str] = "choices.v1"

    type: Literal["choices"] = "choices"
    user_id: Id
    chosen: tuple[ChosenAt, ...]
    asked: tuple[Id, ...] = Field((), description="event_id of the preferences that were asked about, the latest last")


CHOICES: TypeAdapter[Choices] = TypeAdapter(Choices)

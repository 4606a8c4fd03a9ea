"""CCPE-M: interviews in which an assistant asks people which films they like and why.

Radlinski et al., SIGDIAL 2019. Every turn has one annotation; turns that name a film often state a preference as well,
so strict scoring leaves them out.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from pydantic import Field

from models.preference.attributes import EntityType
from models.preference.features import Turn
from streams.adapters.source import Row, rows_of

NAME = "ccpe"
EXPECTS = "interviews as JSON lines with the fields id and turns (speaker, text, annotation, entity_type)"
RECOGNISED_BY = frozenset({"annotation", "entity_type"})
"""Fields of a turn that no other data set has."""


class Speaker(StrEnum):
    SYSTEM = "system"
    USER = "user"


class Annotation(StrEnum):
    """What a turn says of films and their like."""

    PREFERENCE = "ENTITY_PREFERENCE"
    NAME = "ENTITY_NAME"
    DESCRIPTION = "ENTITY_DESCRIPTION"
    ENTITY_OTHER = "ENTITY_OTHER"
    OTHER = "OTHER"


class Said(Row):
    speaker: Speaker
    text: str
    annotation: Annotation | None = None
    entity_type: EntityType | None = None


class Interview(Row):
    id: str = Field(min_length=1)
    turns: tuple[Said, ...]


@dataclass(frozen=True, slots=True)
class UserTurn:
    """A turn of the person who is asked, with what was said just before it. `place`: its number in the interview."""

    interview_id: str
    place: int
    turn: Turn
    annotation: Annotation | None
    entity_type: EntityType | None


def interviews_of(folder: Path) -> Iterator[Interview]:
    """All interviews of a folder. Raises `AdapterError`."""
    return rows_of(folder, Interview, EXPECTS)


def user_turns(interview: Interview) -> Iterator[UserTurn]:
    """The turns of the person who is asked, in order."""
    question = before = ""
    for place, said in enumerate(interview.turns):
        if said.speaker is Speaker.SYSTEM:
            question, before = said.text, ""
            continue
        turn = Turn(said.text, question, before)
        yield UserTurn(interview.id, place, turn, said.annotation, said.entity_type)
        before = f"{before} {said.text}".strip()

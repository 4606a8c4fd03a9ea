"""The user turns of Schema-Guided Dialogue, with the values that they give and those that they correct."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pydantic import Field

from streams.adapters.sgd import EXPECTS, Said, Speaker
from streams.adapters.source import Row, rows_of

_INFORM = "INFORM"

Values = tuple[str, ...]


class CorrectingSaid(Said):
    """A turn of a side. `correction`: slot -> (the value that the assistant took, the value that was meant)."""

    correction: dict[str, tuple[Values | None, Values]] | None = None


class CorrectedDialogue(Row):
    id: str = Field(min_length=1)
    turns: tuple[CorrectingSaid, ...]


@dataclass(frozen=True, slots=True)
class UserTurn:
    """A turn of the user with what was said before it. `given`: the values of its slots; `corrected`: slot -> values
    that replace what the assistant took, of which the first is the usual way to say it."""

    dialogue_id: str
    text: str
    request: str
    response: str
    given: Values
    corrected: dict[str, Values]


def user_turns_of(folder: Path) -> Iterator[tuple[UserTurn, ...]]:
    """The user turns of each dialogue. Raises `AdapterError` at the first line that cannot be read."""
    for dialogue in rows_of(folder, CorrectedDialogue, EXPECTS):
        turns = []
        request = response = ""
        for said in dialogue.turns:
            if said.speaker is Speaker.SYSTEM:
                response = said.text
                continue
            given = tuple(value for act, _, values, _ in said.acts if act == _INFORM for value in values)
            corrected = {slot: values for slot, (_, values) in (said.correction or {}).items()}
            turns.append(UserTurn(dialogue.id, said.text, request, response, given, corrected))
            request = said.text
        yield tuple(turns)

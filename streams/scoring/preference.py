"""`earshot score preference`: which turns state a preference, and which one."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import orjson
from pydantic import Field

from models.preference.features import Turn
from models.preference.gate import elicits
from models.preference.model import PreferenceModel, Statement
from schemas.turn import TURN_EVENT
from schemas.turn import Turn as TurnEvent
from streams.adapters.source import AdapterError, Row, lines_of, told_where
from streams.scoring.rows import rows_to
from streams.scoring.said import ASSISTANTS, SaidTurn

EXPECTS: Final = (
    "JSON lines with the fields id and turns: a list of {role, text}, or of {speaker, text} as in ccpe and "
    "topical_chat; or turn events"
)
GUIDED_FROM: Final = 0.4
"""Share of the assistant's turns that ask for likes, from which on a dialogue is a teaching one."""
_BATCH: Final = 256
_ASSISTANTS: Final = ASSISTANTS | {"agent_2"}

Progress = Callable[[str], None]


class ScoredDialogue(Row):
    """A line of the input."""

    id: str | int
    turns: tuple[SaidTurn, ...] = Field(min_length=1)


@dataclass(frozen=True, slots=True)
class Asked:
    """A turn to score. `place`: its number in the dialogue, where every turn of the user is scored."""

    id: str | int
    place: int | None
    turn: Turn
    guided: bool


def score(source: Path, target: Path, progress: Progress, model: PreferenceModel | None = None) -> int:
    """Score the rows of a file; how many were written. `target` appears when all of them are scored.

    Raises `AdapterError` with file and line at the first that cannot be read, `ScoresNotWritten`, and what loading the
    model raises.
    """
    if not source.is_file():
        raise AdapterError(f"there is no file {source}; expected {EXPECTS}")
    asked = list(_asked(source))
    model = model or PreferenceModel.load()
    with rows_to(target) as out:
        for start in range(0, len(asked), _BATCH):
            batch = asked[start : start + _BATCH]
            for one, found in zip(batch, judged(batch, model), strict=True):
                out.write(row_of(one, found))
            progress(f"{min(start + _BATCH, len(asked)):,} of {len(asked):,} turns")
    return len(asked)


def judged(asked: Sequence[Asked], model: PreferenceModel) -> list[Statement]:
    """What the model says of each turn, in their order."""
    found = [Statement()] * len(asked)
    for guided in (False, True):
        places = [at for at, one in enumerate(asked) if one.guided is guided]
        for at, said in zip(places, model.find([asked[at].turn for at in places], guided=guided), strict=True):
            found[at] = said
    return found


def row_of(one: Asked, found: Statement) -> dict[str, Any]:
    """A line of the output."""
    row: dict[str, Any] = {"id": one.id}
    if one.place is not None:
        row["turn"] = one.place
    row |= {"label": "preference" if found.states else "none", "score": found.score, "guided": one.guided}
    row["spans"] = [
        {"type": part.type.value, "text": part.text, "start": part.start, "end": part.end} for part in found.parts
    ]
    for name in ("attribute", "polarity", "scope", "entity_type", "sensitive"):
        value = getattr(found, name)
        row[name] = value.value if value is not None else None
    for name in ("person", "condition", "time"):
        part = getattr(found, name)
        row[name] = part.text if part is not None else None
    return row


def is_guided(questions: Sequence[str]) -> bool:
    """Whether what the assistant says in a dialogue asks for likes, most of the time."""
    asking = [elicits(question) for question in questions if question.strip()]
    return bool(asking) and sum(asking) / len(asking) >= GUIDED_FROM


def asked_of(dialogue: ScoredDialogue, every: bool) -> Iterator[Asked]:
    """The turns of the user that are scored: `every` one, or the last. Raises `ValueError` where there is none."""
    guided = is_guided([said.text for said in dialogue.turns if said.by_one_of(_ASSISTANTS)])
    question = before = ""
    found: list[Asked] = []
    for place, said in enumerate(dialogue.turns):
        if said.by_one_of(_ASSISTANTS):
            question, before = said.text, ""
            continue
        found.append(Asked(dialogue.id, place if every else None, Turn(said.text, question, before), guided))
        before = f"{before} {said.text}".strip()
    if not found:
        raise ValueError("turns: none of them is the user's")
    yield from found if every else found[-1:]


def _asked(source: Path) -> Iterator[Asked]:
    question: dict[str, str] = {}
    for number, line in lines_of(source):
        with told_where(source, number, EXPECTS):
            if b'"turns"' not in line:
                yield from _of_event(line, question)
                continue
            row = orjson.loads(line)
            every = "speaker" in row["turns"][0] if isinstance(row, dict) and row.get("turns") else False
            yield from asked_of(ScoredDialogue.model_validate(row), every)


def _of_event(line: bytes, question: dict[str, str]) -> Iterator[Asked]:
    """A turn event, with the response before it in its dialogue."""
    event = TURN_EVENT.validate_json(line)
    if not isinstance(event, TurnEvent):
        return
    asked = question.get(event.dialogue_id, "")
    question[event.dialogue_id] = event.response.text or "" if event.response is not None else ""
    if event.request:
        yield Asked(event.turn_id, None, Turn(event.request, asked), guided=False)

"""SLURP: spoken commands to a home assistant, with what was recognised and understood, and which component failed."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final, TypeVar

from pydantic import Field, ValidationError
from pydantic_core import from_json

from models.failure_point_commands.command import Command, Entity
from schemas.failure_point import FailurePoint
from streams.adapters.source import AdapterError, Row, files_of, lines_of, rows_in

NAME: Final = "slurp"
EXPECTS: Final = (
    "recordings as JSON lines with the fields id, asr_text, hyp_intent, hyp_entities and far_field, and where labels "
    "are needed failure_point, mixed and gold_text"
)
EXPECTS_CHECKED: Final = "commands as JSON lines with the fields text and intent, and where known entities"
ASKED: Final = frozenset({"asr_text", "hyp_intent", "hyp_entities"})
"""Fields by which a line of recordings is told."""

_CHECKED: Final = frozenset({"text", "intent"})


class MarkedEntity(Row):
    type: str
    value: str


class Recording(Row):
    """One recording of a command: what the assistant made of it. Labels are read by `LabelledRecording` alone."""

    id: str | int | None = None
    asr_text: str
    hyp_intent: str | None
    hyp_entities: tuple[MarkedEntity, ...] = ()
    far_field: bool = False

    @property
    def command(self) -> Command:
        """What a classifier may see."""
        return Command(self.asr_text, self.hyp_intent or "", _entities(self.hyp_entities), self.far_field)


class LabelledRecording(Recording):
    """`mixed`: two runs of the assistant erred differently, so that the cause is not clear-cut."""

    failure_point: FailurePoint
    gold_text: str = Field(min_length=1)
    mixed: bool = False


R = TypeVar("R", bound=Recording)


class CheckedCommand(Row):
    """A command with the intent and the entities that people gave it."""

    text: str = Field(min_length=1)
    intent: str
    entities: tuple[MarkedEntity, ...] = ()

    @property
    def command(self) -> Command:
        return Command(self.text, self.intent, _entities(self.entities))


def labelled_of(folder: Path) -> Iterator[LabelledRecording]:
    """The recordings of all files of a folder that hold recordings. Raises `AdapterError` where there are none, and
    at the first line that cannot be read."""
    for path in _files(folder, ASKED):
        yield from rows_in(path, LabelledRecording, EXPECTS)


def checked_of(folder: Path) -> Iterator[CheckedCommand]:
    """The checked commands of all files of a folder that hold some: of the sets slurp, hwu64 and clinc150.

    Raises `AdapterError` where there are none, and at the first line that cannot be read.
    """
    for path in _files(folder, _CHECKED):
        yield from rows_in(path, CheckedCommand, EXPECTS_CHECKED)


def parsed(rows: Iterable[Mapping[str, object]], kind: type[R]) -> list[R]:
    """Lines that were read elsewhere, as recordings. Raises `AdapterError` with the place of the first that is none."""
    recordings = []
    for at, row in enumerate(rows):
        try:
            recordings.append(kind.model_validate(row))
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            where = ".".join(map(str, first["loc"]))
            raise AdapterError(f"row {at}: {where}: {first['msg']}; expected {EXPECTS}") from error
    return recordings


def is_recording(fields: frozenset[str]) -> bool:
    """Whether a line with these fields is a recording in this format."""
    return fields >= ASKED


def _files(folder: Path, fields: frozenset[str]) -> list[Path]:
    wanted = ", ".join(sorted(fields))
    files = [path for path in files_of(folder, EXPECTS) if _fields_of(path) >= fields]
    if not files:
        raise AdapterError(f"{folder} has no file of lines with the fields {wanted}")
    return files


def _fields_of(path: Path) -> frozenset[str]:
    """Of the first line; none where it is no object."""
    for number, line in lines_of(path):
        try:
            first = from_json(line)
        except ValueError as error:
            raise AdapterError(f"{path}, line {number}: not JSON ({error}); expected {EXPECTS}") from error
        return frozenset(first) if isinstance(first, dict) else frozenset()
    return frozenset()


def _entities(marked: tuple[MarkedEntity, ...]) -> tuple[Entity, ...]:
    return tuple(Entity(one.type, one.value) for one in marked)

"""`earshot score failure-point`: turn events in, where each turn failed out."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

import orjson
from pydantic import ValidationError

from models.failure_point import FAILURE_POINT_FOLDER, FailurePointModel, Judgement
from processors.failure_case import FailureCase, case_of
from schemas.failure_point import FailurePoint
from schemas.turn import TURN_EVENT, Turn, TurnEvent
from streams.adapters.slurp import Recording, is_recording
from streams.adapters.source import AdapterError, lines_of, rows_in
from streams.scoring.rephrase import ScoresNotWritten
from streams.training.failure_point_sets import dialogues_of, signals_about

EXPECTS: Final = (
    "turn events (also playback and explicit-feedback) as JSON lines in the wire format, or commands with the fields "
    "asr_text, hyp_intent and hyp_entities"
)
_POINTS: Final = tuple(point.value for point in FailurePoint)

Progress = Callable[[str], None]


def score(source: Path, target: Path, progress: Progress, folder: Path = FAILURE_POINT_FOLDER) -> int:
    """Write id, failure_point, probabilities and abstained for each turn of `source`, in its order; returns how many.

    Turns are judged with all of their dialogues known, whatever the order of the lines; a turn that stands there twice
    is judged once. Commands are judged from what was recognised and understood alone. The target appears only when it
    is complete. Raises `AdapterError` with file and line at the first that is neither, `ScoresNotWritten`,
    `ModelFolderError` and `ModelsNotInstalled`.
    """
    rows = _scored_commands(source) if _holds_commands(source) else list(_scored(source, progress, folder))
    _write(rows, target)
    return len(rows)


def judged_turns(events: Sequence[TurnEvent], model: FailurePointModel) -> dict[str, Judgement]:
    """The judgement on each turn by its id, with all of its dialogue known."""
    turns: list[str] = []
    cases: list[FailureCase] = []
    for exchanges in dialogues_of(events):
        about = signals_about(exchanges)
        for at, exchange in enumerate(exchanges):
            turns.append(exchange.turn_id)
            cases.append(case_of(exchanges, at, about[exchange.turn_id], closed=True))
    return dict(zip(turns, model.judge(cases), strict=True))


def _scored(source: Path, progress: Progress, folder: Path) -> Iterator[dict[str, object]]:
    events = list(_events(source))
    turns = dict.fromkeys(event.turn_id for event in events if isinstance(event, Turn))
    progress(f"{source}: {len(turns):,} turns")
    judged = judged_turns(events, FailurePointModel.load(folder))
    for turn in turns:
        point, probabilities, abstained = judged[turn]
        yield {
            "id": turn,
            "failure_point": None if point is None else point.value,
            "probabilities": dict(zip(_POINTS, probabilities, strict=True)),
            "abstained": abstained,
        }


def _scored_commands(source: Path) -> Sequence[object]:
    from streams.scoring.failure_point_commands import score_rows

    return score_rows([row.model_dump() for row in rows_in(source, Recording, EXPECTS)])


def _holds_commands(source: Path) -> bool:
    """Whether the first line is a command; a line that is nothing at all is told when it is read."""
    for _, line in lines_of(source):
        try:
            row = orjson.loads(line)
        except orjson.JSONDecodeError:
            return False
        return isinstance(row, dict) and is_recording(frozenset(row))
    return False


def _events(source: Path) -> Iterator[TurnEvent]:
    for number, line in lines_of(source):
        try:
            yield TURN_EVENT.validate_json(line)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            where = ".".join(map(str, first["loc"])) or "the line"
            raise AdapterError(f"{source}, line {number}: {where}: {first['msg']}; expected {EXPECTS}") from error


def _write(rows: Sequence[object], target: Path) -> None:
    part = target.with_name(f".{target.name}.part")
    try:
        with part.open("wb") as file:
            for row in rows:
                file.write(orjson.dumps(row) + b"\n")
        part.replace(target)
    except OSError as error:
        raise ScoresNotWritten(f"{target} cannot be written: {error.strerror or error}") from error
    finally:
        part.unlink(missing_ok=True)

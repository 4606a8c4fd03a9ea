"""`earshot score correction`: does the last turn of the user correct something, and to what?"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import orjson
from pydantic import AliasChoices, Field, ValidationError

from models.correction import Correction, CorrectionModel, Utterances
from models.folder import WEIGHTS
from streams.adapters.source import AdapterError, Row, lines_of

EXPECTS: Final = "JSON lines with the fields id and turns, a list of {role, text} whose last one is the user's"
_BATCH: Final = 256
_ASSISTANT: Final = frozenset({"system", "assistant", "agent", "bot", "wizard"})

Progress = Callable[[str], None]


class SaidTurn(Row):
    """A turn of a dialogue; every role that is none of an assistant's is the user's."""

    role: str = Field(validation_alias=AliasChoices("role", "speaker"))
    text: str

    @property
    def by_assistant(self) -> bool:
        return self.role.lower() in _ASSISTANT


class ScoredDialogue(Row):
    """A line of the input."""

    id: str | int
    turns: tuple[SaidTurn, ...] = Field(min_length=1)

    @property
    def utterances(self) -> Utterances:
        """The user's last turn with the request and the response before it."""
        places = [at for at, turn in enumerate(self.turns) if not turn.by_assistant]
        if not places:
            raise ValueError("turns: none of them is the user's")
        last = places[-1]
        before = places[-2] if len(places) > 1 else None
        responses = [turn.text for turn in self.turns[(before or 0) : last] if turn.by_assistant]
        request = self.turns[before].text if before is not None else ""
        return Utterances(self.turns[last].text, request, " ".join(responses))


def score(source: Path, target: Path, progress: Progress, model: CorrectionModel | None = None) -> int:
    """Score the rows of a file; how many there were. `target` appears when all of them are scored.

    Raises `AdapterError` with file and line at the first that cannot be read, and what loading the model raises.
    """
    if not source.is_file():
        raise AdapterError(f"there is no file {source}; expected {EXPECTS}")
    rows = list(_rows(source))
    model = model or CorrectionModel.load(WEIGHTS / "correction")
    part = target.with_name(f".{target.name}.part")
    try:
        with part.open("wb") as file:
            for start in range(0, len(rows), _BATCH):
                batch = rows[start : start + _BATCH]
                for (identity, _), found in zip(batch, model.find([said for _, said in batch]), strict=True):
                    file.write(_line(identity, found))
                progress(f"{min(start + _BATCH, len(rows)):,} of {len(rows):,} rows")
        part.replace(target)
    except OSError as error:
        raise AdapterError(f"{target} cannot be written: {error.strerror or error}") from error
    finally:
        part.unlink(missing_ok=True)
    return len(rows)


def _rows(source: Path) -> Iterator[tuple[str | int, Utterances]]:
    for number, line in lines_of(source):
        try:
            row = ScoredDialogue.model_validate_json(line)
            yield row.id, row.utterances
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            where = ".".join(map(str, first["loc"])) or "the line"
            raise AdapterError(f"{source}, line {number}: {where}: {first['msg']}; expected {EXPECTS}") from error
        except ValueError as error:
            raise AdapterError(f"{source}, line {number}: {error}; expected {EXPECTS}") from error


def _line(identity: str | int, found: Correction) -> bytes:
    row = {
        "id": identity,
        "label": found.label.value,
        "score": round(found.score, 6),
        "rewrite": found.rewrite,
        "value": found.value,
    }
    return orjson.dumps(row) + b"\n"

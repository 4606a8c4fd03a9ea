"""The hidden truth of a simulation, in a file of its own that only evaluations open.

Zstandard-compressed JSON lines: a header, then a line for every turn, in the order in which dialogues begin, and one
for every event that the wire lost. Nothing of it is in any event.
"""

import io
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Final, Literal, Self

import orjson
import zstandard
from pydantic import BaseModel, ConfigDict, ValidationError

from schemas.failure_point import FailurePoint
from schemas.feedback import BargeInKind
from streams.errors import StreamError
from streams.simulator.simulation import Simulation

SUFFIX: Final = ".truth.jsonl.zst"
FORMAT_VERSION: Final = 2
_LEVEL: Final = 3
_LOST: Final = b'{"type":"lost"'


class TruthError(StreamError):
    """A file of truth is missing or is none; the text names file and line."""


class _Told(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SlotTruth(_Told):
    """A slot as meant."""

    slot: str
    value: str
    entity: str | None = None


class MeaningTruth(_Told):
    """What the person meant."""

    domain: str
    intent: str
    slots: tuple[SlotTruth, ...] = ()


class BargeInTruth(_Told):
    """The person decided to speak while the assistant did: of which turn's answer, how far into it, and what for."""

    turn_id: str
    kind: BargeInKind
    offset_ms: int


class RetryTruth(_Told):
    """The person came back to an earlier turn.

    `repeat`: the same words; `rephrase`: the same wish in other words; `refinement`: something was added, answered or
    changed, and nothing had failed as far as the person noticed. `style`: verbatim, lexical, phonetic, simplify,
    expand, correction (`no, I said ...`), plain; of refinements answer, addition, change.
    """

    turn_id: str
    kind: Literal["repeat", "rephrase", "refinement"]
    style: str


class CorrectionTruth(_Told):
    """A slot that is other than the assistant took it for (`of` assistant), or than the person wanted before (`self`).

    `turn_id`: the turn whose answer showed `instead_of`, which is None where the assistant had nothing. `slot` is
    `intent` where the assistant did something else altogether.
    """

    turn_id: str
    slot: str
    value: str
    entity: str | None = None
    instead_of: str | None = None
    of: Literal["assistant", "self"]


class SelfRepairTruth(_Told):
    """A slip of the tongue repaired in one breath: `said_first`, then `cue`, then `value`, which is meant."""

    slot: str
    said_first: str
    cue: str
    value: str
    entity: str | None = None


class PreferenceTruth(_Told):
    """A preference that the person stated in this turn, or a habit that this turn rests on.

    `kind`: a habit (what this person means by the name `words`), a taste (fills a slot that requests leave open), a
    setting, or an own name (`words`) for an entity (`names`, in words `named`). `value` is an entity, `words` how it is
    said in `statement`, the part of the turn that states it, made from `template`. `number` counts the person's
    preferences over all dialogues; `revises`: number of the one that this replaces. `condition`, `time`: in words.
    """

    kind: Literal["habit", "taste", "setting", "name"]
    domain: str
    attribute: str
    value: str
    words: str
    stated: bool
    polarity: Literal[1, -1] = 1
    number: int | None = None
    scope: Literal["user", "household", "person"] = "user"
    person: str | None = None
    condition: str | None = None
    time: str | None = None
    names: str | None = None
    named: str | None = None
    statement: str | None = None
    template: str | None = None
    revises: int | None = None


class ObedienceTruth(_Told):
    """Whether the answer did as an earlier preference says (the user's of this `number`), where that shows.

    `slot`: what the request left open, or gave by an own name; `value`: the entity that is preferred or, with polarity
    -1, not wanted. An assistant that asks back for what it was told does not obey.
    """

    number: int
    domain: str
    attribute: str
    slot: str
    value: str
    polarity: Literal[1, -1]
    obeyed: bool


class RewrittenTruth(_Told):
    """The rewrite that was applied: whether what was understood was right before it, and after it."""

    rewrite_id: str
    right_before: bool
    right_after: bool


class TurnTruth(_Told):
    """All that is true of one turn.

    `said` are the person's own words, None when no person spoke to the device. `acts` are those of the person and
    `answer_acts` those of the assistant. `right`: the assistant did what was meant. `satisfied`: so the person saw it.
    `trust`: the person's trust in the assistant after the answer, in [0, 1]; it stays from dialogue to dialogue.
    `goal_reached` is set on the last turn of a goal. `erred`: stages that erred, recovered or not. `incident`: the
    component whose planted fault struck.
    """

    type: Literal["turn"] = "turn"
    turn_id: str
    event_id: str
    dialogue_id: str
    user_id: str
    device_id: str
    number: int
    said: str | None
    meaning: MeaningTruth | None
    acts: tuple[str, ...] = ()
    answer_acts: tuple[str, ...] = ()
    failure_point: FailurePoint
    erred: tuple[str, ...] = ()
    right: bool
    satisfied: bool
    goal: int | None = None
    goal_reached: bool | None = None
    barge_in: BargeInTruth | None = None
    retry: RetryTruth | None = None
    corrections: tuple[CorrectionTruth, ...] = ()
    self_repair: SelfRepairTruth | None = None
    gave_up: bool = False
    preference: PreferenceTruth | None = None
    obedience: ObedienceTruth | None = None
    trust: float | None = None
    incident: str | None = None
    rewritten: RewrittenTruth | None = None


class LostTruth(_Told):
    """An event that the wire lost."""

    type: Literal["lost"] = "lost"
    event_id: str


def truth_path(recording: Path) -> Path:
    """Where the truth of a recording lies by default: beside it."""
    name = recording.name.removesuffix(".zst").removesuffix(".jsonl")
    return recording.with_name(name + SUFFIX)


class TruthWriter:
    """Writes truth line by line; the file appears under its name only when it is complete."""

    def __init__(self, path: Path, simulation: Simulation) -> None:
        self.path = path
        self._part = path.with_name(f".{path.name}.part")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self._part.open("wb")
        except OSError as error:
            raise TruthError(f"{path} cannot be written: {error.strerror or error}") from error
        compressor = zstandard.ZstdCompressor(level=_LEVEL, write_checksum=True)
        self._stream = compressor.stream_writer(self._file, closefd=False)
        header = {"earshot_truth": FORMAT_VERSION, "config_hash": simulation.config_hash, "seed": simulation.seed}
        self.write(orjson.dumps(header))

    def write(self, line: bytes) -> None:
        """Append a line of JSON without its newline."""
        try:
            self._stream.write(line + b"\n")
        except OSError as error:
            raise TruthError(f"{self.path} cannot be written: {error.strerror or error}") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._stream.flush(zstandard.FLUSH_FRAME)
            self._file.close()
            if kind is None:
                self._part.replace(self.path)
        except OSError as fault:
            raise TruthError(f"{self.path} cannot be written: {fault.strerror or fault}") from fault
        finally:
            self._part.unlink(missing_ok=True)


def read_truth(path: Path) -> Iterator[TurnTruth | LostTruth]:
    """The truth of a file. Raises `TruthError` at the first line that is none."""
    try:
        with path.open("rb") as file:
            lines = io.BufferedReader(zstandard.ZstdDecompressor().stream_reader(file))
            header = orjson.loads(lines.readline() or b"null")
            version = header.get("earshot_truth") if isinstance(header, dict) else None
            if version != FORMAT_VERSION:
                raise TruthError(f"{path} holds no truth of a simulation that this Earshot reads (version {version})")
            for number, line in enumerate(lines, start=2):
                yield _parsed(path, number, line)
    except FileNotFoundError as error:
        raise TruthError(f"{path} does not exist; `earshot simulate --truth` writes it") from error
    except (OSError, zstandard.ZstdError, orjson.JSONDecodeError) as error:
        raise TruthError(f"{path} cannot be read: {error}") from error


def parse_truth(line: bytes) -> TurnTruth | LostTruth:
    """The truth of one line, as `simulate` hands it out. Raises pydantic's `ValidationError`."""
    kind = LostTruth if line.startswith(_LOST) else TurnTruth
    return kind.model_validate_json(line)


def _parsed(path: Path, number: int, line: bytes) -> TurnTruth | LostTruth:
    try:
        return parse_truth(line)
    except ValidationError as error:
        problem = error.errors()[0]
        where = ".".join(map(str, problem["loc"]))
        raise TruthError(f"{path}, line {number}: {where}: {problem['msg']}") from error

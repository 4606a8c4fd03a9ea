"""What a recording is expected to lead to, stored beside it; a difference is told in words."""

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from schemas.dead_letter import DeadLetterCause
from schemas.dialogue import VerdictTier
from schemas.failure_point import FailurePoint
from streams.errors import StreamError
from streams.rehearsal import Heard


class ExpectationUnreadable(StreamError):
    """The file with the expectation is missing or is none."""


class _Stored(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ExpectedFeedback(_Stored):
    """One signal that stands in the end."""

    type: str
    kind: str | None = None
    turn: str
    by: str | None = None


class ExpectedVerdict(_Stored):
    """The last word on a turn."""

    defect: bool
    tier: VerdictTier
    evidence: tuple[str, ...] = ()


class Expectation(_Stored):
    """The end state of a rehearsal: signals by id, verdicts by turn, how many dialogues and dead letters; and failure
    points by turn, where somebody judged them (None of a turn: no failure point was named).

    `hearing`: what heard it. What rules hear is the same on every machine; what models hear may differ in the last
    digit of a score between kinds of processors.
    """

    hearing: Literal["rules", "models"] = "rules"
    dialogues: int
    dead_letters: dict[DeadLetterCause, int] = Field(default_factory=dict)
    feedback: dict[str, ExpectedFeedback]
    verdicts: dict[str, ExpectedVerdict]
    failure_points: dict[str, FailurePoint | None] | None = None

    @classmethod
    def of(cls, heard: Heard, hearing: Literal["rules", "models"] = "rules") -> Self:
        """What was heard by rules or by models, as an expectation."""
        verdicts = {
            turn.turn_id: ExpectedVerdict(defect=turn.defect, tier=turn.tier, evidence=turn.evidence)
            for dialogue in heard.dialogues.values()
            for turn in dialogue.turns
        }
        feedback = {
            signal.event_id: ExpectedFeedback(
                type=signal.type, kind=getattr(signal, "kind", None), turn=signal.turn_id, by=signal.by_turn_id
            )
            for signal in heard.standing
        }
        return cls(
            hearing=hearing,
            dialogues=len(heard.dialogues),
            dead_letters=dict(sorted(Counter(letter.cause for letter in heard.dead_letters.values()).items())),
            feedback=dict(sorted(feedback.items())),
            verdicts=dict(sorted(verdicts.items())),
            failure_points={
                told.turn_id: told.failure_point
                for told in sorted(heard.attributions.values(), key=lambda told: told.turn_id)
            }
            or None,
        )

    @classmethod
    def read(cls, path: Path) -> Self:
        """The expectation stored at `path`. Raises `ExpectationUnreadable`."""
        try:
            return cls.model_validate_json(path.read_bytes())
        except FileNotFoundError as error:
            raise ExpectationUnreadable(f"{path} does not exist; --update writes it") from error
        except OSError as error:
            raise ExpectationUnreadable(f"{path} cannot be read: {error.strerror or error}") from error
        except ValidationError as error:
            problem = error.errors()[0]
            where = ".".join(map(str, problem["loc"]))
            raise ExpectationUnreadable(f"{path} holds no expectation: {where}: {problem['msg']}") from error

    def write(self, path: Path) -> None:
        """Store it at `path`."""
        path.write_text(self.model_dump_json(indent=1, exclude_defaults=True) + "\n")

    def differences(self, found: "Expectation") -> Iterator[str]:
        """In words, what `found` has otherwise than expected; nothing when they are equal."""
        if self.dialogues != found.dialogues:
            yield f"dialogues: expected {self.dialogues}, found {found.dialogues}"
        for cause in sorted(self.dead_letters | found.dead_letters):
            expected, counted = self.dead_letters.get(cause, 0), found.dead_letters.get(cause, 0)
            if expected != counted:
                yield f"dead letters, {cause}: expected {expected}, found {counted}"
        for event_id, signal in self.feedback.items():
            other = found.feedback.get(event_id)
            if other is None:
                yield f"- {_in_words(signal)}: expected, not found"
            elif other != signal:
                yield f"~ expected {_in_words(signal)}, found {_in_words(other)}"
        for event_id, signal in found.feedback.items():
            if event_id not in self.feedback:
                yield f"+ {_in_words(signal)}: found, not expected"
        for turn_id in sorted(self.verdicts | found.verdicts):
            before, after = self.verdicts.get(turn_id), found.verdicts.get(turn_id)
            if before != after:
                yield f"~ verdict on turn {turn_id}: expected {_verdict(before)}, found {_verdict(after)}"
        if self.failure_points is not None:
            yield from _differing_points(self.failure_points, found.failure_points or {})


def _differing_points(
    expected: Mapping[str, FailurePoint | None], found: Mapping[str, FailurePoint | None]
) -> Iterator[str]:
    for turn_id in sorted({*expected, *found}):
        if turn_id not in expected or turn_id not in found or expected[turn_id] is not found[turn_id]:
            before, after = (_point(points, turn_id) for points in (expected, found))
            yield f"~ failure point of turn {turn_id}: expected {before}, found {after}"


def _point(points: Mapping[str, FailurePoint | None], turn_id: str) -> str:
    if turn_id not in points:
        return "nothing"
    point = points[turn_id]
    return "none named" if point is None else point.value


def _in_words(signal: ExpectedFeedback) -> str:
    kind = f" ({signal.kind})" if signal.kind else ""
    by = f" by turn {signal.by}" if signal.by else ""
    return f"{signal.type}{kind} of turn {signal.turn}{by}"


def _verdict(verdict: ExpectedVerdict | None) -> str:
    if verdict is None:
        return "none"
    evidence = f", {', '.join(verdict.evidence)}" if verdict.evidence else ""
    return f"{'defect' if verdict.defect else 'fine'} ({verdict.tier}{evidence})"

"""Turns and failures per minute and group, as the watch over components reads them."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from schemas.alarm import AlarmScope
from schemas.failure_point import FailurePoint

MINUTE_S: Final = 60

WATCHED: Final = tuple(point for point in FailurePoint if point is not FailurePoint.CORRECT)
"""What can break, in the order of the last axis of `Counts.failures`."""

VERSION_NAMES: Final = {
    FailurePoint.FALSE_WAKE: ("wake",),
    FailurePoint.ASR: ("asr",),
    FailurePoint.NLU: ("nlu",),
    FailurePoint.ENTITY: ("entity",),
    FailurePoint.RESULT: ("result", "dialogue"),
}
"""How devices may call the component behind a failure point, the best name first."""

_STRAY: Final = 0.02

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


class Cell(NamedTuple):
    """The finest group of turns. `component_version` is such as `asr=2.1 nlu=7`, sorted by component."""

    domain: str
    device_type: str
    locale: str
    component_version: str


class MinuteRow(NamedTuple):
    """What a cell counted in one minute. `failures` has a number for each of `WATCHED`: summed probabilities."""

    minute_s: int
    cell: Cell
    turns: float
    failures: tuple[float, ...]


@dataclass(frozen=True)
class Counts:
    """Consecutive minutes from `first_s` (epoch seconds): `turns[minute, cell]`, `failures[minute, cell, watched]`."""

    first_s: int
    cells: tuple[Cell, ...]
    turns: Floats
    failures: Floats

    @classmethod
    def of(cls, rows: Iterable[MinuteRow]) -> Self:
        """From rows in any order; rows of the same minute and cell are added up. Minutes without turns are zero."""
        held = list(rows)
        cells = tuple(sorted({row.cell for row in held}))
        number = {cell: at for at, cell in enumerate(cells)}
        first_s = min((row.minute_s for row in held), default=0)
        minutes = 1 + (max((row.minute_s for row in held), default=0) - first_s) // MINUTE_S if held else 0
        turns = np.zeros((minutes, len(cells)))
        failures = np.zeros((minutes, len(cells), len(WATCHED)))
        if held:
            minute = np.array([(row.minute_s - first_s) // MINUTE_S for row in held])
            cell = np.array([number[row.cell] for row in held])
            np.add.at(turns, (minute, cell), [row.turns for row in held])
            np.add.at(failures, (minute, cell), [row.failures for row in held])
        return cls(first_s, cells, turns, failures)

    def without_stray_minutes(self) -> Self:
        """Without the last minutes that hold next to nothing: they are of devices whose clocks run ahead."""
        per_minute = self.turns.sum(1)
        if not len(per_minute):
            return self
        busy = np.flatnonzero(per_minute > _STRAY * per_minute.max())
        end = int(busy[-1]) + 1 if len(busy) else 0
        return replace(self, turns=self.turns[:end], failures=self.failures[:end])

    @property
    def minutes(self) -> int:
        """How many minutes there are."""
        return len(self.turns)

    def time_of(self, minute: int) -> datetime:
        """The start of a minute by its number."""
        return datetime.fromtimestamp(self.first_s + minute * MINUTE_S, UTC)

    def minute_of(self, instant: datetime) -> int:
        """The number of the minute that holds an instant; negative before the first."""
        return (int(instant.timestamp()) - self.first_s) // MINUTE_S

    def within(self, scope: AlarmScope) -> Bools:
        """Which cells a scope holds."""
        return np.array([_holds(scope, cell) for cell in self.cells], dtype=np.bool_)


def version_of(cell: Cell, point: FailurePoint) -> tuple[str, str] | None:
    """The component behind a failure point and its version in a cell; None when devices do not tell."""
    versions = dict(part.partition("=")[::2] for part in cell.component_version.split(" "))
    return next(((name, versions[name]) for name in VERSION_NAMES[point] if name in versions), None)


def _holds(scope: AlarmScope, cell: Cell) -> bool:
    return (
        scope.domain in (None, cell.domain)
        and scope.device_type in (None, cell.device_type)
        and scope.locale in (None, cell.locale)
        and (scope.component is None or f"{scope.component}={scope.version}" in cell.component_version.split(" "))
    )

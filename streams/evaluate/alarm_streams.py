"""Streams of failure attributions to try the watch over components on: simulated turns, judged in two passes.

The judge is simulated as well, and calibrated by construction: it sees the truth through a Gaussian channel, so that
its posterior is known (`Judge`). Its first pass sees less than its second, which replaces it when a dialogue is over.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

import numpy as np
import orjson
from numpy.typing import NDArray

from processors.incident_counts import MINUTE_S, WATCHED, Cell, Counts, Floats
from schemas.failure_point import FailurePoint
from streams.simulator.simulate import simulate
from streams.simulator.simulation import Simulation

POINTS: Final = tuple(FailurePoint)
RESPONSE_S: Final = 6.0
"""From a turn's beginning until its first attribution is stored."""
CLOSE_S: Final = 48.0
"""From a dialogue's last turn until its second attribution is stored."""


class SeenTurn(NamedTuple):
    """A simulated turn: when it began (epoch seconds), its group, its dialogue, and where it truly failed."""

    at_s: float
    cell: Cell
    dialogue_id: str
    truth: FailurePoint


def simulated_turns(simulation: Simulation) -> list[SeenTurn]:
    """The turns of a simulation that its wire did not lose."""
    truth: dict[str, FailurePoint] = {}

    def note(line: bytes) -> None:
        told = orjson.loads(line)
        if told["type"] == "turn":
            truth[told["event_id"]] = FailurePoint(told["failure_point"])

    events = [orjson.loads(sent.value) for sent in simulate(simulation, on_truth=note)]
    return [
        SeenTurn(
            datetime.fromisoformat(event["occurred_at"]).timestamp(),
            Cell(
                (event.get("nlu") or {}).get("domain", ""),
                event["device"].get("type") or "",
                event["device"].get("locale") or "",
                " ".join(f"{name}={version}" for name, version in sorted(event["device"]["versions"].items())),
            ),
            event["dialogue_id"],
            truth[event["event_id"]],
        )
        for event in events
        if event["type"] == "turn"
    ]


@dataclass(frozen=True)
class Judge:
    """Sees each turn's truth through noise: one unit Gaussian a failure point, shifted by `early` (and in the second
    pass by a further look, `late` in all) at the true one. Its probabilities are the exact posterior under `base`."""

    early: float = 2.2
    late: float = 3.0
    base: tuple[float, ...] = (0.92, 0.012, 0.033, 0.013, 0.017, 0.005)

    def judge(self, turns: Sequence[SeenTurn], seed: int) -> tuple[Floats, Floats]:
        """Probabilities in the first and in the second pass: `[turn, failure point]`."""
        draws = np.random.default_rng(seed)
        true = np.eye(len(POINTS))[[POINTS.index(turn.truth) for turn in turns]]
        prior = np.log(np.array(self.base) / sum(self.base))
        more = float(np.sqrt(self.late**2 - self.early**2))
        early = self.early * (draws.normal(size=true.shape) + self.early * true)
        late = early + more * (draws.normal(size=true.shape) + more * true)
        return _posterior(prior + early), _posterior(prior + late)


def certain(turns: Sequence[SeenTurn]) -> tuple[Floats, Floats]:
    """Both passes of a judge who knows."""
    true: Floats = np.eye(len(POINTS))[[POINTS.index(turn.truth) for turn in turns]]
    return true, true


def decided(passes: tuple[Floats, Floats]) -> tuple[Floats, Floats]:
    """Both passes with all of each turn's probability on its likeliest failure point."""
    early, late = (np.eye(len(POINTS))[probabilities.argmax(1)] for probabilities in passes)
    return early, late


class AttributionStream:
    """Attributions as they come in; `counts_at` is what the store holds at a moment."""

    def __init__(self, turns: Sequence[SeenTurn], passes: tuple[Floats, Floats]) -> None:
        self.cells = tuple(sorted({turn.cell for turn in turns}))
        number = {cell: at for at, cell in enumerate(self.cells)}
        at_s = np.array([turn.at_s for turn in turns])
        closed: dict[str, float] = {}
        for turn in turns:
            closed[turn.dialogue_id] = max(turn.at_s, closed.get(turn.dialogue_id, 0.0))
        self.first_s = int(at_s.min()) // MINUTE_S * MINUTE_S
        self.last_s = float(at_s.max())
        self._cell: NDArray[np.int64] = np.array([number[turn.cell] for turn in turns])
        self._minute: NDArray[np.int64] = ((at_s - self.first_s) // MINUTE_S).astype(np.int64)
        self._known_s = at_s + RESPONSE_S
        self._closed_s = np.array([closed[turn.dialogue_id] for turn in turns]) + CLOSE_S
        self._early, self._late = (
            probabilities[:, [POINTS.index(point) for point in WATCHED]] for probabilities in passes
        )

    def counts_at(self, moment_s: float) -> Counts:
        """Counts of what is stored at a moment, in epoch seconds."""
        known = self._known_s <= moment_s
        minutes = int(self._minute[known].max()) + 1 if known.any() else 0
        turns = np.zeros((minutes, len(self.cells)))
        failures = np.zeros((minutes, len(self.cells), len(WATCHED)))
        place = (self._minute[known], self._cell[known])
        np.add.at(turns, place, 1.0)
        latest = np.where((self._closed_s <= moment_s)[:, None], self._late, self._early)
        np.add.at(failures, place, latest[known])
        return Counts(self.first_s, self.cells, turns, failures)


def _posterior(logarithms: Floats) -> Floats:
    odds = np.exp(logarithms - logarithms.max(1, keepdims=True))
    probabilities: Floats = odds / odds.sum(1, keepdims=True)
    return probabilities

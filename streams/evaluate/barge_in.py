"""Barge-ins that `detect` hears against those that simulated people meant, on a clean wire and on bad ones.

The events go through the same code as in a worker (`streams.rehearsal`); the truth is read only here. A case is a turn
that follows another in its dialogue; it is true when the person decided to speak while the assistant still did. What a
wire loses cannot be found and still counts.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from infra.settings import Settings
from schemas.feedback import BargeIn, BargeInKind
from streams.errors import StreamError
from streams.evaluate.figures import CONFIDENCE, RESAMPLES, Figure, Report
from streams.recording import Record
from streams.recording_reader import RecordingReader
from streams.rehearsal import rehearse
from streams.simulator.simulate import simulate
from streams.simulator.simulate_sinks import as_record
from streams.simulator.simulation import Simulation
from streams.simulator.truth import LostTruth, TurnTruth, parse_truth, read_truth, truth_path

NAME: Final = "barge_in"
ANY: Final = "any"
_SEED: Final = 20220711
_RECORDING: Final = ".jsonl.zst"
_TRUTH: Final = ".truth.jsonl.zst"

Progress = Callable[[str], None]


class Condition(StrEnum):
    """What the wire does to events."""

    CLEAN = "clean"
    SKEWED = "skewed"
    LOSSY = "lossy"
    REORDERED = "reordered"


class NothingToEvaluate(StreamError):
    """No recording with its truth, or none with a barge-in; the text says what is missing."""


@dataclass(slots=True)
class _Counts:
    """Of one user and kind: found and true, found and not, true and not found."""

    hits: int = 0
    false: int = 0
    missed: int = 0


@dataclass(frozen=True, slots=True)
class Compared:
    """One condition: counts by kind and user, and how far measured offsets are from true ones (ms)."""

    counts: dict[str, dict[str, _Counts]]
    offset_errors_ms: tuple[float, ...]
    turns: int
    true: int


def evaluate(
    progress: Progress, data: Path | None = None, dialogues: int = 3_000, seed: int = 11, pack: str = "home_a"
) -> Report:
    """Precision and recall per condition and kind, with intervals by user.

    `data`: a recording with its truth beside it, or a folder of such; without it, every condition is simulated.
    Raises `NothingToEvaluate` and the errors of recordings and packs.
    """
    figures: dict[str, Figure] = {}
    settings = Settings()
    found: Iterable[tuple[str, Compared]]
    found = (
        _recorded(data, settings, progress)
        if data is not None
        else _simulated(
            Simulation(pack=pack, users=4 * dialogues, dialogues=dialogues, seed=seed, rate=2.0), settings, progress
        )
    )
    for name, compared in found:
        figures |= _figures(name, compared)
    return Report(
        NAME,
        figures,
        (
            "A case is a turn that follows another; any_*: was it a barge-in; the rest: a barge-in of that kind.",
            "Intervals: 95 %, bootstrap by user.",
            "A simulated device reports overlap exactly, so the clean wire shows whether the rules are right, not how "
            "well a microphone hears; kinds are told from recognised words, which simulated recognisers get wrong.",
        ),
    )


def compare(records: Iterable[Record], truths: Iterable[TurnTruth | LostTruth], settings: Settings) -> Compared:
    """What the detector says of the records against what is true of them."""
    heard = rehearse(records, settings)
    said = {
        signal.by_turn_id: signal
        for signal in heard.standing
        if isinstance(signal, BargeIn) and signal.by_turn_id is not None
    }
    counts: dict[str, dict[str, _Counts]] = defaultdict(lambda: defaultdict(_Counts))
    errors: list[float] = []
    turns = true = 0
    for truth in truths:
        if not isinstance(truth, TurnTruth):
            continue
        turns += 1
        signal = said.get(truth.turn_id)
        meant = truth.barge_in
        true += meant is not None
        _count(counts[ANY][truth.user_id], signal is not None, meant is not None)
        for kind in BargeInKind:
            told, is_true = signal is not None and signal.kind is kind, meant is not None and meant.kind is kind
            if told or is_true:
                _count(counts[kind.value][truth.user_id], told, is_true)
        if signal is not None and meant is not None:
            errors.append(abs(signal.offset_ms - meant.offset_ms))
    return Compared({kind: dict(users) for kind, users in counts.items()}, tuple(errors), turns, true)


def _count(counts: _Counts, found: bool, true: bool) -> None:
    counts.hits += found and true
    counts.false += found and not true
    counts.missed += true and not found


def _simulated(simulation: Simulation, settings: Settings, progress: Progress) -> Iterator[tuple[str, Compared]]:
    for condition in Condition:
        progress(f"{condition}: simulating {simulation.dialogues:,} dialogues")
        lines: list[bytes] = []
        sent = simulate(replace(simulation, wire=condition.value), on_truth=lines.append)
        records = [as_record(one) for one in sent]
        progress(f"{condition}: listening to {len(records):,} events")
        yield condition.value, compare(records, map(parse_truth, lines), settings)


def _recorded(data: Path, settings: Settings, progress: Progress) -> Iterator[tuple[str, Compared]]:
    paths = [data] if not data.is_dir() else sorted(data.glob(f"*{_RECORDING}"))
    paths = [path for path in paths if not path.name.endswith(_TRUTH) and (path == data or truth_path(path).exists())]
    if not paths:
        raise NothingToEvaluate(
            f"{data} holds no recording with its truth; `earshot simulate --into NAME{_RECORDING}` makes both"
        )
    for path in paths:
        progress(f"{path.name}: listening")
        with RecordingReader(path) as reader:
            records = [line for line in reader if isinstance(line, Record)]
        compared = compare(records, read_truth(truth_path(path)), settings)
        if not compared.true:
            raise NothingToEvaluate(f"{truth_path(path)} has no barge-in among {compared.turns:,} turns")
        yield path.name.removesuffix(_RECORDING), compared


def _figures(condition: str, compared: Compared) -> dict[str, Figure]:
    figures: dict[str, Figure] = {}
    users = sorted(compared.counts[ANY])
    for kind in (ANY, *(kind.value for kind in BargeInKind)):
        by_user = compared.counts.get(kind, {})
        none = _Counts()
        table = np.array(
            [(one.hits, one.false, one.missed) for one in (by_user.get(user, none) for user in users)], dtype=np.float64
        )
        hits, false, missed = table.sum(0)
        name = f"{condition}_{kind.replace('-', '_')}"
        if hits + missed:
            figures[f"{name}_precision"] = _share(table, (0, 1), int(hits + false))
            figures[f"{name}_recall"] = _share(table, (0, 2), int(hits + missed))
    if compared.offset_errors_ms:
        error = float(np.median(compared.offset_errors_ms))
        figures[f"{condition}_offset_error_ms_p50"] = Figure(error, n=len(compared.offset_errors_ms))
    figures[f"{condition}_share"] = Figure(compared.true / max(compared.turns, 1), n=compared.turns)
    return figures


def _share(table: NDArray[np.float64], columns: tuple[int, int], cases: int) -> Figure:
    """hits / (hits + the other column), resampled by user. 0 of 0 is 0."""
    draws = np.random.default_rng(_SEED)
    table = table[table.any(axis=1)]  # users who take no part in the figure
    users = len(table)
    drawn = draws.multinomial(users, np.full(users, 1 / users), size=RESAMPLES) @ table[:, columns]
    whole = drawn.sum(1)
    values = drawn[whole > 0, 0] / whole[whole > 0]
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(values, [tail, 1 - tail]) if len(values) else (0.0, 0.0)
    sums = table[:, columns].sum(0)
    return Figure(float(sums[0] / sums.sum()) if sums.sum() else 0.0, float(low), float(high), cases)

"""Barge-ins that `detect` hears against those that simulated people meant, on a clean wire and on bad ones.

The events go through the same code as in a worker (`streams.rehearsal`); the truth is read only here. A case is a turn
that follows another in its dialogue; it is true when the person decided to speak while the assistant still did. What a
wire loses cannot be found and still counts; recall among what arrived is told beside it.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from infra.settings import Settings
from models.barge_in.kind import KindModel
from schemas.feedback import BargeIn, BargeInKind
from streams.evaluate.barge_in_kinds import CountsByUser, count_kinds, macro_f1
from streams.evaluate.figures import CONFIDENCE, RESAMPLES, Figure
from streams.recording import Record
from streams.rehearsal import rehearse
from streams.simulator.truth import LostTruth, TurnTruth
from streams.training.barge_in_cases import Case, interruptions

ANY: Final = "any"
ARRIVED: Final = "arrived"
_SEED: Final = 20220711


class Condition(StrEnum):
    """What the wire does to events."""

    CLEAN = "clean"
    SKEWED = "skewed"
    LOSSY = "lossy"
    REORDERED = "reordered"


@dataclass(slots=True)
class Counts:
    """Of one user and kind: found and true, found and not, true and not found."""

    hits: int = 0
    false: int = 0
    missed: int = 0


@dataclass(frozen=True, slots=True)
class Compared:
    """One condition: counts by kind and user, and how far measured offsets are from true ones (ms).

    `cases`: interruptions that were heard and meant. `told` and `by_rule`: kinds as the model and as the rules tell
    them, missed and false ones included.
    """

    counts: dict[str, dict[str, Counts]] = field(default_factory=dict)
    offset_errors_ms: tuple[float, ...] = ()
    turns: int = 0
    true: int = 0
    cases: tuple[Case, ...] = ()
    told: CountsByUser = field(default_factory=dict)
    by_rule: CountsByUser = field(default_factory=dict)

    def with_others(self, other: "Compared") -> "Compared":
        """Both together; their users have to be different ones."""
        kinds = self.counts.keys() | other.counts.keys()
        return Compared(
            {kind: self.counts.get(kind, {}) | other.counts.get(kind, {}) for kind in kinds},
            self.offset_errors_ms + other.offset_errors_ms,
            self.turns + other.turns,
            self.true + other.true,
            self.cases + other.cases,
            self.told | other.told,
            self.by_rule | other.by_rule,
        )


def compare(
    records: Iterable[Record],
    truths: Iterable[TurnTruth | LostTruth],
    settings: Settings,
    model: KindModel,
    world: str = "",
) -> Compared:
    """What the detector says of the records against what is true of them. `world` sets users of one simulation apart
    from those of another."""
    records = list(records)
    truths = list(truths)
    said = {
        signal.by_turn_id: signal
        for signal in rehearse(records, settings).standing
        if isinstance(signal, BargeIn) and signal.by_turn_id is not None
    }
    seen = {turn_id: seen for turn_id, _, seen in interruptions(records, settings) if turn_id in said}
    judged = {
        turn_id: judgement.kind for turn_id, judgement in zip(seen, model.judge(list(seen.values())), strict=True)
    }
    lost = {truth.event_id for truth in truths if isinstance(truth, LostTruth)}
    turns = [truth for truth in truths if isinstance(truth, TurnTruth)]
    gone = {truth.turn_id for truth in turns if truth.event_id in lost}
    counts: dict[str, dict[str, Counts]] = defaultdict(lambda: defaultdict(Counts))
    errors: list[float] = []
    cases: list[Case] = []
    told: list[tuple[str, BargeInKind | None, BargeInKind | None]] = []
    by_rule: list[tuple[str, BargeInKind | None, BargeInKind | None]] = []
    for truth in turns:
        signal, meant, user = said.get(truth.turn_id), truth.barge_in, f"{world}/{truth.user_id}"
        _count(counts[ANY][user], signal is not None, meant is not None)
        if meant is not None and truth.turn_id not in gone and meant.turn_id not in gone:
            _count(counts[ARRIVED][user], signal is not None, true=True)
        if signal is None and meant is None:
            continue
        true = meant.kind if meant is not None else None
        kind = judged.get(truth.turn_id, signal.kind if signal is not None else None)
        told.append((user, true, kind))
        rule = seen[truth.turn_id].rule if truth.turn_id in seen else kind
        by_rule.append((user, true, rule))
        for one in {true, kind} - {None}:
            assert one is not None
            _count(counts[one.value][user], kind is one, true is one)
        if signal is not None and meant is not None:
            errors.append(abs(signal.offset_ms - meant.offset_ms))
            if truth.turn_id in seen:
                cases.append(Case(truth.turn_id, user, seen[truth.turn_id], meant.kind))
    return Compared(
        {kind: dict(users) for kind, users in counts.items()},
        tuple(errors),
        len(turns),
        sum(truth.barge_in is not None for truth in turns),
        tuple(cases),
        count_kinds(told),
        count_kinds(by_rule),
    )


def _count(counts: Counts, found: bool, true: bool) -> None:
    counts.hits += found and true
    counts.false += found and not true
    counts.missed += true and not found


def headline(condition: str, compared: Compared) -> dict[str, Figure]:
    """Was there a barge-in, and of what kind: precision, recall and macro-F1."""
    any_ = _table(compared, ANY)
    figures = {
        f"{condition}_any_precision": _share(any_, (0, 1), int(any_[:, :2].sum())),
        f"{condition}_any_recall": _share(any_, (0, 2), int(any_[:, ::2].sum())),
        f"{condition}_kind_macro_f1": macro_f1(compared.told),
    }
    return figures if any_.sum() else {}


def figures_of(condition: str, compared: Compared) -> dict[str, Figure]:
    """All figures of one condition."""
    figures = headline(condition, compared)
    arrived = _table(compared, ARRIVED)
    if arrived.sum():
        figures[f"{condition}_any_recall_of_arrived"] = _share(arrived, (0, 2), int(arrived.sum()))
    figures[f"{condition}_kind_macro_f1_rules"] = macro_f1(compared.by_rule)
    for kind in BargeInKind:
        table = _table(compared, kind.value)
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


def _table(compared: Compared, kind: str) -> NDArray[np.float64]:
    """(users, 3) of one kind, in the order of users' names."""
    by_user = compared.counts.get(kind, {})
    none = Counts()
    rows = [
        (one.hits, one.false, one.missed)
        for user in sorted(compared.counts.get(ANY, {}))
        for one in [by_user.get(user, none)]
    ]
    return np.array(rows, dtype=np.float64).reshape(-1, 3)


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

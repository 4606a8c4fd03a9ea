"""Is what the simulator makes any good? Validity, variety, prevalence, and how its flows compare with real ones."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from math import sqrt
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from schemas.failure_point import FailurePoint
from schemas.feedback import BargeInKind
from schemas.turn import TURN_EVENT
from streams.errors import StreamError
from streams.evaluate.figures import Figure, Report
from streams.simulator.pack import Pack, load_pack
from streams.simulator.report_acts import (
    ASSISTANT,
    USER,
    Flow,
    commonest,
    distances,
    flows_of_sgd,
)
from streams.simulator.report_flows import clean_flows
from streams.simulator.report_pictures import acts_picture, prevalence_picture
from streams.simulator.simulate import simulate
from streams.simulator.simulation import Simulation
from streams.simulator.truth import TurnTruth, parse_truth

_Z: Final = 1.96
_SAMPLED_WORDS: Final = 50_000
"""Distinct-n falls with the size of a text, so it is taken of so many words."""

Progress = Callable[[str], None]


class QualityError(StreamError):
    """What was simulated cannot be measured; the text says why."""


@dataclass(frozen=True, slots=True)
class Quality:
    """The figures, and what the pictures show besides."""

    report: Report
    shares: dict[str, dict[tuple[str, str], float]]
    """For each set of dialogues the share of every act bigram."""


def measure(simulation: Simulation, sgd: Path, *, workers: int, progress: Progress) -> Quality:
    """Simulate and measure. Raises `AdapterError` when `sgd` has no dialogues."""
    progress(f"simulating {simulation.dialogues:,} dialogues")
    lines: list[bytes] = []
    values = [sent.value for sent in simulate(simulation, workers=workers, on_truth=lines.append)]
    truths = [truth for truth in map(parse_truth, lines) if isinstance(truth, TurnTruth)]
    progress(f"validating {len(values):,} events")
    valid = sum(map(is_valid, values))
    progress("flows")
    reference = flows_of_sgd(sgd)
    flows = flows_of(truths)
    pack = load_pack(simulation.pack)
    varied, wording_only = (clean_flows(pack, len(flows), simulation.seed, varied=varied) for varied in (True, False))
    (clean, wording, full), nearer = distances(reference, (varied, wording_only, flows))
    figures = {
        "schema_valid": _share(valid, len(values)),
        "turns_per_dialogue": Figure(len(truths) / len(flows), n=len(flows)),
        "distinct_flows": _share(len(set(flows)), len(flows)),
        "wording_only_distinct_flows": _share(len(set(wording_only)), len(wording_only)),
        **_distinct_words([truth.said for truth in truths if truth.said]),
        **_coverage(pack, truths),
        "act_bigrams_to_sgd": full,
        "act_bigrams_to_sgd_flows": clean,
        "act_bigrams_to_sgd_wording_only": wording,
        "act_bigrams_nearer_by": nearer,
        "act_bigrams_sgd_halves": Figure(distances(reference[::2], (reference[1::2],))[0][0].value, n=len(reference)),
        **prevalence(truths),
    }
    notes = (
        f"{simulation.pack}, seed {simulation.seed}, profile {simulation.profile}, configuration "
        f"{simulation.config_hash}.",
        "schema_valid: read by the models of schemas.turn and written again to the same bytes.",
        f"distinct_*: distinct n-grams over all n-grams of the first {_SAMPLED_WORDS:,} words that people said.",
        f"coverage_*: share of a catalogue's entities that somebody asked for in {len(truths):,} turns.",
        "act_bigrams_*: Jensen-Shannon distance to the act bigrams of Schema-Guided Dialogue (its dev dialogues), 95 % "
        "intervals by dialogue. to_sgd: as simulated, with noise and people's reactions, which SGD has not; flows: the "
        "same agents with everything understood; wording_only: these without flow variation; nearer_by: the difference "
        "of these two; sgd_halves: one half of SGD to the other.",
        "The rest: share of turns; 95 % intervals (Wilson) as if turns were independent.",
    )
    shares = {"SGD": commonest(reference), "simulated": commonest(varied), "wording only": commonest(wording_only)}
    return Quality(Report("simulator_quality", figures, notes), shares)


def draw(quality: Quality, folder: Path) -> list[Path]:
    """Draw the figures as SVG into `folder`; returns the files."""
    pictures = {
        "simulator-acts.svg": acts_picture(quality.report.figures, quality.shares),
        "simulator-prevalence.svg": prevalence_picture(quality.report.figures),
    }
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, picture in pictures.items():
        path = folder / name
        path.write_text(picture, "utf-8")
        paths.append(path)
    return paths


def is_valid(value: bytes) -> bool:
    """Whether the models read an event and would have written it like that."""
    try:
        return TURN_EVENT.validate_json(value).to_bytes() == value
    except ValidationError:
        return False


def flows_of(truths: Sequence[TurnTruth]) -> list[Flow]:
    """The acts of every dialogue, turn by turn; what the device heard of no person is left out."""
    flows = []
    for _, turns in groupby(truths, key=lambda truth: truth.dialogue_id):
        sides = []
        for turn in turns:
            if turn.acts:
                sides.append((USER, frozenset(turn.acts)))
            if turn.answer_acts and turn.acts:
                sides.append((ASSISTANT, frozenset(turn.answer_acts)))
        if sides:
            flows.append(tuple(sides))
    return flows


def prevalence(truths: Sequence[TurnTruth]) -> dict[str, Figure]:
    """How often what is to be detected happens, as shares of turns."""
    turns = len(truths)
    points = Counter(truth.failure_point for truth in truths)
    kinds = Counter(truth.barge_in.kind for truth in truths if truth.barge_in is not None)
    styles = Counter(truth.retry.style for truth in truths if truth.retry is not None)
    goals = [truth.goal_reached for truth in truths if truth.goal_reached is not None]
    return {
        **{f"failure_{point.value.replace('-', '_')}": _share(points[point], turns) for point in FailurePoint},
        **{f"barge_in_{kind.value.replace('-', '_')}": _share(kinds[kind], turns) for kind in BargeInKind},
        **{f"retry_{style}": _share(count, turns) for style, count in sorted(styles.items())},
        "gave_up": _share(sum(truth.gave_up for truth in truths), turns),
        "preference_stated": _share(
            sum(truth.preference is not None and truth.preference.stated for truth in truths), turns
        ),
        "unsatisfied": _share(sum(not truth.satisfied for truth in truths), turns),
        "goals_reached": _share(sum(goals), len(goals)),
    }


def _coverage(pack: Pack, truths: Iterable[TurnTruth]) -> dict[str, Figure]:
    """The share of every catalogue's entities that people asked for, and of all."""
    asked = {slot.entity for truth in truths if truth.meaning for slot in truth.meaning.slots}
    every = {
        name: _share(sum(entry.entity in asked for entry in catalogue.entries), len(catalogue.entries))
        for name, catalogue in sorted(pack.catalogues.items())
    }
    whole = _share(sum(entity in asked for entity in pack.entries), len(pack.entries))
    return {"coverage": whole} | {f"coverage_{name}": figure for name, figure in every.items()}


def _distinct_words(said: Iterable[str]) -> dict[str, Figure]:
    seen: dict[int, set[tuple[str, ...]]] = {1: set(), 2: set(), 3: set()}
    totals = dict.fromkeys(seen, 0)
    for text in said:
        if totals[1] >= _SAMPLED_WORDS:
            break
        words = text.lower().split()
        for n, known in seen.items():
            grams = [tuple(words[at : at + n]) for at in range(len(words) - n + 1)]
            known.update(grams)
            totals[n] += len(grams)
    return {f"distinct_{n}": Figure(len(known) / max(totals[n], 1), n=totals[n]) for n, known in seen.items()}


def _share(count: int, whole: int) -> Figure:
    """A share with its Wilson interval."""
    if not whole:
        return Figure(0.0, n=0)
    share = count / whole
    centre = share + _Z * _Z / (2 * whole)
    spread = _Z * sqrt(share * (1 - share) / whole + _Z * _Z / (4 * whole * whole))
    scale = 1 + _Z * _Z / whole
    return Figure(share, max(0.0, (centre - spread) / scale), min(1.0, (centre + spread) / scale), whole)

"""Corrections of simulated people, who are known to take something back.

The turns are those that were heard, with what the recogniser made of them. As in the stream, the gate decides which
turns reach the model; a correction that it lets go is missed.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import numpy as np
from sklearn.metrics import f1_score

from models.correction import Correction, Label, Utterances
from processors.correction import may_correct
from streams.adapters.source import AdapterError
from streams.evaluate.correction_baselines import cue_scores
from streams.evaluate.correction_rewrites import (
    Rewritten,
    bleu_gain,
    f1_figure,
    grouped,
    rewrite_figures,
    token_f1_counts,
    tokens,
)
from streams.evaluate.correction_shipped import Shipped
from streams.evaluate.figures import Figure, Groups, f1, floats, precision, recall, with_interval
from streams.evaluate.recordings import recordings_in
from streams.simulator.truth import truth_path
from streams.training.correction_examples import Truth
from streams.training.correction_simulated import SimulatedTurn, recorded_turns, simulated_turns

PACKS: Final = ("home_a", "home_b")
DIALOGUES: Final = 1_500
SEED: Final = 4_711
_NUMBERS: Final = {Label.NONE: 0, Label.SELF_REPAIR: 1, Label.THIRD_POSITION: 2}

Progress = Callable[[str], None]
Found = tuple[dict[str, Figure], list[str]]


def evaluate_simulated(model: Shipped, progress: Progress) -> Found:
    """Figures on simulations of both voice packs, with a seed that the training does not use."""
    figures: dict[str, Figure] = {}
    for pack in PACKS:
        progress(f"{pack}: simulating {DIALOGUES:,} dialogues")
        figures |= _figures(pack, simulated_turns(pack, DIALOGUES, SEED), model)
    return figures, [
        f"simulated: {DIALOGUES:,} dialogues of each pack, with other people and other choices than in training."
    ]


def evaluate_recordings(folder: Path, model: Shipped, progress: Progress) -> Found:
    """Figures on each recording of a folder that has its truth beside it. Raises `AdapterError` where none has."""
    figures: dict[str, Figure] = {}
    recordings = recordings_in(folder)
    for name, path in recordings.items():
        progress(f"{path.name}: listening")
        turns = recorded_turns(path)
        if not any(turn.kind is not Truth.NONE for turn in turns):
            raise AdapterError(f"{truth_path(path)} has no correction among {len(turns):,} turns")
        figures |= _figures(name, turns, model)
    return figures, [f"{len(recordings)} recordings of {folder.name}, figures of the model that ships."]


def _figures(prefix: str, turns: Sequence[SimulatedTurn], model: Shipped) -> dict[str, Figure]:
    users: dict[str, int] = {}
    groups = np.array([users.setdefault(turn.user_id, len(users)) for turn in turns], dtype=np.int64)
    kinds = np.array([int(turn.kind) for turn in turns])
    passed = [at for at, turn in enumerate(turns) if may_correct(turn.utterances.text)]
    model.states.learn(turns[at].utterances for at in {*passed, *np.flatnonzero(kinds).tolist()})
    said = np.zeros(len(turns), dtype=np.int64)
    for at, one in zip(passed, model.model.find([turns[at].utterances for at in passed], rewrites=False), strict=True):
        said[at] = _NUMBERS[one.label]
    cues = cue_scores([turn.utterances.text for turn in turns])
    figures = {
        f"{prefix}_label_macro_f1": grouped(
            lambda at: float(f1_score(kinds[at], said[at], average="macro", labels=[0, 1, 2], zero_division=0.0)),
            groups,
        ),
        f"{prefix}_baseline_cues_f1": with_interval(f1, kinds > 0, cues, groups),
        f"{prefix}_baseline_always_no_f1": Figure(0.0, n=len(turns)),
        f"{prefix}_gate_share": Figure(len(passed) / max(len(turns), 1), n=len(turns)),
    }
    for name, kind in (("self_repair", Truth.SELF_REPAIR), ("third_position", Truth.THIRD_POSITION)):
        truth, decided = kinds == int(kind), floats(said == int(kind))
        figures[f"{prefix}_{name}_precision"] = with_interval(precision, truth, decided, groups)
        figures[f"{prefix}_{name}_recall"] = with_interval(recall, truth, decided, groups)
        figures[f"{prefix}_{name}_f1"] = with_interval(f1, truth, decided, groups)
    for name, kind, label in (
        ("self_repair", Truth.SELF_REPAIR, Label.SELF_REPAIR),
        ("third_position", Truth.THIRD_POSITION, Label.THIRD_POSITION),
    ):
        own = np.flatnonzero(kinds == int(kind)).tolist()
        if own:
            found = model.model.find([turns[at].utterances for at in own], label)
            figures |= _meant(f"{prefix}_{name}", [turns[at] for at in own], found, groups[own])
    return figures


def _meant(
    prefix: str, turns: Sequence[SimulatedTurn], found: Sequence[Correction], groups: Groups
) -> dict[str, Figure]:
    wanted = [[token for value in turn.values for token in tokens(value)] for turn in turns]
    given = [tokens(one.value or "") for one in found]
    exact = floats([sorted(ours) == sorted(theirs) for ours, theirs in zip(given, wanted, strict=True)])
    counts = [token_f1_counts(ours, theirs) for ours, theirs in zip(given, wanted, strict=True)]
    figures = {
        f"{prefix}_value_exact": grouped(lambda at: float(exact[at].mean()), groups),
        f"{prefix}_value_f1": f1_figure(counts, groups),
    }
    rows = [
        (_before(turn), turn.meant, one.rewrite, int(group))
        for turn, one, group in zip(turns, found, groups, strict=True)
        if turn.meant is not None
    ]
    if rows:
        ours = [Rewritten(before, meant, made or before, group) for before, meant, made, group in rows]
        copies = [Rewritten(before, meant, before, group) for before, meant, _, group in rows]
        figures |= rewrite_figures(f"{prefix}_rewrite", ours)
        figures[f"{prefix}_rewrite_bleu_gain_over_copy"] = bleu_gain(ours, copies)
    return figures


def _before(turn: SimulatedTurn) -> str:
    said: Utterances = turn.utterances
    return said.text if turn.kind is Truth.SELF_REPAIR else said.request

"""`earshot train barge-in`: what an interruption was for, and whether a start over others takes the floor."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np

from infra.settings import Settings
from models.barge_in.floor import FLOOR_FOLDER, WORDS_HEARD, FloorWeights
from models.barge_in.kind import KIND_FOLDER, KINDS
from models.barge_in.kind_features import NAMES
from models.folder import save
from schemas.feedback import BargeInKind
from streams.errors import StreamError
from streams.evaluate.barge_in_floor import FloorCases, floor_cases
from streams.evaluate.barge_in_kinds import CountsByUser, count_kinds, judged_by, macro_f1
from streams.evaluate.barge_in_meetings import meeting_files, read_meetings
from streams.evaluate.figures import Figure, auc, with_interval
from streams.simulator.simulate import simulate
from streams.simulator.simulate_sinks import as_record
from streams.simulator.simulation import Simulation
from streams.simulator.truth import parse_truth
from streams.training.barge_in_card import floor_card, kind_card
from streams.training.barge_in_cases import LEAST_USERS, Case, cases
from streams.training.barge_in_fit import as_if_answered, fit_floor, fit_kind, floor_across_meetings

PACKS: Final = ("home_a", "home_b")
PROFILES: Final = ("A", "B")
DIALOGUES: Final = 2_500
VERSION: Final = "1"
MEETINGS: Final = "mrda"

_SEEDS_APART: Final = 7_000
"""People to learn from are none of those that the evaluation simulates with a small seed."""

Progress = Callable[[str], None]


class NothingToLearn(StreamError):
    """The data to train with are missing; the text says where they were looked for."""


def train(data: Path, output: Path, seed: int, progress: Progress) -> None:
    """Write the model folders `kind` and `floor` under `output`; `data` holds the set `mrda`. A minute or two.

    Raises `NothingToLearn`, and what reading meetings, simulating and writing a model folder raise.
    """
    train_floor(data / MEETINGS, output / FLOOR_FOLDER.name, progress)
    train_kind(output / KIND_FOLDER.name, seed, progress)


def train_kind(folder: Path, seed: int, progress: Progress, dialogues: int = DIALOGUES) -> None:
    """Learn kinds from simulated people of both packs, each with both profiles; each pack tests the other."""
    by_pack = {pack: _simulated(pack, seed, dialogues, progress) for pack in PACKS}
    figures: dict[str, Figure] = {}
    for pack, other in (PACKS, PACKS[::-1]):
        figures[f"trained on {pack}, tested on {other}"] = _kind_macro_f1(by_pack[pack], by_pack[other])
        talkative, others = (
            [replace(case, seen=as_if_answered(case.seen)) for case in by_pack[one]] for one in (pack, other)
        )
        figures[f"the same, of devices that answer everything, on {other}"] = _kind_macro_f1(talkative, others)
        figures[f"rules on {other}"] = macro_f1(_counted(by_pack[other], [case.seen.rule for case in by_pack[other]]))
    everybody = [case for pack in PACKS for case in by_pack[pack]]
    logistic = fit_kind(everybody)
    config = {"version": VERSION, "kinds": [kind.value for kind in KINDS], "features": list(NAMES), "seed": seed}
    tensors = {name: tensor.astype(np.float32) for name, tensor in logistic.tensors("kind").items()}
    save(folder, config, tensors, kind_card(figures, len(everybody), dialogues, seed))
    progress(f"{folder}: written")


def train_floor(source: Path, folder: Path, progress: Progress) -> None:
    """Learn from meetings who takes the floor; figures are across meetings."""
    if not source.exists():
        raise NothingToLearn(f"{source} does not exist; put the MRDA set there, or name its parent with --data")
    progress(f"{source.name}: reading meetings")
    meetings = read_meetings(meeting_files(source))
    if meetings.takes is None:
        raise NothingToLearn(f"{source} holds no meetings with the field cuts_off, which says who takes the floor")
    figures: dict[str, Figure] = {}
    fitted: dict[int, FloorWeights] = {}
    found: FloorCases | None = None
    for heard in WORDS_HEARD:
        found = floor_cases(meetings.meetings, meetings.takes, heard)
        progress(
            f"after {heard} words: {len(found.cases):,} starts over others, {int(found.takes.sum())} take the floor"
        )
        across = floor_across_meetings(found.cases, found.takes, found.groups)
        words = floor_across_meetings(found.cases, found.takes, found.groups, only_words=True)
        figures[f"AUC after {heard}"] = with_interval(auc, found.takes, across, found.groups)
        figures[f"AUC after {heard}, logistic regression on its words"] = with_interval(
            auc, found.takes, words, found.groups
        )
        figures[f"AUC after {heard}, backchannel lexicon"] = with_interval(
            auc, found.takes, found.lexicon, found.groups
        )
        fitted[heard] = fit_floor(found.cases, found.takes, found.groups)
    assert found is not None
    tensors = {
        name: tensor.astype(np.float32)
        for heard, weights in fitted.items()
        for name, tensor in (
            *weights.logistic.tensors(f"after_{heard}").items(),
            (f"after_{heard}.tokens", np.array(list(weights.tokens.values()))),
        )
    }
    config = {
        "version": VERSION,
        "meetings": sorted(meetings.meetings),
        "tokens": {str(heard): list(weights.tokens) for heard, weights in fitted.items()},
    }
    save(folder, config, tensors, floor_card(figures, len(found.cases), len(meetings.meetings)))
    progress(f"{folder}: written")


def _simulated(pack: str, seed: int, dialogues: int, progress: Progress) -> list[Case]:
    found: list[Case] = []
    for at, profile in enumerate(PROFILES):
        progress(f"{pack}, profile {profile}: simulating {dialogues:,} dialogues")
        lines: list[bytes] = []
        simulation = Simulation(
            pack=pack,
            users=max(LEAST_USERS, 4 * dialogues),
            dialogues=dialogues,
            seed=_SEEDS_APART + 10 * seed + at,
            rate=2.0,
            profile=profile,
        )
        records = [as_record(sent) for sent in simulate(simulation, on_truth=lines.append)]
        found += cases(records, map(parse_truth, lines), Settings())
    return found


def _kind_macro_f1(learnt: list[Case], tested: list[Case]) -> Figure:
    return macro_f1(_counted(tested, judged_by(fit_kind(learnt), [case.seen for case in tested])))


def _counted(tested: list[Case], said: list[BargeInKind]) -> CountsByUser:
    return count_kinds((case.user_id, case.kind, kind) for case, kind in zip(tested, said, strict=True))

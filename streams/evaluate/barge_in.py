"""`earshot evaluate barge-in`: barge-ins of simulated people under every condition of the wire, and of people in
meetings."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from infra.settings import Settings
from infra.settings import settings as current_settings
from models.barge_in.floor import FLOOR_FOLDER, FloorModel
from models.barge_in.kind import KindModel
from streams.errors import StreamError
from streams.evaluate.barge_in_clocks import evaluate_clocks
from streams.evaluate.barge_in_floor import evaluate_floor
from streams.evaluate.barge_in_heard import Compared, Condition, compare, figures_of, headline
from streams.evaluate.barge_in_kinds import Told, count_kinds, judged_by, macro_f1, macro_f1_over
from streams.evaluate.barge_in_meetings import meeting_files, read_meetings
from streams.evaluate.figures import Figure, Report
from streams.recording import Record
from streams.recording_reader import RecordingReader
from streams.simulator.simulate import simulate
from streams.simulator.simulate_sinks import as_record
from streams.simulator.simulation import Simulation
from streams.simulator.truth import parse_truth, read_truth, truth_path
from streams.training.barge_in_cases import LEAST_USERS
from streams.training.barge_in_fit import fit_kind, fit_kind_trees

NAME: Final = "barge_in"
PACKS: Final = ("home_a", "home_b")
MEETINGS: Final = "mrda"
_LEAST_FOR_TRANSFER: Final = 1_000
_RECORDING: Final = ".jsonl.zst"
_TRUTH: Final = ".truth.jsonl.zst"
_NOTES: Final = (
    "A case is a turn that follows another; any_*: was it a barge-in; the rest: a barge-in of that kind.",
    "Kinds and macro-F1 are those of the model that ships, on people it never met but in packs that it knows; *_rules: "
    "of the rules, which also serve without models; *_transfer: of a model fitted only to the other pack's people "
    "of this run; *_transfer_trees: of gradient-boosted trees fitted alike, and *_over_trees: by how much they are "
    "worse, paired.",
    "*_recall_of_arrived counts only barge-ins whose two turns the wire did not lose.",
    "Intervals: 95 %, bootstrap by user, by device for clocks, by meeting for mrda.",
    "A simulated device reports overlap exactly, so the clean wire shows whether the rules are right, not how well a "
    "microphone hears; kinds are told from recognised words, which simulated recognisers get wrong.",
    "regulars_*, cloud_clock_*: devices heard often, with the learned clock correction and without (uncorrected).",
    "mrda_auc_N: after N words, by weights that never saw the meeting: those that ship, or, for meetings they were "
    "fitted to, of a cross-validation over meetings; cv_*: cross-validation on all. Always-no has an AUC of .5.",
)

Progress = Callable[[str], None]


class NothingToEvaluate(StreamError):
    """Neither a recording with its truth nor meetings, or no barge-in in them; the text says what is missing."""


def evaluate(
    folder: Path | None, progress: Progress, dialogues: int = 3_000, seed: int = 11, pack: str | None = None
) -> Report:
    """Figures for what the folder holds: recordings with their truth beside them, or meetings; file names are free.

    Without a folder every condition is simulated, with `pack` or with both, and the meetings in the data folder are
    taken if they are there. Raises `NothingToEvaluate` and the errors of recordings, meetings, packs and models.
    """
    if folder is None:
        figures = _simulated(dialogues, seed, PACKS if pack is None else (pack,), progress)
        meetings = current_settings().data_dir / MEETINGS
        if meetings.is_dir():
            figures |= _met(meetings, progress)
    else:
        figures = _recorded(folder, progress) or _met(folder, progress)
    if not figures:
        raise NothingToEvaluate(
            f"{folder} holds no recording with its truth; `earshot simulate --into NAME{_RECORDING}` makes both. Nor "
            "does it hold meetings in the format of mrda with the field cuts_off"
        )
    return Report(NAME, figures, _NOTES)


def _simulated(dialogues: int, seed: int, packs: tuple[str, ...], progress: Progress) -> dict[str, Figure]:
    settings, model = Settings(), KindModel.load()
    figures: dict[str, Figure] = {}
    by_pack: dict[str, Figure] = {}
    for condition in Condition:
        together = Compared()
        clean: dict[str, Compared] = {}
        for pack in packs:
            simulation = Simulation(
                pack=pack,
                users=max(LEAST_USERS, 4 * dialogues),
                dialogues=dialogues,
                seed=seed,
                rate=2.0,
                wire=condition.value,
            )
            clean[pack] = compared = _heard(simulation, settings, model, progress)
            together = together.with_others(compared)
            if len(packs) > 1:
                by_pack |= headline(f"{pack}_{condition}", compared)
        figures |= figures_of(condition, together)
        if condition is Condition.CLEAN and len(packs) > 1 and dialogues >= _LEAST_FOR_TRANSFER:
            figures |= _transfer(clean)
    figures |= by_pack
    for pack in packs:
        clocks = evaluate_clocks(pack, dialogues, seed, progress)
        figures |= {f"{pack}_{name}": figure for name, figure in clocks.items()}
    return figures


def _heard(simulation: Simulation, settings: Settings, model: KindModel, progress: Progress) -> Compared:
    progress(f"{simulation.pack}, {simulation.wire}: simulating {simulation.dialogues:,} dialogues")
    lines: list[bytes] = []
    records = [as_record(one) for one in simulate(simulation, on_truth=lines.append)]
    progress(f"{simulation.pack}, {simulation.wire}: listening to {len(records):,} events")
    return compare(records, map(parse_truth, lines), settings, model, simulation.pack)


def _transfer(clean: dict[str, Compared]) -> dict[str, Figure]:
    """Each pack tested with weights that were fitted to the other; beside gradient-boosted trees, fitted alike."""
    told: list[Told] = []
    by_trees: list[Told] = []
    for pack, other in (PACKS, PACKS[::-1]):
        tested = clean[other].cases
        seen = [case.seen for case in tested]
        for into, kinds in (
            (told, judged_by(fit_kind(clean[pack].cases), seen)),
            (by_trees, fit_kind_trees(clean[pack].cases)(seen)),
        ):
            into += [(case.user_id, case.kind, kind) for case, kind in zip(tested, kinds, strict=True)]
    ours, theirs = count_kinds(told), count_kinds(by_trees)
    name = f"{Condition.CLEAN}_kind_macro_f1_transfer"
    return {name: macro_f1(ours), f"{name}_trees": macro_f1(theirs), f"{name}_over_trees": macro_f1_over(ours, theirs)}


def _recorded(data: Path, progress: Progress) -> dict[str, Figure]:
    paths = [data] if not data.is_dir() else sorted(data.glob(f"*{_RECORDING}"))
    paths = [
        path
        for path in paths
        if path.name.endswith(_RECORDING) and not path.name.endswith(_TRUTH) and truth_path(path).exists()
    ]
    figures: dict[str, Figure] = {}
    model = KindModel.load() if paths else None
    for path in paths:
        assert model is not None
        progress(f"{path.name}: listening")
        with RecordingReader(path) as reader:
            records = [line for line in reader if isinstance(line, Record)]
        compared = compare(records, read_truth(truth_path(path)), Settings(), model)
        if not compared.true:
            raise NothingToEvaluate(f"{truth_path(path)} has no barge-in among {compared.turns:,} turns")
        figures |= figures_of(path.name.removesuffix(_RECORDING), compared)
    return figures


def _met(folder: Path, progress: Progress) -> dict[str, Figure]:
    paths = meeting_files(folder)
    if not paths:
        return {}
    progress(f"{folder.name}: reading meetings")
    meetings = read_meetings(paths)
    model = FloorModel.load() if FLOOR_FOLDER.exists() else None
    progress(f"{folder.name}: {len(meetings.meetings)} meetings, scoring starts over others")
    return evaluate_floor(meetings, model)

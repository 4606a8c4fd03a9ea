"""`earshot evaluate failure-point`: is it told which component broke first?"""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from infra.settings import settings
from models.encoder import SentenceEncoder
from models.failure_point import FailurePointModel
from streams.adapters import slurp
from streams.adapters.slurp import labelled_of
from streams.adapters.source import AdapterError
from streams.evaluate.failure_point_picture import Curve, write_picture
from streams.evaluate.failure_point_simulated import NOTES, recorded_figures, transfer_figures
from streams.evaluate.figures import Figure, Report
from streams.simulator.truth import truth_path
from streams.training.failure_point_rows import Rows
from streams.training.failure_point_sets import recorded_examples

NAME: Final = "failure_point"
EXPECTS: Final = (
    "recordings *.jsonl.zst with their truth beside them, or JSON lines in the format of slurp (asr_text, hyp_intent, "
    "hyp_entities)"
)

Progress = Callable[[str], None]


def evaluate(
    folder: Path | None, progress: Progress, picture: Path | None = None, dialogues: int | None = None
) -> Report:
    """Figures on a folder in one of the formats, told by what is in it, not by its name.

    Without one: on simulated people of an assistant that the model has not met (`dialogues` of them), and on the
    commands in the data folder if they are there. `picture`: where to draw risk and coverage. Raises `AdapterError`
    when a folder is missing or in none of the formats, `ModelFolderError`, `ModelsNotInstalled`, `PictureNotWritten`,
    and the errors of recordings and truth.
    """
    if folder is not None and not _recordings(folder):
        return _commands(folder, progress)
    encoder = SentenceEncoder.load()
    model = FailurePointModel.load(encoder=encoder)
    figures: dict[str, Figure] = {}
    curves: dict[str, Curve] = {}
    notes = NOTES
    if folder is not None:
        for path in _recordings(folder):
            progress(f"reading {path}")
            found, drawn = recorded_figures(path.name.split(".")[0], Rows.of(recorded_examples(path), encoder), model)
            figures |= found
            curves |= drawn
    else:
        figures, curves = transfer_figures(model, encoder, progress, dialogues)
        commands = settings().data_dir / slurp.NAME
        if commands.is_dir():
            report = _commands(commands, progress)
            figures |= report.figures
            notes = (*notes, *report.notes)
    if picture is not None:
        write_picture(picture, curves)
    return Report(NAME, figures, notes)


def _recordings(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("*.jsonl.zst") if truth_path(path).exists())


def _commands(folder: Path, progress: Progress) -> Report:
    from streams.evaluate.failure_point_commands import evaluate_commands

    progress(f"reading {folder}")
    try:
        recordings = list(labelled_of(folder))
    except AdapterError as error:
        raise AdapterError(f"{error}; expected {EXPECTS}") from error
    return evaluate_commands([recording.model_dump() for recording in recordings], progress)

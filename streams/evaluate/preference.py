"""Preferences: whether a turn states one, which one, and which one matters later."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from infra.settings import settings
from models.preference.model import PreferenceModel
from streams.adapters.ccpe import interviews_of
from streams.adapters.source import AdapterError, fields_of
from streams.evaluate.figures import Figure, Report
from streams.evaluate.preference_chat import evaluate_chat
from streams.evaluate.preference_everyday import evaluate_everyday
from streams.evaluate.preference_interviews import evaluate_interviews
from streams.evaluate.preference_retrieval import evaluate_retrieval
from streams.evaluate.preference_simulated import evaluate_recordings, evaluate_simulated
from streams.training.preference_sets import conversations_of
from streams.training.word_states import WordStates

NAME: Final = "preference"
EXPECTS: Final = (
    "JSON lines in the format of ccpe (turns with speaker, text, annotation) or topical_chat (turns, "
    "conversation_rating), or recordings *.jsonl.zst with their truth beside them"
)

Progress = Callable[[str], None]
Found = tuple[dict[str, Figure], list[str]]


def evaluate(folder: Path | None, progress: Progress) -> Report:
    """Figures on a folder in one of the formats, told by what is in it; without one, on all that the data folder
    has, on everyday sentences, on simulated people and on retrieval.

    Raises `AdapterError` when a folder is missing or is in none of the formats, `ModelFolderError` and
    `ModelsNotInstalled` when there is no model.
    """
    states = WordStates.load()
    model = PreferenceModel.load(words=states)
    figures: dict[str, Figure] = {}
    notes: list[str] = []
    for one in [folder] if folder is not None else _all_folders():
        progress(f"reading {one}")
        found, said = _evaluated(one, model, states, progress)
        figures |= found
        notes += said
    if folder is None:
        for found, said in (
            evaluate_everyday(model),
            evaluate_simulated(model, progress),
            evaluate_retrieval(model, progress),
        ):
            figures |= found
            notes += said
    notes.append("Intervals: 95 %, bootstrap by interview, conversation or person.")
    return Report(NAME, figures, tuple(notes))


def _all_folders() -> list[Path]:
    names = ("ccpe", "topical_chat")
    folders = [settings().data_dir / name for name in names if (settings().data_dir / name).is_dir()]
    if not folders:
        raise AdapterError(f"{settings().data_dir} has none of {', '.join(names)}; set EARSHOT_DATA_DIR or give --data")
    return folders


def _evaluated(folder: Path, model: PreferenceModel, states: WordStates, progress: Progress) -> Found:
    if folder.is_dir() and any(folder.glob("*.jsonl.zst")):
        return evaluate_recordings(folder, model, progress)
    fields = fields_of(folder, EXPECTS)
    if {"turns", "conversation_rating"} <= fields:
        return evaluate_chat(conversations_of(folder), model, progress)
    if fields == {"id", "turns"}:
        return evaluate_interviews(list(interviews_of(folder)), model, states, progress)
    raise AdapterError(f"{folder}: nothing here is known by its fields {sorted(fields)}; expected {EXPECTS}")

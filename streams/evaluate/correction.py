"""Corrections: what a person takes back, in the turn itself or of what was said before, and what was meant."""

from collections.abc import Callable
from pathlib import Path

from infra.settings import settings
from streams.adapters.disfl_qa import questions_of
from streams.adapters.repair_qa import misunderstandings_of
from streams.adapters.sgd_corrections import user_turns_of
from streams.adapters.source import AdapterError, fields_of, rows_of
from streams.adapters.topical_chat import EXPECTS as CHAT
from streams.adapters.topical_chat import Conversation
from streams.evaluate.correction_chat import evaluate_chat
from streams.evaluate.correction_misunderstandings import evaluate_misunderstandings
from streams.evaluate.correction_self_repairs import evaluate_self_repairs
from streams.evaluate.correction_shipped import Shipped, shipped
from streams.evaluate.correction_simulated import evaluate_recordings, evaluate_simulated
from streams.evaluate.correction_tasks import evaluate_tasks
from streams.evaluate.figures import Figure, Report

NAME = "correction"
EXPECTS = (
    "JSON lines in the format of sgd (services, turns), disfl_qa (fluent, disfluent), repair_qa (question, repairs, "
    "rewrite) or topical_chat (turns, conversation_rating), or recordings *.jsonl.zst with their truth beside them"
)

Progress = Callable[[str], None]
Found = tuple[dict[str, Figure], list[str]]


def evaluate(folder: Path | None, progress: Progress) -> Report:
    """Figures on a folder in one of the formats, told by what is in it; without one, on all that the data folder
    has and on simulated people.

    Raises `AdapterError` when a folder is missing or is in none of the formats, `ModelFolderError` and
    `ModelsNotInstalled` when there is no model.
    """
    model = shipped()
    figures: dict[str, Figure] = {}
    notes: list[str] = []
    for one in [folder] if folder is not None else _all_folders():
        progress(f"reading {one}")
        found, said = _evaluated(one, model, progress)
        figures |= found
        notes += said
    if folder is None:
        found, said = evaluate_simulated(model, progress)
        figures |= found
        notes += said
    notes.append(
        "Intervals: 95 %, bootstrap by dialogue, question, conversation or person. BLEU: sacrebleu 13a, in lower case."
    )
    return Report(NAME, figures, tuple(notes))


def _all_folders() -> list[Path]:
    names = ("sgd", "disfl_qa", "repair_qa", "topical_chat")
    folders = [settings().data_dir / name for name in names if (settings().data_dir / name).is_dir()]
    if not folders:
        raise AdapterError(f"{settings().data_dir} has none of {', '.join(names)}; set EARSHOT_DATA_DIR or give --data")
    return folders


def _evaluated(folder: Path, model: Shipped, progress: Progress) -> Found:
    if folder.is_dir() and any(folder.glob("*.jsonl.zst")):
        return evaluate_recordings(folder, model, progress)
    fields = fields_of(folder, EXPECTS)
    if {"services", "turns"} <= fields:
        return evaluate_tasks(list(user_turns_of(folder)), model, progress)
    if {"fluent", "disfluent"} <= fields:
        return evaluate_self_repairs(list(questions_of(folder)), model, progress)
    if {"question", "repairs", "rewrite"} <= fields:
        return evaluate_misunderstandings(list(misunderstandings_of(folder)), model, progress)
    if {"turns", "conversation_rating"} <= fields:
        return evaluate_chat(list(rows_of(folder, Conversation, CHAT)), model, progress)
    raise AdapterError(f"{folder}: nothing here is known by its fields {sorted(fields)}; expected {EXPECTS}")

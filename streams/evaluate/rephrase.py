"""`earshot evaluate rephrase`: is what people ask again told from what they do not?"""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from infra.settings import settings
from models.rephrase.retry_model import RetryModel
from streams.adapters import disfl_qa, getgoing, repair_qa, sgd, topical_chat
from streams.adapters.source import AdapterError, fields_of
from streams.evaluate.figures import Figure, Report
from streams.evaluate.getgoing import retry_figures
from streams.evaluate.rephrase_questions import question_figures, repair_figures
from streams.evaluate.rephrase_simulated import judged_turns, simulated_figures
from streams.evaluate.rephrase_talk import talk_figures
from streams.evaluate.rephrase_transfer import transfer_figures
from streams.simulator.truth import truth_path
from streams.training.rephrase_dialogues import sgd_examples, topical_chat_examples
from streams.training.rephrase_simulated import recorded_dialogues, simulated_dialogues

NAME: Final = "rephrase"
EXPECTS: Final = (
    "JSON lines in the format of getgoing, sgd, disfl_qa, repair_qa or topical_chat, or recordings *.jsonl.zst with "
    "their truth beside them"
)
_SETS: Final = (getgoing.NAME, sgd.NAME, topical_chat.NAME, disfl_qa.NAME, repair_qa.NAME)
_PACKS: Final = ("home_a", "home_b")
_DIALOGUES: Final = 1_500
_SEED: Final = 11
_NOTES: Final = (
    "Simulated people: a case is a turn that follows another; macro-F1 over repeat, rephrase and refinement, as "
    "shipped, on people who are none of those it learned from; *_rules: what the stream says without models. "
    "*_misheard: the cause, among retries that have one, against whether the recogniser was where it first went wrong.",
    "transfer_*: a model fitted in this run, without the set that it is tested on.",
    "sgd, topical_chat, disfl_qa, repair_qa: as shipped; they taught it nothing. getgoing: the model of calls; calls "
    "that it learned from are scored in ten folds by weights that never saw them.",
    "False alarms are at the operating threshold; sgd turns that correct a value are left out.",
    "Intervals: 95 %, bootstrap by user, call, dialogue or question.",
)

Progress = Callable[[str], None]


def evaluate(folder: Path | None, progress: Progress, baselines: bool = False) -> Report:
    """Figures on a folder in one of the formats, told by what is in it; without one, on all that the data folder has
    and on simulated people.

    `baselines`: also fit what the judge of pairs is measured against, and compare; only without a folder, as it needs
    the training sets.

    Raises `AdapterError` when a folder is missing or in none of the formats, `ModelFolderError`, `ModelsNotInstalled`,
    `NothingToLearn`, and the errors of recordings and truth.
    """
    model = RetryModel.load()
    if folder is not None:
        return Report(NAME, _evaluated(folder, model, progress), _NOTES)
    figures: dict[str, Figure] = {}
    for name in _SETS:
        if (settings().data_dir / name).is_dir():
            figures |= _evaluated(settings().data_dir / name, model, progress)
    by_pack = {}
    for pack in _PACKS:
        progress(f"{pack}: simulating {_DIALOGUES:,} dialogues")
        by_pack[pack] = simulated_dialogues(pack, _DIALOGUES, _SEED)
        figures |= simulated_figures(pack, judged_turns(by_pack[pack], model))
    progress("transfer")
    figures |= transfer_figures(by_pack, settings().data_dir / getgoing.NAME)
    if not baselines:
        return Report(NAME, figures, _NOTES)
    # Only here is torch needed.
    from streams.evaluate.rephrase_compared import NOTES, compared_figures
    from streams.training.rephrase_baselines import Baselines

    fitted = Baselines.of_training_sets(settings().data_dir, progress)
    figures |= compared_figures(settings().data_dir, by_pack, fitted, progress)
    return Report(NAME, figures, (*_NOTES, *NOTES))


def _evaluated(folder: Path, model: RetryModel, progress: Progress) -> dict[str, Figure]:
    progress(f"reading {folder}")
    recordings = sorted(path for path in folder.glob("*.jsonl.zst") if truth_path(path).exists())
    if recordings:
        figures: dict[str, Figure] = {}
        for path in recordings:
            name = path.name.split(".")[0]
            figures |= simulated_figures(name, judged_turns(recorded_dialogues(path), model))
        return figures
    fields = fields_of(folder, EXPECTS)
    if {"start", "end", "turns"} <= fields:
        return retry_figures(list(getgoing.calls_of(folder)), progress)
    if {"services", "turns"} <= fields:
        return talk_figures(sgd.NAME, list(sgd_examples(folder)), model)
    if {"turns", "conversation_rating"} <= fields:
        return talk_figures(topical_chat.NAME, list(topical_chat_examples(folder)), model)
    if {"fluent", "disfluent"} <= fields:
        return question_figures(list(disfl_qa.questions_of(folder)), model)
    if {"question", "repairs", "rewrite"} <= fields:
        return repair_figures(list(repair_qa.misunderstandings_of(folder)), model)
    raise AdapterError(f"{folder}: nothing here is known by its fields {sorted(fields)}; expected {EXPECTS}")

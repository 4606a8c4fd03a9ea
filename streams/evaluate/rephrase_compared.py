"""Does the judge of pairs that ships earn its place? It and its baselines on the same cases, with the differences.

Cases are the first ones of each set, as many as the slowest baseline reads in about half a minute.
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Final

import numpy as np

from models.encoder import SentenceEncoder
from models.rephrase.candidate import Candidate, Label
from models.rephrase.retry_model import RetryModel
from streams.adapters import disfl_qa, getgoing, repair_qa, sgd, topical_chat
from streams.evaluate.figures import Bools, Figure, Floats, Groups, auc, floats, with_interval
from streams.evaluate.rephrase_questions import question_pairs, repair_pairs
from streams.evaluate.rephrase_simulated import Judge, judged_turns, mean_f1
from streams.training.rephrase_baselines import LESSONS, Baselines
from streams.training.rephrase_calls import call_cases, out_of_fold
from streams.training.rephrase_dialogues import sgd_examples, topical_chat_examples
from streams.training.rephrase_examples import Example
from streams.training.simulated_dialogues import Heard

SHIPPED: Final = "shipped"
_MOST_PAIRS: Final = 3_000
_MOST_DIALOGUES: Final = 350
_RESAMPLES: Final = 300
NOTES: Final = (
    f"compared_*: the first {_MOST_PAIRS:,} pairs or {_MOST_DIALOGUES} dialogues of each set, every judge on the same "
    "ones; *_shipped_over_X: how much higher the figure of the one that ships is than that of X (for false alarms "
    f"lower is better), paired bootstrap of {_RESAMPLES} draws.",
    "trees: gradient-boosted, on the gate's features. pairwise_minilm: a cross-encoder over both requests. span_minilm "
    "points at the retry in the dialogue, after ContReph. Both are MiniLM with its last two layers tuned, on "
    f"{LESSONS:,} of the examples that the model that ships learned from, once each. All answer whether a request is "
    "made again; the other labels are told as by the model that ships.",
    "compared_getgoing_*: shipped is the model of calls with the past alone, ten folds; the others judge a request and "
    "the one before, by weights from all other sets and half of the calls, tested on the other half.",
)
_LABELS: Final = tuple(Label)
_AGAIN: Final = (Label.REPEAT, Label.REPHRASE)

Measure = Callable[[Bools, Floats], float]
Progress = Callable[[str], None]


def compared_figures(
    data: Path, packs: Mapping[str, Sequence[Sequence[Heard]]], baselines: Baselines, progress: Progress
) -> dict[str, Figure]:
    """Of every judge on every set that `data` has, and on the dialogues of simulated people by pack.

    Raises `AdapterError` for sets that cannot be read.
    """
    shipped = RetryModel.load()
    judges: dict[str, Judge] = {SHIPPED: shipped, **baselines.judges(shipped)}
    figures: dict[str, Figure] = {}
    if (data / disfl_qa.NAME).is_dir():
        progress(f"baselines on {disfl_qa.NAME}")
        slips = list(islice(disfl_qa.questions_of(data / disfl_qa.NAME), _MOST_PAIRS // 2))
        figures |= _told(_on_questions(disfl_qa.NAME, question_pairs(slips), judges), progress)
    if (data / repair_qa.NAME).is_dir():
        progress(f"baselines on {repair_qa.NAME}")
        repairs = list(islice(repair_qa.misunderstandings_of(data / repair_qa.NAME), _MOST_PAIRS // 2))
        figures |= _told(_on_questions(repair_qa.NAME, repair_pairs(repairs), judges), progress)
    for name, examples_of in ((sgd.NAME, sgd_examples), (topical_chat.NAME, topical_chat_examples)):
        if (data / name).is_dir():
            progress(f"baselines on {name}")
            talk = list(islice(examples_of(data / name), _MOST_PAIRS))
            figures |= _told(_on_talk(name, talk, judges), progress)
    for pack, dialogues in packs.items():
        progress(f"baselines on {pack}")
        figures |= _told(_on_people(pack, dialogues[:_MOST_DIALOGUES], judges), progress)
    progress("baselines on calls")
    return figures | _told(_on_calls(data / getgoing.NAME, baselines), progress)


def _told(found: dict[str, Figure], progress: Progress) -> dict[str, Figure]:
    """The same, told at once: the sets that follow take minutes."""
    for name, figure in found.items():
        progress(f"  {name} {figure.value:.3f} [{figure.low:.3f}, {figure.high:.3f}]")
    return found


def _on_questions(name: str, pairs: Sequence[Candidate], judges: Mapping[str, Judge]) -> dict[str, Figure]:
    """`pairs` alternate between asked again and other."""
    truth: Bools = np.arange(len(pairs)) % 2 == 0
    groups: Groups = np.arange(len(pairs), dtype=np.int64) // 2
    scores = {judge: floats([said.score for said in one.judge(pairs)]) for judge, one in judges.items()}
    return compared(f"{name}_auc", auc, truth, scores, groups)


def _on_talk(name: str, examples: Sequence[Example], judges: Mapping[str, Judge]) -> dict[str, Figure]:
    pairs = [example.candidate for example in examples]
    numbers: dict[str, int] = {}
    groups = np.array([numbers.setdefault(example.group, len(numbers)) for example in examples], dtype=np.int64)
    alarms = {
        judge: floats([100.0 * (said.label in _AGAIN) for said in one.judge(pairs)]) for judge, one in judges.items()
    }
    none = np.zeros(len(pairs), dtype=bool)
    return compared(f"{name}_false_alarms_per_100", lambda _, values: float(values.mean()), none, alarms, groups)


def _on_people(pack: str, dialogues: Sequence[Sequence[Heard]], judges: Mapping[str, Judge]) -> dict[str, Figure]:
    turns = {judge: judged_turns(dialogues, one) for judge, one in judges.items()}
    one = turns[SHIPPED]
    again = np.isin(one.true, [_LABELS.index(label) for label in _AGAIN])
    # Truth and answer in one number, as a measure is given one number a case.
    labels = {judge: (told.true * len(_LABELS) + told.said).astype(np.float64) for judge, told in turns.items()}
    scores = {judge: told.score for judge, told in turns.items()}
    return compared(f"{pack}_macro_f1", _macro_f1, again, labels, one.user) | compared(
        f"{pack}_retry_auc", auc, again, scores, one.user
    )


def _macro_f1(_: Bools, cells: Floats) -> float:
    width = len(_LABELS)
    counts = np.bincount(cells.astype(np.int64), minlength=width * width).astype(np.float64)
    return mean_f1(counts.reshape(width, width))


def _on_calls(folder: Path, baselines: Baselines) -> dict[str, Figure]:
    """Here the model of calls ships, with the past alone, by weights that never saw the call."""
    calls = list(getgoing.calls_of(folder))
    ours = out_of_fold(call_cases(calls, SentenceEncoder.load(device="cpu")))[0]
    heard = baselines.on_calls()
    return compared(f"{getgoing.NAME}_auc", auc, heard.retry, {SHIPPED: ours, **heard.scores}, heard.call)


def compared(
    name: str, measure: Measure, truth: Bools, said: Mapping[str, Floats], groups: Groups
) -> dict[str, Figure]:
    """The measure of each one, and how much higher that of `SHIPPED` is, paired: both on the same drawn groups."""
    ours = said[SHIPPED]
    figures = {
        f"compared_{name}_{judge}": with_interval(measure, truth, theirs, groups, _RESAMPLES)
        for judge, theirs in said.items()
    }
    for judge, theirs in said.items():
        if judge != SHIPPED:
            figures[f"compared_{name}_shipped_over_{judge}"] = with_interval(
                lambda true, both: measure(true, both[:, 0]) - measure(true, both[:, 1]),
                truth,
                np.stack([ours, theirs], axis=1),
                groups,
                _RESAMPLES,
            )
    return figures

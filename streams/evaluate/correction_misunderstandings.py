"""Third-position repair: a question was misread, the next turn says what was meant.

`repair_qa_*` are figures of the model that ships, which never saw a row of this corpus; `cv_repair_qa_*` of models that
went on learning from the other folds within this run, and are not kept.
"""

from collections.abc import Callable, Sequence
from random import Random

import numpy as np

from models.correction import Correction, Label, Utterances
from streams.adapters.repair_qa import Misunderstanding
from streams.evaluate.correction_baselines import cue_scores, ngram_scores
from streams.evaluate.correction_folds import crossed
from streams.evaluate.correction_rewrites import Rewritten, bleu_gain, rewrite_figures
from streams.evaluate.correction_shipped import Shipped
from streams.evaluate.figures import Figure, Groups, auc, floats, with_interval
from streams.training.correction_examples import Example, Source, Truth, bare
from streams.training.correction_fitting import Fit
from streams.training.correction_sets import misunderstood

NAME = "repair_qa"
_FIT = Fit(epochs=4, rate=1.5e-3, batch_words=1_500)
_SEED = 7

Progress = Callable[[str], None]


def evaluate_misunderstandings(
    rows: Sequence[Misunderstanding], model: Shipped, progress: Progress
) -> tuple[dict[str, Figure], list[str]]:
    """Figures on the rows, and how they were got."""
    examples = misunderstood(rows)
    repairs = [example.utterances for example in examples]
    groups = np.array([example.group for example in examples], dtype=np.int64)
    follow_ups = _follow_ups(rows)
    said = [*repairs, *follow_ups]
    progress(f"{len(repairs)} repairs of {len(rows)} questions: the model that ships")
    model.states.learn([*said, *(_heard(one) for one in repairs)])
    found = model.model.find(repairs, Label.THIRD_POSITION)
    others = model.model.find(follow_ups, rewrites=False)
    figures = _detection("repair_qa", said, [*found, *others], groups, np.arange(len(rows)))
    copies = _rewritten(examples, [one.request for one in repairs])
    ours = _rewritten(examples, _rewrites(found, repairs))
    figures |= rewrite_figures("repair_qa_rewrite", ours) | rewrite_figures("repair_qa_baseline_copy", copies)
    figures["repair_qa_rewrite_bleu_gain_over_copy"] = bleu_gain(ours, copies)
    progress("models that learn on from the other folds")
    learned = [
        *examples,
        *(Example(Source.MISUNDERSTOOD, one, Truth.NONE, group=at) for at, one in enumerate(follow_ups)),
    ]
    crossing = crossed(
        learned,
        said,
        np.concatenate([groups, np.arange(len(rows))]),
        model.network,
        model.vocabulary,
        model.lexicon,
        _FIT,
        model.states,
        True,
        progress,
    )
    theirs = _rewritten(examples, _rewrites(crossing[: len(repairs)], repairs))
    figures |= _detection("cv_repair_qa", said, crossing, groups, np.arange(len(rows)))
    figures |= rewrite_figures("cv_repair_qa_rewrite", theirs)
    figures["cv_repair_qa_rewrite_bleu_gain_over_copy"] = bleu_gain(theirs, copies)
    return figures, [
        f"repair_qa: {len(repairs)} repairs of {len(rows)} questions against {len(follow_ups)} ordinary follow-ups: "
        "the question of another row after the same question and answer. No row trains a model that ships.",
        "repair_qa: cv_* fit on from the model that ships in 5 folds by question, in this run; none of it is kept.",
    ]


def _follow_ups(rows: Sequence[Misunderstanding]) -> list[Utterances]:
    rng = Random(_SEED)
    others = [row.question for row in rows]
    rng.shuffle(others)
    return [
        Utterances(other if other != row.question else rng.choice(others), row.question, row.system_answer)
        for row, other in zip(rows, others, strict=True)
    ]


def _heard(said: Utterances) -> Utterances:
    return Utterances(bare(said.text), bare(said.request), bare(said.response))


def _rewrites(found: Sequence[Correction], repairs: Sequence[Utterances]) -> list[str]:
    return [one.rewrite or said.request for one, said in zip(found, repairs, strict=True)]


def _rewritten(examples: Sequence[Example], rewrites: Sequence[str]) -> list[Rewritten]:
    return [
        Rewritten(example.utterances.request, example.rewrite or "", rewrite, example.group)
        for example, rewrite in zip(examples, rewrites, strict=True)
    ]


def _detection(
    prefix: str, said: Sequence[Utterances], found: Sequence[Correction], repairs: Groups, others: Groups
) -> dict[str, Figure]:
    truth = np.array([True] * len(repairs) + [False] * len(others))
    groups = np.concatenate([repairs, others])
    figures = {f"{prefix}_auc": with_interval(auc, truth, floats([one.chances[2] for one in found]), groups)}
    if prefix == NAME:
        texts = [one.text for one in said]
        figures["repair_qa_baseline_cues_auc"] = with_interval(auc, truth, cue_scores(texts), groups)
        figures["repair_qa_baseline_ngrams_auc"] = with_interval(auc, truth, ngram_scores(texts, truth, groups), groups)
    return figures

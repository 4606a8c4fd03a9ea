"""Corrections in task dialogues: the user rejects what the assistant took and gives another value.

A case is a user turn of a dialogue that has a correction, so that corrections are as rare as they are. In `sgd_ap` the
model sees the turn's text alone; in `sgd_ap_with_context` also what was said before.
"""

from collections.abc import Callable, Sequence

import numpy as np
from sklearn.metrics import average_precision_score

from models.correction import Correction, Label, Utterances
from streams.adapters.sgd_corrections import UserTurn
from streams.evaluate.correction_baselines import cue_scores, ngram_scores
from streams.evaluate.correction_folds import crossed
from streams.evaluate.correction_rewrites import f1_figure, grouped, token_f1_counts, tokens
from streams.evaluate.correction_shipped import Shipped
from streams.evaluate.figures import Bools, Figure, Floats, Groups, auc, floats, with_interval
from streams.training.correction_examples import Example, Source, Truth
from streams.training.correction_fitting import Fit
from streams.training.correction_sets import value_words

NAME = "sgd"
_FIT = Fit(epochs=5, batch_words=700, writing=0.0)

Progress = Callable[[str], None]


def evaluate_tasks(
    dialogues: Sequence[Sequence[UserTurn]], model: Shipped, progress: Progress
) -> tuple[dict[str, Figure], list[str]]:
    """Figures on the dialogues, and how they were got: of the model that ships where it knows none of them, else of
    models that learned from the other folds."""
    dialogues = [turns for turns in dialogues if any(turn.corrected for turn in turns)]
    if not dialogues:
        return {}, []
    turns = [turn for dialogue in dialogues for turn in dialogue]
    groups = np.array([at for at, dialogue in enumerate(dialogues) for _ in dialogue], dtype=np.int64)
    truth = np.array([bool(turn.corrected) for turn in turns])
    alone = [Utterances(turn.text) for turn in turns]
    told = [Utterances(turn.text, turn.request, turn.response) for turn in turns]
    plain = ngram_scores([turn.text for turn in turns], truth, groups)
    figures = {
        "sgd_baseline_cues_ap": _ap(truth, cue_scores([turn.text for turn in turns]), groups),
        "sgd_baseline_ngrams_ap": _ap(truth, plain, groups),
        "sgd_baseline_always_no_ap": Figure(float(truth.mean()), n=len(truth)),
    }
    notes = [
        f"sgd: {len(turns)} user turns of {len(dialogues)} dialogues; {int(truth.sum())} of them correct something. "
        "Values are judged on all corrections, found or not."
    ]
    met = sum(model.learned_from(NAME, dialogue[0].dialogue_id) for dialogue in dialogues)
    progress(f"{len(turns)} turns of {len(dialogues)} dialogues")
    if met:
        notes.append(
            f"sgd: the model that ships learned from {met} of these dialogues, so cv_* are figures of models that "
            "learned from the other folds alone: 5 folds by dialogue, from nothing, in this run."
        )
        prefix = "cv_sgd"
        by_text, by_context = _crossed(turns, alone, told, groups, model, progress)
    else:
        prefix = "sgd"
        model.states.learn([*alone, *told])
        by_text, by_context = (model.model.find(said, Label.THIRD_POSITION, rewrites=False) for said in (alone, told))
    figures |= _figures(prefix, turns, truth, groups, by_text, by_context)
    ours = _scores(by_text)
    figures[f"{prefix}_ap_gain_over_ngrams"] = grouped(
        lambda at: float(average_precision_score(truth[at], ours[at]) - average_precision_score(truth[at], plain[at])),
        groups,
    )
    return figures, notes


def _crossed(
    turns: Sequence[UserTurn],
    alone: Sequence[Utterances],
    told: Sequence[Utterances],
    groups: Groups,
    model: Shipped,
    progress: Progress,
) -> tuple[list[Correction], list[Correction]]:
    """What models of the other folds say of the turns alone and with what was said before."""
    examples = [
        _example(turn, said, group)
        for turn, pair, group in zip(turns, zip(alone, told, strict=True), groups.tolist(), strict=True)
        for said in pair
    ]
    found = crossed(
        examples,
        [*alone, *told],
        np.concatenate([groups, groups]),
        model.fresh,
        model.vocabulary,
        model.lexicon,
        _FIT,
        model.states,
        False,
        progress,
    )
    return found[: len(turns)], found[len(turns) :]


def _example(turn: UserTurn, said: Utterances, group: int) -> Example:
    truth = Truth.THIRD_POSITION if turn.corrected else Truth.NONE
    return Example(Source.TASK_TURNS, said, truth, value=value_words(turn.text, turn.given), group=group)


def _figures(
    prefix: str,
    turns: Sequence[UserTurn],
    truth: Bools,
    groups: Groups,
    by_text: Sequence[Correction],
    by_context: Sequence[Correction],
) -> dict[str, Figure]:
    figures = {
        f"{prefix}_ap": _ap(truth, _scores(by_text), groups),
        f"{prefix}_auc": with_interval(auc, truth, _scores(by_text), groups),
        f"{prefix}_ap_with_context": _ap(truth, _scores(by_context), groups),
    }
    corrected = np.flatnonzero(truth).tolist()
    for suffix, found in (("", by_text), ("_with_context", by_context)):
        wanted = [_wanted(turns[at]) for at in corrected]
        given = [tokens(found[at].value or "") for at in corrected]
        exact = floats([sorted(ours) == sorted(theirs) for ours, theirs in zip(given, wanted, strict=True)])
        counts = [token_f1_counts(ours, theirs) for ours, theirs in zip(given, wanted, strict=True)]
        figures[f"{prefix}_value_exact{suffix}"] = _mean(exact, groups[corrected])
        figures[f"{prefix}_value_f1{suffix}"] = f1_figure(counts, groups[corrected])
    whole = [token_f1_counts(tokens(turns[at].text), _wanted(turns[at])) for at in corrected]
    figures["sgd_baseline_whole_turn_value_f1"] = f1_figure(whole, groups[corrected])
    return figures


def _wanted(turn: UserTurn) -> list[str]:
    return [token for values in turn.corrected.values() for token in tokens(values[0])]


def _scores(found: Sequence[Correction]) -> Floats:
    return floats([one.chances[2] for one in found])


def _ap(truth: Bools, scores: Floats, groups: Groups) -> Figure:
    return with_interval(lambda true, drawn: float(average_precision_score(true, drawn)), truth, scores, groups)


def _mean(values: Floats, groups: Groups) -> Figure:
    return grouped(lambda at: float(values[at].mean()), groups)

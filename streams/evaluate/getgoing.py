"""GetGoing: does the retry detector find the requests that callers made again, from the callers' words alone?

The labels come from rules on what the assistant said (it asked the same again), so everything that it said, and what
was derived from it, is taken away first; only the words of the callers and their order stay. The log has no times of
turns, so they are set evenly and tell nothing. Every request with an earlier one in its call is a case.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from pathlib import Path

import numpy as np

from processors.rephrase import retry_score
from processors.signals import signals_of
from processors.similarity import characters_alike, words_of
from schemas.feedback import Repeat, Rephrase
from schemas.turn import Asr, Device, ExplicitFeedback, Turn, TurnEvent
from streams.adapters.getgoing import NAME, Call, Speaker, calls_of, dialogue_of, turn_id
from streams.adapters.source import AdapterError
from streams.evaluate.figures import (
    FOLDS,
    Bools,
    Figure,
    Floats,
    Groups,
    Report,
    auc,
    decide,
    f1,
    floats,
    precision,
    recall,
    with_interval,
)
from streams.evaluate.judged import exchanges_of, judge

SPACING = timedelta(seconds=8)
FEWEST = 5
"""Calls of either kind below which a figure on calls says nothing."""

Progress = Callable[[str], None]


def evaluate(folder: Path, progress: Progress) -> Report:
    """Figures on the calls of `folder`. Raises `AdapterError` when they cannot be read or none has a case."""
    progress(f"reading {folder}")
    calls = list(calls_of(folder))
    progress(f"{len(calls)} calls: looking for retries")
    truth, scores, found, plain, groups = _cases(calls)
    if not truth.any() or truth.all():
        raise AdapterError(f"{folder}: of {len(truth)} requests {int(truth.sum())} are labelled `retry_of`; needs both")
    progress("intervals")
    decided = decide(truth, scores, groups)
    never = np.zeros(len(truth))
    figures = {
        "retry_auc": with_interval(auc, truth, scores, groups),
        "retry_f1": with_interval(f1, truth, decided, groups),
        "retry_precision": with_interval(precision, truth, decided, groups),
        "retry_recall": with_interval(recall, truth, decided, groups),
        "feedback_f1": with_interval(f1, truth, found, groups),
        "feedback_precision": with_interval(precision, truth, found, groups),
        "feedback_recall": with_interval(recall, truth, found, groups),
        "baseline_similarity_auc": with_interval(auc, truth, plain, groups),
        "baseline_similarity_f1": with_interval(f1, truth, decide(truth, plain, groups), groups),
        "baseline_always_no_auc": Figure(0.5, n=len(truth)),
        "baseline_always_no_f1": Figure(f1(truth, never), n=len(truth)),
        "retry_share": Figure(float(truth.mean()), n=len(truth)),
    }
    progress("verdicts against what came of the calls")
    figures |= _verdicts(calls)
    return Report(
        NAME,
        figures,
        (
            f"{len(calls)} calls, {len(truth)} requests with an earlier one, {int(truth.sum())} of them retries. "
            "What the assistant said is hidden from the detector.",
            f"Thresholds of retry_* and baseline_similarity_f1: best F1 on the other folds of {FOLDS}, split by call. "
            "feedback_*: what the stream sends at its fixed thresholds.",
            "Intervals: 95 %, bootstrap by call; the file does not say who called, so calls of one caller count as "
            "independent.",
            "The retry weights were set by hand while looking at the published development calls.",
        ),
    )


def hidden(call: Call) -> list[Turn]:
    """The caller's requests as turns without anything that the assistant said, evenly spaced."""
    return [
        Turn(
            event_id=turn_id(call, place),
            occurred_at=call.start + at * SPACING,
            turn_id=turn_id(call, place),
            dialogue_id=call.id,
            user_id=call.id,
            device=Device(id=call.id),
            asr=Asr(text=said.text),
            synthetic_timing=True,
        )
        for at, (place, said) in enumerate(
            (place, said) for place, said in enumerate(call.turns) if said.speaker is Speaker.USER
        )
    ]


def _cases(calls: Iterable[Call]) -> tuple[Bools, Floats, Floats, Floats, Groups]:
    """For each case: is it a retry, its score, was feedback sent, plain similarity to the request before, its call."""
    truth: list[bool] = []
    scores: list[float] = []
    found: list[float] = []
    plain: list[float] = []
    groups: list[int] = []
    for group, call in enumerate(calls):
        labels = {
            turn_id(call, place): said.retry_of is not None
            for place, said in enumerate(call.turns)
            if said.speaker is Speaker.USER
        }
        exchanges = exchanges_of(hidden(call))
        for at in range(1, len(exchanges)):
            signals = signals_of(exchanges, at, 0)
            truth.append(labels[exchanges[at].turn_id])
            scores.append(retry_score(exchanges, at))
            found.append(float(any(isinstance(signal, Repeat | Rephrase) for signal in signals)))
            plain.append(characters_alike(words_of(exchanges[at - 1].request), words_of(exchanges[at].request)))
            groups.append(group)
    return np.array(truth, dtype=bool), floats(scores), floats(found), floats(plain), np.array(groups, dtype=np.int64)


def _verdicts(calls: Iterable[Call]) -> dict[str, Figure]:
    """How well one minus the mean defect score of a call ranks calls by what came of them.

    Here the detectors see what the assistant said, as they do in the stream. The caller's own answer is withheld, and
    so is all that happened after the question.
    """
    satisfaction: list[float] = []
    directions: list[bool] = []
    useful: list[bool | None] = []
    for call in calls:
        if call.labels.robocall or not any(said.speaker is Speaker.USER for said in call.turns):
            continue
        judged = judge(_before_the_survey(dialogue_of(call).events))
        satisfaction.append(1.0 - sum(one.verdict.score for one in judged) / len(judged))
        directions.append(bool(call.labels.directions_given))
        useful.append(call.labels.survey_useful_yes)
    figures: dict[str, Figure] = {}
    ranks = floats(satisfaction)
    for name, answers in (("directions_auc", directions), ("survey_auc", useful)):
        known = np.array([answer is not None for answer in answers], dtype=bool)
        truth = np.array([bool(answer) for answer in answers], dtype=bool)[known]
        if min(truth.sum(), (~truth).sum()) >= FEWEST:
            figures[name] = with_interval(auc, truth, ranks[known], np.arange(len(truth), dtype=np.int64))
    return figures


def _before_the_survey(events: Sequence[TurnEvent]) -> list[TurnEvent]:
    """The turns up to the one that asks whether its directions were useful; all where nobody was asked."""
    asked = {event.turn_id for event in events if isinstance(event, ExplicitFeedback)}
    turns: list[TurnEvent] = []
    for event in events:
        if isinstance(event, Turn):
            turns.append(event)
            if event.turn_id in asked:
                break
    return turns

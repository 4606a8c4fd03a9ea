"""GetGoing: does the retry detector find the requests that callers made again, from the callers' words alone?

The labels come from rules on what the assistant said (it asked the same again), so everything that it said, and what
was derived from it, is taken away first; only the words of the callers and their order stay. Every request with an
earlier one in its call is a case.

The course of the calls is what tells a retry here, so the model of calls scores them. Calls that the shipped weights
learned from are scored by weights of a cross-validation that never saw them; all others by the shipped ones.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import numpy as np

from models.encoder import SentenceEncoder
from models.folder import load
from models.rephrase.call_model import CALLS_FOLDER, CallModel
from models.rephrase.candidate import Candidate
from models.rephrase.retry_model import RetryModel
from processors.rephrase import retry_score
from processors.signals import signals_of
from processors.similarity import characters_alike, words_of
from schemas.feedback import Repeat, Rephrase
from schemas.turn import Asr, Device, ExplicitFeedback, Turn, TurnEvent
from streams.adapters.getgoing import NAME, Call, Speaker, calls_of, dialogue_of, turn_id
from streams.adapters.source import AdapterError
from streams.evaluate.figures import (
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
from streams.training.rephrase_calls import CallCases, call_cases, fingerprint, out_of_fold, requests_of, retries_of

SPACING = timedelta(seconds=8)
FEWEST = 5
"""Calls of either kind below which a figure on calls says nothing."""
_NOTES = (
    "What the assistant said is hidden from the detector.",
    "retry_auc, retry_f1: revised, with the requests after each one known; *_online: with the past alone.",
    "Calls that the shipped weights learned from are scored by weights learned from the other calls (ten folds), "
    "thresholds likewise; other calls by the shipped weights and thresholds.",
    "baseline_gate_*: the judge of pairs as it ships, on a request and the one before; it learned from these calls "
    "too. baseline_rules_*: weights set by hand, which looked at these calls. baseline_similarity_*: likeness of "
    "letters. F1 of baselines: best threshold on the other folds.",
    "feedback_*: what the stream sends without models.",
    "Intervals: 95 %, bootstrap by call; the file does not say who called, so calls of one caller count as "
    "independent.",
)

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Scored:
    """Scores and decisions, 0 or 1, on the same cases."""

    scores: Floats
    decided: Floats


def evaluate(folder: Path, progress: Progress) -> Report:
    """Figures on the calls of `folder`.

    Raises `AdapterError` when they cannot be read or none has a case, `ModelFolderError` and `ModelsNotInstalled`.
    """
    progress(f"reading {folder}")
    calls = list(calls_of(folder))
    figures = retry_figures(calls, progress)
    progress("verdicts against what came of the calls")
    figures |= _verdicts(calls)
    return Report(NAME, figures, (f"{len(calls)} calls.", *_NOTES))


def retry_figures(calls: Sequence[Call], progress: Progress) -> dict[str, Figure]:
    """How well retries are found in the calls, by the shipped detector and by baselines."""
    progress(f"{len(calls)} calls: looking for retries")
    truth, rules, found, plain, groups = _cases(calls)
    if not truth.any() or truth.all():
        raise AdapterError(f"of {len(truth)} requests {int(truth.sum())} are labelled `retry_of`; needs both kinds")
    online, revised, learned = _by_course(calls)
    figures: dict[str, Figure] = {}
    for suffix, one in (("", revised), ("_online", online)):
        figures[f"retry_auc{suffix}"] = with_interval(auc, truth, one.scores, groups)
        figures[f"retry_f1{suffix}"] = with_interval(f1, truth, one.decided, groups)
        figures[f"retry_precision{suffix}"] = with_interval(precision, truth, one.decided, groups)
        figures[f"retry_recall{suffix}"] = with_interval(recall, truth, one.decided, groups)
    for name, scores in (("gate", _by_pair(calls)), ("rules", rules), ("similarity", plain)):
        figures[f"baseline_{name}_auc"] = with_interval(auc, truth, scores, groups)
        figures[f"baseline_{name}_f1"] = with_interval(f1, truth, decide(truth, scores, groups), groups)
    return figures | {
        "baseline_always_no_auc": Figure(0.5, n=len(truth)),
        "baseline_always_no_f1": Figure(0.0, n=len(truth)),
        "feedback_f1": with_interval(f1, truth, found, groups),
        "feedback_precision": with_interval(precision, truth, found, groups),
        "feedback_recall": with_interval(recall, truth, found, groups),
        "retry_share": Figure(float(truth.mean()), n=len(truth)),
        "calls_learned_from": Figure(learned / len(calls), n=len(calls)),
    }


def _by_course(calls: Sequence[Call]) -> tuple[Scored, Scored, int]:
    """By the course of the call: with the past alone, and revised; and how many calls the shipped weights learned
    from, which weights of a cross-validation score."""
    model, encoder = CallModel.load(), SentenceEncoder.load(device="cpu")
    known = set(load(CALLS_FOLDER).config["calls"])
    seen = [fingerprint(call) in known for call in calls]
    cases = call_cases(calls, encoder)
    own = np.array(seen, dtype=bool)[cases.call]
    found = [
        np.concatenate([score(requests_of(call), encoder)[1:] for call in calls])
        for score in (model.online, model.revised)
    ]
    decided = [
        (scores >= threshold).astype(np.float64)
        for scores, threshold in zip(found, (model.online_threshold, model.revised_threshold), strict=True)
    ]
    if own.any():
        learned = CallCases(cases.retry[own], cases.call[own], cases.online[own], cases.revised[own])
        for at, scores in enumerate(out_of_fold(learned)):
            found[at][own] = scores
            decided[at][own] = decide(learned.retry, scores, learned.call)
    return Scored(found[0], decided[0]), Scored(found[1], decided[1]), sum(seen)


def _by_pair(calls: Sequence[Call]) -> Floats:
    """Each request with the one before, by the judge of pairs, as it ships."""
    model = RetryModel.load()
    requests = map(requests_of, calls)
    pairs = [Candidate(one, other) for call in requests for one, other in pairwise(call)]
    return floats([judgement.score for judgement in model.judge(pairs)])


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
    """For each case: is it a retry, its score by rules, was feedback sent, likeness to the request before, its call."""
    truth: list[bool] = []
    scores: list[float] = []
    found: list[float] = []
    plain: list[float] = []
    groups: list[int] = []
    for group, call in enumerate(calls):
        labels = retries_of(call)
        exchanges = exchanges_of(hidden(call))
        for at in range(1, len(exchanges)):
            signals = signals_of(exchanges, at, 0)
            truth.append(labels[at])
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

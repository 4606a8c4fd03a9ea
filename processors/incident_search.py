"""Which break the counts of all groups speak for most: its component, its place, its first minute."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log
from typing import Final, NamedTuple

import numpy as np
from scipy.special import logsumexp

from processors.incident_counts import WATCHED, Bools, Counts, Floats
from processors.incident_evidence import (
    WINDOW,
    dispersion,
    evidence_of_break,
    over_all_starts,
    past_of,
    since_each,
)
from processors.incident_scope import USUAL_TRUST, Kind, kinds_of, narrower
from schemas.alarm import Alarm, AlarmScope
from schemas.failure_point import FailurePoint

LEAST_PAST: Final = 5
"""Minutes that must lie before a break, or there is nothing that it breaks with."""

SPILL: Final = 10
"""Minutes that the rest of a broken component gets to settle before it is watched again."""

CLEARER: Final = log(20)
"""By so much must evidence be stronger before other words are chosen for it."""

_NEW_VERSION: Final = 0.05
_NEGLIGIBLE: Final = 0.01
_RECENT: Final = 10


class Break(NamedTuple):
    """The loudest break that the counts speak for. `score` is the logarithm of its weighted evidence."""

    score: float
    point: FailurePoint
    scope: AlarmScope
    minute: int
    evidence: float
    expected: float
    observed: float
    turns: int


@dataclass(frozen=True)
class _Loud:
    """The loudest group of a kind. `turns` and `failures` are those of all cells that bear on it, `[minute, cell]`; it
    failed and went well so often before `begin`."""

    score: float
    point: FailurePoint
    scope: AlarmScope
    begin: int
    evidence: float
    failed: float
    went_well: float
    spread: float
    turns: Floats
    failures: Floats

    def since(self, inside: Bools) -> tuple[float, float]:
        """Turns and failures of some cells since it began."""
        return float(self.turns[self.begin :, inside].sum()), float(self.failures[self.begin :, inside].sum())


def loudest(counts: Counts, alarms: Sequence[Alarm]) -> Break | None:
    """The break that the counts speak for most, apart from those that `alarms` tell; None when there is too little."""
    found: list[_Loud] = []
    scores: list[float] = []
    for at, point in enumerate(WATCHED):
        seen, first = what_bears_on(counts, alarms, point)
        if first < counts.minutes and counts.cells:
            turns, failures = counts.turns * seen, counts.failures[:, :, at] * seen
            for kind in kinds_of(counts.cells, point):
                loud, all_scores = _loudest_of(kind, point, turns, failures, first)
                found.append(loud)
                scores.append(all_scores)
    if not found:
        return None
    best = max(found, key=lambda loud: loud.score)
    turns_since, _ = best.since(counts.within(best.scope))
    return _narrowed(counts, best, float(logsumexp(scores))) if turns_since >= 1 else None


def _loudest_of(kind: Kind, point: FailurePoint, turns: Floats, failures: Floats, first: int) -> tuple[_Loud, float]:
    """The loudest group of a kind, and the logarithm of the weighted evidence of all its groups together."""
    grouped, failed = turns @ kind.members, failures @ kind.members
    past = past_of(grouped, failed, turns.sum(1, keepdims=True), failures.sum(1, keepdims=True), kind.trust)
    spread = dispersion(grouped, failed, past)
    evidence = evidence_of_break(
        since_each(grouped, first), since_each(failed, first), past.failed[first:], past.went_well[first:], spread
    )
    scores = over_all_starts(evidence) + np.log(kind.claims(turns[-_RECENT:].sum(0)) / len(WATCHED))
    which = int(np.argmax(scores))
    with_turns = np.where(grouped[first:, which] > 0, evidence[:, which], -np.inf)
    minute = int(np.argmax(with_turns))
    begin = first + minute
    loud = _Loud(
        float(scores[which]),
        point,
        kind.scopes[which],
        begin,
        float(evidence[minute, which]),
        float(past.failed[begin, which]),
        float(past.went_well[begin, which]),
        spread,
        turns,
        failures,
    )
    return loud, float(logsumexp(scores))


def _narrowed(counts: Counts, loud: _Loud, score: float) -> Break:
    """The break, in the narrowest scope that its failures concentrate on: one whose evidence is `CLEARER` stronger
    although it rests on fewer turns, or a version that came with the break."""
    scope, evidence = _without_what_excludes_nobody(counts, loud.scope, loud.turns), loud.evidence
    turns, failures = loud.since(counts.within(scope))
    expected = loud.failed / (loud.failed + loud.went_well)
    weight = loud.failed + loud.went_well
    while True:
        before = loud.turns[: loud.begin]
        options = []
        for one, inside in narrower(counts, scope, loud.point):
            n, x = loud.since(inside)
            if n < 1 or loud.turns[:, inside].sum() > (1 - _NEGLIGIBLE) * loud.turns[:, counts.within(scope)].sum():
                continue
            own = float(before[:, inside].sum())
            share = own / max(float(before[:, counts.within(scope)].sum()), 1.0)
            new = one.version != scope.version and share < _NEW_VERSION and n > (1 - _NEW_VERSION) * turns
            past = np.array(weight * expected), np.array(weight * (1 - expected))
            strength = float(evidence_of_break(np.array(n), np.array(x), *past, loud.spread))
            gain = strength - evidence - (0.0 if new else CLEARER + log(turns / n))
            if new or gain > 0:
                options.append((gain, strength, n, x, one))
        if not options:
            break
        _, evidence, turns, failures, scope = max(options, key=lambda option: option[0])
    return Break(score, loud.point, scope, loud.begin, evidence, expected, failures / turns, round(turns))


def _without_what_excludes_nobody(counts: Counts, scope: AlarmScope, turns: Floats) -> AlarmScope:
    """The scope without what all turns have in common, such as the only version there is."""
    for names in (("component", "version"), ("locale",), ("device_type",), ("domain",)):
        wider = scope.model_copy(update=dict.fromkeys(names))
        if turns[:, counts.within(scope)].sum() > (1 - _NEGLIGIBLE) * turns[:, counts.within(wider)].sum():
            scope = wider
    return scope


def what_bears_on(counts: Counts, alarms: Sequence[Alarm], point: FailurePoint) -> tuple[Bools, int]:
    """What of the counts bears on a failure point: `[minute, cell]`, and the first minute that a break may begin."""
    seen = np.ones(counts.turns.shape, dtype=np.bool_)
    first = max(LEAST_PAST, counts.minutes - WINDOW)
    for alarm in alarms:
        begin = max(0, counts.minute_of(alarm.occurred_at))
        end = counts.minutes if alarm.ended_at is None else max(0, counts.minute_of(alarm.ended_at))
        if alarm.failure_point is not point:
            seen[begin:end, counts.within(alarm.scope)] = False
        elif alarm.open:
            seen[:begin] = False
            seen[begin:, counts.within(alarm.scope)] = False
            first = max(first, begin + SPILL)
        else:
            seen[begin:end] = False
            first = max(first, end)
    return seen, first


def evidence_of(counts: Counts, alarm: Alarm, others: Sequence[Alarm], begin: int) -> float:
    """How strongly the counts since a minute speak for the alarm as it is worded."""
    seen, _ = what_bears_on(counts, others, alarm.failure_point)
    inside = counts.within(alarm.scope)
    at = WATCHED.index(alarm.failure_point)
    turns = (counts.turns * seen)[:, inside].sum(1, keepdims=True)
    failures = (counts.failures[:, :, at] * seen)[:, inside].sum(1, keepdims=True)
    past = past_of(turns, failures, turns, failures, USUAL_TRUST)
    evidence = evidence_of_break(
        turns[begin:].sum(0),
        failures[begin:].sum(0),
        past.failed[begin],
        past.went_well[begin],
        dispersion(turns, failures, past),
    )
    return float(evidence[0])

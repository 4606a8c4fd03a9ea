"""When a component broke: from counts per minute to alarms that name it, where and since when.

Everything is computed anew from the counts as they are now and from the alarms that are known, so late turns, revised
attributions and a restart lead to the same answer. See `incident_evidence` for the test and its false alarms.

One break, one alarm. What a broken group counts says nothing of other components there, and while a component's alarm
is open, the past that the rest of it is compared with begins with the break: what spills over (a misunderstood request
ends up in another domain) is no second break.
"""

from collections.abc import Sequence
from datetime import timedelta
from math import log
from typing import Final

import numpy as np

from processors.incident_counts import WATCHED, Counts, Floats
from processors.incident_evidence import evidence_of_return, over_all_starts, since_each
from processors.incident_search import CLEARER, Break, evidence_of, loudest
from processors.incident_words import in_words
from schemas.alarm import Alarm
from schemas.contract import derived_id

TEST: Final = "incident/1"

SILENCE: Final = 15
"""An alarm ends when its scope has had no turn for so many minutes while others had."""

YOUNG: Final = 10
"""Minutes after which an alarm keeps its words."""

_RETURN_BUDGET: Final = log(24 * 60)
"""A break that goes on is held to be over at most once a day."""

_RETURN_SPREAD: Final = 2.0


def judge(counts: Counts, known: Sequence[Alarm], false_alarm_every: timedelta) -> list[Alarm]:
    """The alarms that have to be told now: those that are over, as their next revision, and new ones.

    `known`: every alarm of the time that `counts` cover, each in its last revision. `false_alarm_every`: the mean time
    between false alarms is at least this.
    """
    budget = log(max(1.0, false_alarm_every / timedelta(minutes=1)))
    told = [
        changed
        for alarm in known
        if alarm.open and (changed := _over(counts, alarm) or _put_right(counts, alarm, known)) is not None
    ]
    alarms = [*{alarm.event_id: alarm for alarm in (*known, *told)}.values()]
    while (found := loudest(counts, alarms)) is not None and found.score >= budget:
        alarm = _raised(counts, found)
        if any(alarm.event_id == one.event_id for one in alarms):
            break  # it was raised and is over: late turns do not open it again
        alarms.append(alarm)
        told.append(alarm)
    return told


def _put_right(counts: Counts, alarm: Alarm, known: Sequence[Alarm]) -> Alarm | None:
    """The next revision of an alarm that is young, when other words fit far better now that more is known."""
    if counts.minutes - counts.minute_of(alarm.raised_at) > YOUNG:
        return None
    others = [one for one in known if one.event_id != alarm.event_id]
    found = loudest(counts, others)
    if found is None or (found.point, found.scope) == (alarm.failure_point, alarm.scope):
        return None
    begin = counts.minute_of(alarm.occurred_at)
    if not (counts.within(found.scope) & counts.within(alarm.scope)).any() or abs(found.minute - begin) > YOUNG:
        return None
    if found.evidence < evidence_of(counts, alarm, others, found.minute) + CLEARER:
        return None
    return alarm.model_copy(
        update={
            "failure_point": found.point,
            "scope": found.scope,
            "expected": found.expected,
            "observed": found.observed,
            "turns": found.turns,
            "evidence": found.evidence,
            "summary": in_words(found.point, found.scope, alarm.occurred_at, None),
            "revision": alarm.revision + 1,
        }
    )


def _raised(counts: Counts, found: Break) -> Alarm:
    since = counts.time_of(found.minute)
    scope = found.scope.model_dump_json(exclude_none=True)
    return Alarm(
        event_id=derived_id(TEST, found.point, scope, since.isoformat()),
        occurred_at=since,
        failure_point=found.point,
        scope=found.scope,
        raised_at=counts.time_of(counts.minutes),
        expected=found.expected,
        observed=found.observed,
        turns=found.turns,
        evidence=found.evidence,
        test=TEST,
        summary=in_words(found.point, found.scope, since, None),
    )


def _over(counts: Counts, alarm: Alarm) -> Alarm | None:
    """The alarm's last revision, when its rate is back or nobody is in its scope any more."""
    inside = counts.within(alarm.scope)
    begin = max(0, counts.minute_of(alarm.occurred_at))
    if begin >= counts.minutes - 1:
        return None
    turns = counts.turns[begin:, inside].sum(1)
    failures = counts.failures[begin:, inside, WATCHED.index(alarm.failure_point)].sum(1)
    minute = _back_at(turns, failures, alarm)
    if minute is None:
        return None
    ended_at = counts.time_of(begin + minute)
    return alarm.model_copy(
        update={
            "ended_at": ended_at,
            "observed": float(failures[:minute].sum() / max(turns[:minute].sum(), 1.0)),
            "turns": round(turns[:minute].sum()),
            "summary": in_words(alarm.failure_point, alarm.scope, alarm.occurred_at, ended_at),
            "revision": alarm.revision + 1,
        }
    )


def _back_at(turns: Floats, failures: Floats, alarm: Alarm) -> int | None:
    """The minute after the beginning from which on the rate is back; None while it is not."""
    busy = np.flatnonzero(turns)
    last = int(busy[-1]) if len(busy) else 0
    if len(turns) - 1 - last >= SILENCE:
        return last + 1
    evidence = evidence_of_return(
        since_each(turns, 1), since_each(failures, 1), alarm.expected, alarm.observed, _RETURN_SPREAD
    )
    if over_all_starts(evidence) < _RETURN_BUDGET:
        return None
    return 1 + int(np.argmax(evidence))

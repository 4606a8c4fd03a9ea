"""How soon the watch over components tells of a break, how right it is, and how often it tells of none.

A break is planted into a simulated fleet; the watch looks at what is stored every few seconds of stream time. Three
ways to count failures are compared: as a judge who knows would, by the simulated judge's decisions, and by its
probabilities. Beside them stands a raw threshold, as dashboards have it.
"""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Final, NamedTuple

import numpy as np
from scipy.stats import chi2

from infra.settings import Settings
from processors.incident import judge
from processors.incident_counts import MINUTE_S, WATCHED, Counts
from processors.incident_scope import kinds_of
from schemas.alarm import Alarm, AlarmScope
from schemas.failure_point import FailurePoint
from streams.evaluate.alarm_streams import AttributionStream, Judge, certain, decided, simulated_turns
from streams.evaluate.figures import CONFIDENCE, RESAMPLES, Figure, Report
from streams.simulator.incidents import Component, Incident
from streams.simulator.simulation import Simulation

BREAK_MINUTE: Final = 30
WATCHED_MINUTES: Final = 12
LOOK_EVERY_S: Final = 10.0
_USERS_A_RATE: Final = 4_000
_SEED: Final = 20220711
_PLACES: Final = (
    ("music", "speaker"),
    ("navigation", "speaker"),
    ("video", "display"),
    ("smart_home", "speaker"),
    ("timers", "phone"),
)
_POINTS: Final = {
    Component.ASR: FailurePoint.ASR,
    Component.NLU: FailurePoint.NLU,
    Component.ENTITY: FailurePoint.ENTITY,
    Component.DIALOGUE: FailurePoint.RESULT,
}
_SEVERITIES: Final = (0.3, 0.6, 0.9)

Say = Callable[[str], None]


class Told(NamedTuple):
    """What became of one planted break: minutes until the alarm (infinite: none), and which parts of it were right."""

    delay: float
    component: bool
    domain: bool
    minute: bool
    others: int


def evaluate(tell: Say, breaks: int, rate: float, clean_hours: int, seed: int) -> Report:
    """Plant `breaks` breaks, one at a time; then watch `clean_hours` hours without. `rate`: dialogues a second."""
    figures: dict[str, Figure] = {}
    ways = ("truth", "decisions", "probabilities", "threshold")
    told: dict[str, list[Told]] = {way: [] for way in ways}
    for number, incident in enumerate(planted(breaks)):
        minutes = BREAK_MINUTE + WATCHED_MINUTES + 2
        for way, stream in _streams(rate, minutes, seed + number, (incident,)):
            told[way].append(_tried(stream, way, incident))
        tell(f"break {number + 1} of {breaks}: {incident}: {[round(told[way][-1].delay, 1) for way in ways]} min")
    for way in ways:
        figures |= _figures_of(way, told[way])
    false = dict.fromkeys(ways, 0)
    for hour in range(clean_hours):
        for way, stream in _streams(rate, 60, seed + 1_000 + hour, ()):
            false[way] += sum(1 for _ in _alarms(stream, way, 6, 60, 15.0))
        tell(f"clean hour {hour + 1} of {clean_hours}: {false}")
    for way in ways:
        figures[f"{way}_false_a_day"] = _a_day(false[way], clean_hours)
    notes = (
        f"{breaks} planted breaks (asr, nlu, entity, result; severities .3, .6, .9), {rate:g} dialogues a second of "
        "pack home_a, each watched for 12 minutes from half an hour on; times are minutes of stream time.",
        "truth: the true failure points; decisions, probabilities: of a calibrated simulated judge in two passes, "
        f"whose shift is {Judge().early} and then {Judge().late}; threshold: three standard deviations in two minutes.",
        "An alarm that never came counts as 12 minutes; shares are of all breaks, those of what is right of alarms.",
    )
    return Report("alarms", figures, notes)


def planted(count: int) -> Iterator[Incident]:
    """Breaks of every component in turn, of all severities, in several domains and devices."""
    for number in range(count):
        domain, device = _PLACES[number % len(_PLACES)]
        severity = _SEVERITIES[number // len(_POINTS) % len(_SEVERITIES)]
        yield Incident(tuple(_POINTS)[number % len(_POINTS)], BREAK_MINUTE, domain, device, severity)


def _streams(
    rate: float, minutes: int, seed: int, incidents: tuple[Incident, ...]
) -> Iterator[tuple[str, AttributionStream]]:
    simulation = Simulation(
        users=round(_USERS_A_RATE * max(1.0, rate)),
        dialogues=round(rate * MINUTE_S * minutes),
        seed=seed,
        rate=rate,
        incidents=incidents,
    )
    turns = simulated_turns(simulation)
    passes = Judge().judge(turns, seed)
    yield "truth", AttributionStream(turns, certain(turns))
    yield "decisions", AttributionStream(turns, decided(passes))
    yield "probabilities", AttributionStream(turns, passes)
    yield "threshold", AttributionStream(turns, decided(passes))


def _tried(stream: AttributionStream, way: str, incident: Incident) -> Told:
    """The alarms of a stream with one break, until it is told of."""
    begin = BREAK_MINUTE
    others = 0
    for minute, alarm in _alarms(stream, way, begin - 1, begin + WATCHED_MINUTES, LOOK_EVERY_S):
        if minute < begin:
            others += 1
            continue
        since = (alarm.occurred_at.timestamp() - stream.first_s) / MINUTE_S
        return Told(
            minute - begin,
            alarm.failure_point is _POINTS[incident.component],
            alarm.scope.domain == incident.domain,
            abs(since - begin) <= 1,
            others,
        )
    return Told(float("inf"), False, False, False, others)


def _alarms(
    stream: AttributionStream, way: str, first: float, last: float, every_s: float
) -> Iterator[tuple[float, Alarm]]:
    """Alarms as they are raised, with the minute of the stream in which they are."""
    known: dict[str, Alarm] = {}
    moment_s = stream.first_s + first * MINUTE_S
    while moment_s <= min(stream.last_s, stream.first_s + last * MINUTE_S):
        counts = stream.counts_at(moment_s)
        for alarm in threshold(counts, known) if way == "threshold" else judge(counts, [*known.values()], _budget()):
            known[alarm.event_id] = alarm
            if alarm.revision == 0:
                yield (moment_s - stream.first_s) / MINUTE_S, alarm
        moment_s += every_s


def threshold(counts: Counts, known: dict[str, Alarm]) -> list[Alarm]:
    """What a dashboard's threshold says: the last two minutes of a component in a domain on a type of device lie three
    standard deviations above the time before, and hold at least three failures. At most once each ten minutes."""
    if counts.minutes < 8:
        return []
    found = []
    for at, point in enumerate(WATCHED):
        (kind,) = (kind for kind in kinds_of(counts.cells, point) if kind.name == "domain and device")
        turns, failures = counts.turns @ kind.members, counts.failures[:, :, at] @ kind.members
        rate = failures[:-2].sum(0) / np.maximum(turns[:-2].sum(0), 1.0)
        expected, seen = turns[-2:].sum(0) * rate, failures[-2:].sum(0)
        for which in np.flatnonzero((seen > expected + 3 * np.sqrt(expected)) & (seen >= 3)):
            since, block = counts.time_of(counts.minutes - 2), counts.minutes // 10
            scope: AlarmScope = kind.scopes[which]
            if (event_id := f"{point}/{scope.domain}/{scope.device_type}/{block}") not in known:
                found.append(
                    Alarm(
                        event_id=event_id,
                        occurred_at=since,
                        failure_point=point,
                        scope=scope,
                        raised_at=since,
                        expected=float(rate[which]),
                        observed=float(seen[which] / max(turns[-2:, which].sum(), 1.0)),
                        turns=int(turns[-2:, which].sum()),
                        evidence=0.0,
                        test="threshold",
                        summary="above a threshold",
                    )
                )
    return found


def _budget() -> timedelta:
    return Settings().alarm_false_every


def _figures_of(way: str, told: list[Told]) -> dict[str, Figure]:
    delays = np.array([min(one.delay, WATCHED_MINUTES) for one in told])
    raised = [one for one in told if one.delay < float("inf")]
    return {
        f"{way}_minutes_median": _resampled(delays, lambda values: float(np.median(values))),
        f"{way}_minutes_worst": Figure(float(delays.max()), n=len(told)),
        f"{way}_within_two": _resampled(delays, lambda values: float((values <= 2).mean())),
        f"{way}_raised": _resampled(delays, lambda values: float((values < WATCHED_MINUTES).mean())),
        f"{way}_right_component": _share([one.component for one in raised]),
        f"{way}_right_domain": _share([one.domain for one in raised]),
        f"{way}_right_minute": _share([one.minute for one in raised]),
    }


def _share(right: list[bool]) -> Figure:
    if not right:
        return Figure(0.0, n=0)
    return _resampled(np.array(right, dtype=np.float64), lambda values: float(values.mean()))


def _resampled(values: np.ndarray[tuple[int], np.dtype[np.float64]], measure: Callable[..., float]) -> Figure:
    draws = np.random.default_rng(_SEED)
    found = [measure(draws.choice(values, len(values))) for _ in range(RESAMPLES)]
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(found, [tail, 1 - tail])
    return Figure(measure(values), float(low), float(high), len(values))


def _a_day(count: int, hours: int) -> Figure:
    """A rate a day with its exact Poisson interval (Garwood 1936, doi:10.1093/biomet/28.3-4.437)."""
    days, tail = hours / 24, (1 - CONFIDENCE) / 2
    if not hours:
        return Figure(float("nan"), n=0)
    low = float(chi2.ppf(tail, 2 * count)) / 2 if count else 0.0
    return Figure(count / days, low / days, float(chi2.ppf(1 - tail, 2 * count + 2)) / 2 / days, hours)

"""When a component broke: who is named, where, since when; what is no break."""

import random
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import pytest

from processors.incident import SILENCE, judge
from processors.incident_counts import MINUTE_S, WATCHED, Cell, Counts, MinuteRow
from schemas.alarm import Alarm, AlarmScope
from schemas.failure_point import FailurePoint

BEGINS_S = int(datetime(2026, 3, 2, 13, 33, tzinfo=UTC).timestamp())
A_DAY = timedelta(days=1)
CELLS = [
    Cell(domain, device, locale, "asr=4.1 nlu=2.8")
    for domain in ("music", "weather", "timers")
    for device in ("speaker", "display")
    for locale in ("en-US", "en-GB")
]


def minute(
    number: int, cell: Cell, rates: dict[FailurePoint, float], chance: random.Random, turns: int = 20
) -> MinuteRow:
    """A minute of a cell: failures by chance, at `rates`, .02 where none is given."""
    failures = [float(sum(chance.random() < rates.get(point, 0.02) for _ in range(turns))) for point in WATCHED]
    return MinuteRow(BEGINS_S + number * MINUTE_S, cell, float(turns), tuple(failures))


def stretch(
    minutes: Iterable[int],
    broken: AlarmScope | None = None,
    point: FailurePoint = FailurePoint.ASR,
    rate: float = 0.4,
    seed: int = 1,
    cells: list[Cell] = CELLS,
) -> list[MinuteRow]:
    """Minutes of all cells; in the scope `broken` a component fails at `rate`."""
    chance = random.Random(f"{seed}/{list(minutes)}")
    rows = []
    for number in minutes:
        for cell in cells:
            inside = broken is not None and bool(Counts.of([MinuteRow(0, cell, 1.0, (0.0,) * 5)]).within(broken)[0])
            rows.append(minute(number, cell, {point: rate} if inside else {}, chance))
    return rows


MUSIC_ON_SPEAKERS = AlarmScope(domain="music", device_type="speaker")
USUAL = stretch(range(30))


def at(number: int) -> datetime:
    return datetime.fromtimestamp(BEGINS_S + number * MINUTE_S, UTC)


def only(alarms: list[Alarm]) -> Alarm:
    (one,) = alarms
    return one


def test_a_break_is_named_with_its_component_place_and_minute_within_two_minutes() -> None:
    raised = only(judge(Counts.of([*USUAL, *stretch(range(30, 32), MUSIC_ON_SPEAKERS)]), [], A_DAY))
    assert (raised.failure_point, raised.scope, raised.occurred_at) == (FailurePoint.ASR, MUSIC_ON_SPEAKERS, at(30))
    assert raised.summary == "ASR broke in music on speakers since 14:03 UTC"
    assert raised.raised_at == at(32)
    assert raised.expected == pytest.approx(0.02, abs=0.01)
    assert raised.observed == pytest.approx(0.4, abs=0.1)
    assert raised.open


@pytest.mark.parametrize(
    "scope",
    [
        AlarmScope(),
        AlarmScope(domain="weather"),
        AlarmScope(device_type="display"),
        AlarmScope(domain="music", device_type="display", locale="en-GB"),
    ],
    ids=str,
)
@pytest.mark.parametrize("point", [FailurePoint.NLU, FailurePoint.RESULT])
def test_the_place_is_as_wide_as_the_break(scope: AlarmScope, point: FailurePoint) -> None:
    raised = only(judge(Counts.of([*USUAL, *stretch(range(30, 33), scope, point)]), [], A_DAY))
    assert (raised.failure_point, raised.scope) == (point, scope)


def test_a_version_that_comes_with_the_break_is_named() -> None:
    newer = [
        cell._replace(component_version="asr=4.2 nlu=2.8") if cell.device_type == "speaker" else cell for cell in CELLS
    ]
    scope = AlarmScope(domain="music", component="asr", version="4.2")
    raised = only(judge(Counts.of([*USUAL, *stretch(range(30, 33), scope, cells=newer)]), [], A_DAY))
    assert (raised.scope.domain, raised.scope.component, raised.scope.version) == ("music", "asr", "4.2")
    assert raised.summary.startswith("ASR 4.2 broke in music")


@pytest.mark.parametrize("seed", range(4))
def test_chance_alone_raises_nothing(seed: int) -> None:
    for end in range(10, 90, 8):
        assert judge(Counts.of(stretch(range(end), seed=seed)), [], A_DAY) == []


def test_without_a_past_nothing_is_a_break() -> None:
    assert judge(Counts.of(stretch(range(4), AlarmScope())), [], A_DAY) == []
    assert judge(Counts.of([]), [], A_DAY) == []


def test_a_rate_that_was_always_high_is_no_break() -> None:
    assert judge(Counts.of(stretch(range(40), MUSIC_ON_SPEAKERS)), [], A_DAY) == []


def test_one_person_who_fails_three_times_is_no_break() -> None:
    rare = Cell("calls", "car", "en-AU", "asr=4.1 nlu=2.8")
    failed = MinuteRow(BEGINS_S + 30 * MINUTE_S, rare, 3.0, (0.0, 0.0, 3.0, 0.0, 0.0))
    seen = [MinuteRow(BEGINS_S + number * MINUTE_S, rare, 1.0, (0.0,) * 5) for number in range(0, 30, 3)]
    assert judge(Counts.of([*USUAL, *seen, *stretch(range(30, 31)), failed]), [], A_DAY) == []


def test_what_is_known_is_not_raised_again() -> None:
    rows = [*USUAL, *stretch(range(30, 33), MUSIC_ON_SPEAKERS)]
    raised = only(judge(Counts.of(rows), [], A_DAY))
    for end in range(33, 45):
        rows += stretch(range(end, end + 1), MUSIC_ON_SPEAKERS)
        assert judge(Counts.of(rows), [raised], A_DAY) == []


def test_the_same_counts_lead_to_the_same_alarm_in_any_order_and_in_parts() -> None:
    rows = [*USUAL, *stretch(range(30, 32), MUSIC_ON_SPEAKERS)]
    shuffled = random.Random(3).sample(rows, len(rows))
    halves = [row._replace(turns=row.turns / 2, failures=tuple(x / 2 for x in row.failures)) for row in rows]
    first = only(judge(Counts.of(rows), [], A_DAY))
    assert only(judge(Counts.of(shuffled), [], A_DAY)).event_id == first.event_id
    assert only(judge(Counts.of([*halves, *halves]), [], A_DAY)).event_id == first.event_id


def test_an_alarm_ends_when_the_rate_is_back() -> None:
    rows = [*USUAL, *stretch(range(30, 40), MUSIC_ON_SPEAKERS)]
    raised = only(judge(Counts.of(rows), [], A_DAY))
    over = only(judge(Counts.of([*rows, *stretch(range(40, 46))]), [raised], A_DAY))
    assert (over.event_id, over.revision, over.ended_at) == (raised.event_id, 1, at(40))
    assert over.summary == "ASR was broken in music on speakers from 14:03 to 14:13 UTC"
    assert judge(Counts.of([*rows, *stretch(range(40, 50))]), [over], A_DAY) == []


def test_an_alarm_ends_when_nobody_is_there_any_more() -> None:
    rows = [*USUAL, *stretch(range(30, 33), MUSIC_ON_SPEAKERS)]
    raised = only(judge(Counts.of(rows), [], A_DAY))
    others = [cell for cell in CELLS if cell.device_type != "speaker"]
    assert judge(Counts.of([*rows, *stretch(range(33, 40), cells=others)]), [raised], A_DAY) == []
    over = only(judge(Counts.of([*rows, *stretch(range(33, 34 + SILENCE), cells=others)]), [raised], A_DAY))
    assert over.ended_at == at(33)


def test_a_second_break_elsewhere_is_a_second_alarm() -> None:
    rows = [*USUAL, *stretch(range(30, 33), MUSIC_ON_SPEAKERS)]
    first = only(judge(Counts.of(rows), [], A_DAY))
    rows += stretch(range(33, 50), MUSIC_ON_SPEAKERS)
    weather = AlarmScope(domain="weather")
    now = [
        row._replace(failures=other.failures) if row.cell.domain == "weather" else row
        for row, other in zip(
            stretch(range(50, 53), MUSIC_ON_SPEAKERS),
            stretch(range(50, 53), weather, FailurePoint.NLU),
            strict=True,
        )
    ]
    second = only(judge(Counts.of([*rows, *now]), [first], A_DAY))
    assert (second.failure_point, second.scope) == (FailurePoint.NLU, weather)


def test_confusions_of_the_judge_within_a_break_are_no_second_break() -> None:
    chance = random.Random(5)
    rows = list(USUAL)
    both = {FailurePoint.ASR: 0.5, FailurePoint.NLU: 0.2}
    for number in range(30, 40):
        for cell in CELLS:
            inside = (cell.domain, cell.device_type) == ("music", "speaker")
            rows.append(minute(number, cell, both if inside else {}, chance))
    raised = only(judge(Counts.of(rows), [], A_DAY))
    assert raised.failure_point is FailurePoint.ASR
    assert judge(Counts.of(rows), [raised], A_DAY) == []


def test_after_the_end_another_break_is_another_alarm() -> None:
    rows = [*USUAL, *stretch(range(30, 40), MUSIC_ON_SPEAKERS)]
    first = only(judge(Counts.of(rows), [], A_DAY))
    rows += stretch(range(40, 60))
    over = only(judge(Counts.of(rows), [first], A_DAY))
    rows += stretch(range(60, 63), MUSIC_ON_SPEAKERS)
    again = only(judge(Counts.of(rows), [over], A_DAY))
    assert (again.scope, again.occurred_at) == (MUSIC_ON_SPEAKERS, at(60))
    assert again.event_id != over.event_id


def test_an_alarm_that_is_over_is_not_raised_again_by_late_turns() -> None:
    rows = [*USUAL, *stretch(range(30, 40), MUSIC_ON_SPEAKERS), *stretch(range(40, 50))]
    raised = only(judge(Counts.of(rows[: 40 * len(CELLS)]), [], A_DAY))
    over = only(judge(Counts.of(rows), [raised], A_DAY))
    late = stretch(range(35, 36), MUSIC_ON_SPEAKERS, seed=2)
    assert judge(Counts.of([*rows, *late]), [over], A_DAY) == []


def test_a_longer_time_between_false_alarms_asks_for_more_evidence() -> None:
    counts = Counts.of([*USUAL, *stretch(range(30, 31), MUSIC_ON_SPEAKERS, rate=0.3)])
    assert judge(counts, [], timedelta(minutes=10))
    assert judge(counts, [], timedelta(days=10_000_000)) == []


def test_turns_of_a_clock_that_runs_ahead_do_not_end_anything() -> None:
    ahead = MinuteRow(BEGINS_S + 90 * MINUTE_S, CELLS[0], 1.0, (0.0,) * 5)
    counts = Counts.of([*USUAL, ahead]).without_stray_minutes()
    assert counts.minutes == 30
    assert Counts.of([]).without_stray_minutes().minutes == 0

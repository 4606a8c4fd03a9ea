"""Dialogues that hypothesis makes up: turns that interrupt, repeat and rephrase, playbacks, answers, silences."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from schemas.turn import (
    Answer,
    Asr,
    DeviceEvent,
    ExplicitFeedback,
    Nlu,
    Playback,
    PlaybackState,
    Response,
    ResponseStatus,
    Span,
    StoppedBy,
    Turn,
)
from tests.made_events import by_time, device
from tests.streams_in_memory import Arrival

START = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)

REQUESTS = (
    "play some jazz",
    "play some jazz please",
    "no i said play some jazz",
    "stop",
    "what is the weather in berlin",
    "is it going to rain in berlin",
    "",
)
DOMAINS = ("music", "weather", "timer")
SHORT_PAUSES_S = (0.0, 0.7, 2.5, 8.0, 30.0, 44.0)
LONG_PAUSE_S = 260.0
"""Longer than any gap, lateness and delay together: what comes after it is another dialogue in any order of arrival."""
ANY_PAUSES_S = (*SHORT_PAUSES_S, 45.0, 46.0, 70.0, 104.0, 105.0, 106.0, LONG_PAUSE_S)


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happens in a dialogue, so many seconds after the last."""

    pause_s: float
    kind: str
    flavour: int
    about: int


def steps(pauses: Sequence[float]) -> st.SearchStrategy[Step]:
    return st.builds(
        Step,
        st.sampled_from(pauses),
        st.sampled_from(("turn", "turn", "turn", "playback", "answer")),
        st.integers(0, 500),
        st.integers(0, 3),
    )


@st.composite
def events(draw: st.DrawFn, pauses: Sequence[float] = ANY_PAUSES_S) -> list[DeviceEvent]:
    """Events of one to four dialogues of two users, in event-time order."""
    made: list[DeviceEvent] = []
    for number in range(draw(st.integers(1, 4))):
        begins_s = draw(st.sampled_from((0.0, 1.0, 20.0, 50.0, 120.0)))
        made += _dialogue(number, begins_s, draw(st.lists(steps(pauses), min_size=1, max_size=9)))
    return by_time(made)


def _dialogue(number: int, begins_s: float, taken: Sequence[Step]) -> list[DeviceEvent]:
    clock = begins_s
    turns = 0
    made: list[DeviceEvent] = []
    for place, step in enumerate(taken):
        clock += step.pause_s
        about = max(0, turns - 1 - step.about) if turns else 0
        shared = {
            "event_id": f"e{number}-{place}",
            "occurred_at": START + timedelta(seconds=clock),
            "dialogue_id": f"d{number}",
            "user_id": f"u{number % 2}",
            "device": device(number % 2),
        }
        if step.kind == "turn":
            made.append(_turn(shared, f"t{number}-{turns}", clock, step.flavour))
            turns += 1
        elif step.kind == "playback":
            made.append(
                Playback(
                    **shared,
                    turn_id=f"t{number}-{about}",
                    state=(PlaybackState.STOPPED, PlaybackState.FINISHED, PlaybackState.STARTED)[step.flavour % 3],
                    position_ms=(1_000, 40_000, None)[step.flavour // 3 % 3],
                    stopped_by=(StoppedBy.BUTTON, StoppedBy.VOICE, None)[step.flavour // 9 % 3],
                    domain=(None, *DOMAINS)[step.flavour // 27 % 4],
                )
            )
        else:
            made.append(
                ExplicitFeedback(
                    **shared,
                    turn_id=f"t{number}-{about}",
                    answer=(Answer.YES, Answer.NO, Answer.UNCLEAR)[step.flavour % 3],
                    rating=(None, 1, 5)[step.flavour // 3 % 3],
                )
            )
    return made


def _turn(shared: dict[str, object], turn_id: str, clock: float, flavour: int) -> Turn:
    def at(seconds: float) -> datetime:
        return START + timedelta(seconds=clock + seconds)

    request = REQUESTS[flavour % 7]
    status = (ResponseStatus.ANSWERED, ResponseStatus.NOT_UNDERSTOOD, ResponseStatus.ASKED)[flavour // 7 % 3]
    length_s = (1.0, 12.0)[flavour // 21 % 2]
    nlu = None if flavour // 42 % 4 == 3 else Nlu(domain=DOMAINS[flavour // 42 % 3], intent="any")
    return Turn(
        **shared,
        turn_id=turn_id,
        asr=Asr(text=request) if request else None,
        speech=Span(started_at=at(0), ended_at=at(0.5)),
        nlu=nlu,
        response=Response(
            text="as you wish", status=status, span=Span(started_at=at(0.6), ended_at=at(0.6 + length_s))
        ),
    )


def arrival(event: DeviceEvent, delay_s: float = 0.05) -> Arrival:
    """The event as the broker appends it, so long after it happened."""
    appended = event.occurred_at + timedelta(seconds=delay_s)
    return Arrival(round(appended.timestamp() * 1000), event.user_id.encode(), event.to_bytes())


def in_order(made: Sequence[DeviceEvent]) -> list[Arrival]:
    return [arrival(event) for event in made]


@st.composite
def shuffled(draw: st.DrawFn, made: Sequence[DeviceEvent], most_late_s: float) -> list[Arrival]:
    """Each event late by less than `most_late_s`, some of them twice."""
    late = st.floats(0.0, most_late_s * 0.99, allow_nan=False)
    arrivals = [arrival(event, draw(late)) for event in made]
    if made:
        again = draw(st.lists(st.integers(0, len(made) - 1), max_size=4))
        arrivals += [arrival(made[place], draw(late)) for place in again]
    return sorted(arrivals, key=lambda one: (one.appended_ms, one.value or b""))


BAD_RECORDS = (
    (b"u0", b"{"),
    (None, b"{}"),
    (b"u1", None),
    (b"u1", b"\xff\xfe"),
)


@st.composite
def logs(draw: st.DrawFn) -> list[Arrival]:
    """Any log: events out of order by minutes, some twice, records that are no events."""
    arrivals = in_order(draw(events()))
    if draw(st.booleans()):
        arrivals = draw(st.permutations(arrivals))
    for place in draw(st.lists(st.integers(0, len(arrivals) - 1), max_size=3)):
        arrivals.insert(place, arrivals[place])
    for key, value in draw(st.lists(st.sampled_from(BAD_RECORDS), max_size=3)):
        arrivals.insert(draw(st.integers(0, len(arrivals))), Arrival(0, key, value))
    clock = 0
    stamped: list[Arrival] = []
    for one in arrivals:
        clock = max(clock, one.appended_ms)
        stamped.append(one._replace(appended_ms=clock))
    return stamped

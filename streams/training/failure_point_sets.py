"""Turns of simulated people whose failure points are known, made into cases as the stream makes them."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from processors.exchange import Exchange
from processors.failure_case import FailureCase, case_of
from processors.signals import signals_of
from processors.trace import Trace
from schemas.failure_point import FailurePoint
from schemas.feedback import FeedbackEvent
from schemas.turn import TURN_EVENT, ExplicitFeedback, Playback, Turn, TurnEvent
from streams.recording import Record
from streams.recording_reader import RecordingReader
from streams.simulator.simulate import simulate
from streams.simulator.simulation import Simulation
from streams.simulator.truth import LostTruth, TurnTruth, parse_truth, read_truth, truth_path


@dataclass(frozen=True, slots=True)
class Example:
    """A turn as judged when its answer ends (`first`) and when its dialogue has closed (`last`), with its truth."""

    first: FailureCase
    last: FailureCase
    truth: FailurePoint
    user_id: str


def simulated_examples(simulation: Simulation) -> list[Example]:
    """Those of a simulation."""
    lines: list[bytes] = []
    events = [TURN_EVENT.validate_json(sent.value) for sent in simulate(simulation, on_truth=lines.append)]
    return list(examples_of(events, map(parse_truth, lines)))


def recorded_examples(recording: Path) -> list[Example]:
    """Those of a recording with its truth beside it. Raises `RecordingError` and `TruthError`."""
    with RecordingReader(recording) as reader:
        values = [line.value for line in reader if isinstance(line, Record) and line.value is not None]
    return list(examples_of(map(TURN_EVENT.validate_json, values), read_truth(truth_path(recording))))


def examples_of(events: Iterable[TurnEvent], truths: Iterable[TurnTruth | LostTruth]) -> Iterator[Example]:
    """Every turn whose truth is known, dialogue by dialogue."""
    told = {truth.turn_id: truth for truth in truths if isinstance(truth, TurnTruth)}
    for exchanges in dialogues_of(events):
        about = signals_about(exchanges)
        for at, exchange in enumerate(exchanges):
            truth = told.get(exchange.turn_id)
            if truth is not None:
                signals = about[exchange.turn_id]
                yield Example(
                    case_of(exchanges, at, signals, closed=False),
                    case_of(exchanges, at, signals, closed=True),
                    truth.failure_point,
                    exchange.user_id,
                )


def dialogues_of(events: Iterable[TurnEvent]) -> list[list[Exchange]]:
    """Turns with their traces and with what was reported of them, by dialogue, in event-time order.

    What was sent twice counts once, and reports on turns that are unknown are left out.
    """
    turns: dict[str, Exchange] = {}
    reports: dict[str, Playback | ExplicitFeedback] = {}
    for event in events:
        if isinstance(event, Turn):
            if event.turn_id not in turns:
                exchange = turns[event.turn_id] = Exchange.of(event)
                exchange.trace = Trace.of(event)
        else:
            reports[event.event_id] = event
    for report in sorted(reports.values(), key=lambda one: (one.occurred_at, one.event_id)):
        about = turns.get(report.turn_id)
        if about is not None and isinstance(report, Playback):
            about.playbacks = (*about.playbacks, report)
        elif about is not None and isinstance(report, ExplicitFeedback):
            about.answers = (*about.answers, report)
    dialogues: dict[str, list[Exchange]] = defaultdict(list)
    for exchange in turns.values():
        dialogues[exchange.dialogue_id].append(exchange)
    return [sorted(one, key=lambda exchange: (exchange.at, exchange.event_id)) for one in dialogues.values()]


def signals_about(exchanges: Sequence[Exchange]) -> dict[str, list[FeedbackEvent]]:
    """What a whole dialogue shows, by the turn that it is about."""
    about: dict[str, list[FeedbackEvent]] = defaultdict(list)
    for at in range(len(exchanges)):
        for signal in signals_of(exchanges, at, 0):
            about[signal.turn_id].append(signal)
    return about

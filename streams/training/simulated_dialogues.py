"""Turns of simulated people with what is true of them, from a simulation or from a recording."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from schemas.turn import TURN_EVENT, Turn
from streams.recording import Record
from streams.recording_reader import RecordingReader
from streams.simulator.simulate import simulate
from streams.simulator.simulate_sinks import as_record
from streams.simulator.simulation import Simulation
from streams.simulator.truth import LostTruth, TurnTruth, parse_truth, read_truth, truth_path


@dataclass(frozen=True, slots=True)
class Heard:
    """A turn as it was sent, and what is true of it."""

    turn: Turn
    truth: TurnTruth


def simulated(pack: str, users: int, dialogues: int, seed: int) -> list[Heard]:
    """The turns of a simulation of one pack, in the order in which they were sent; some are sent twice."""
    lines: list[bytes] = []
    simulation = Simulation(pack=pack, users=users, dialogues=dialogues, seed=seed, rate=2.0)
    records = [as_record(one) for one in simulate(simulation, on_truth=lines.append)]
    return list(_heard(records, map(parse_truth, lines)))


def recorded(recording: Path) -> list[Heard]:
    """Those of a recording with its truth beside it. Raises `RecordingError` and `TruthError`."""
    with RecordingReader(recording) as reader:
        records = [line for line in reader if isinstance(line, Record)]
    return list(_heard(records, read_truth(truth_path(recording))))


def by_dialogue(heard: Iterable[Heard]) -> Iterator[list[Heard]]:
    """Dialogue by dialogue, each turn once, in event-time order."""
    dialogues: dict[str, dict[str, Heard]] = defaultdict(dict)
    for one in heard:
        dialogues[one.turn.dialogue_id][one.turn.turn_id] = one
    for turns in dialogues.values():
        yield sorted(turns.values(), key=lambda one: (one.turn.occurred_at, one.turn.turn_id))


def _heard(records: Iterable[Record], truths: Iterable[TurnTruth | LostTruth]) -> Iterator[Heard]:
    told = {truth.turn_id: truth for truth in truths if isinstance(truth, TurnTruth)}
    for record in records:
        event = TURN_EVENT.validate_json(record.value) if record.value is not None else None
        if isinstance(event, Turn) and event.turn_id in told:
            yield Heard(event, told[event.turn_id])

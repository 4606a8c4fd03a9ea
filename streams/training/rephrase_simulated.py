"""Examples from simulated people, whose reasons for saying something again are known."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from models.rephrase.candidate import Candidate, Label
from schemas.turn import TURN_EVENT, Turn
from streams.recording import Record
from streams.recording_reader import RecordingReader
from streams.simulator.simulate import simulate
from streams.simulator.simulate_sinks import as_record
from streams.simulator.simulation import Simulation
from streams.simulator.truth import LostTruth, TurnTruth, parse_truth, read_truth, truth_path
from streams.training.rephrase_examples import Example

WINDOW_S: Final = 45.0
WINDOW_TURNS: Final = 3
EARLIER: Final = 3
_FEWEST_USERS: Final = 2_500


@dataclass(frozen=True, slots=True)
class Heard:
    """A turn as it was sent, and what is true of it."""

    turn: Turn
    truth: TurnTruth


def simulated_dialogues(pack: str, dialogues: int, seed: int) -> list[list[Heard]]:
    """The turns of a simulation of one pack, dialogue by dialogue."""
    lines: list[bytes] = []
    simulation = Simulation(
        pack=pack, users=max(4 * dialogues, _FEWEST_USERS), dialogues=dialogues, seed=seed, rate=2.0
    )
    records = [as_record(one) for one in simulate(simulation, on_truth=lines.append)]
    return heard_dialogues(records, map(parse_truth, lines))


def recorded_dialogues(recording: Path) -> list[list[Heard]]:
    """Those of a recording with its truth beside it. Raises `RecordingError` and `TruthError`."""
    with RecordingReader(recording) as reader:
        records = [line for line in reader if isinstance(line, Record)]
    return heard_dialogues(records, read_truth(truth_path(recording)))


def heard_dialogues(records: Iterable[Record], truths: Iterable[TurnTruth | LostTruth]) -> list[list[Heard]]:
    """Turns in which something was said, in the order in which people began to speak."""
    told = {truth.turn_id: truth for truth in truths if isinstance(truth, TurnTruth)}
    dialogues: dict[str, dict[str, Heard]] = defaultdict(dict)
    for record in records:
        if record.value is None:
            continue
        event = TURN_EVENT.validate_json(record.value)
        truth = told.get(event.turn_id)
        if isinstance(event, Turn) and truth is not None and event.request:
            dialogues[event.dialogue_id][event.turn_id] = Heard(event, truth)
    return [sorted(heard.values(), key=lambda one: _began(one.turn)) for heard in dialogues.values()]


def candidates_of(heard: Sequence[Heard], at: int) -> Iterator[tuple[Heard, Candidate]]:
    """The requests in the window of the one at this place, nearest first, each with the pair that they make."""
    later = heard[at]
    texts = [one.turn.request for one in heard]
    for distance in range(1, min(WINDOW_TURNS, at) + 1):
        earlier = heard[at - distance]
        gap_s = (_began(later.turn) - _ended(earlier.turn)).total_seconds()
        if gap_s > WINDOW_S:
            break
        response, asr = earlier.turn.response, earlier.turn.asr
        yield (
            earlier,
            Candidate(
                first=earlier.turn.request,
                second=later.turn.request,
                response=response.text if response else None,
                status=response.status.value if response else None,
                gap_s=gap_s,
                distance=distance,
                n_best=tuple(one.text for one in asr.n_best if one.text != asr.text) if asr else (),
                confidence=asr.confidence if asr else None,
                earlier=tuple(texts[max(at - distance - EARLIER, 0) : at - distance]),
                later=tuple(texts[at + 1 : at + 2]),
            ),
        )


def examples_of(dialogues: Iterable[Sequence[Heard]], source: str) -> Iterator[Example]:
    """Every request with each earlier one in its window; `group` is the user."""
    for heard in dialogues:
        for at, later in enumerate(heard):
            for earlier, candidate in candidates_of(heard, at):
                yield Example(candidate, _label(earlier, later), source, later.truth.user_id)


def _label(earlier: Heard, later: Heard) -> Label:
    retry = later.truth.retry
    return Label(retry.kind) if retry is not None and retry.turn_id == earlier.turn.turn_id else Label.NONE


def _began(turn: Turn) -> datetime:
    return turn.speech.started_at if turn.speech is not None else turn.occurred_at


def _ended(turn: Turn) -> datetime:
    if turn.response is not None and turn.response.span is not None:
        return turn.response.span.ended_at
    return turn.speech.ended_at if turn.speech is not None else turn.occurred_at
